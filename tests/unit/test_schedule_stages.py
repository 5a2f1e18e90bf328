"""Stages in a child's life, by the month of birth alone."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.months import months_before
from bot.schedule.occurrences import occurrences, told_and_open
from bot.schedule.rules import ChildStages
from bot.schedule.stages import Age, Grade, Stage, items, open_stages, parse_bound

HEPATITIS = Stage("hepatitis-b", Age(2), Age(12), {"name": "B型肝炎"})
MEASLES = Stage("mr-2", Grade(-1), Grade(-1), {"name": "MR 2期"})


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2m", Age(2)),
        ("7y6m", Age(90)),
        ("7歳6か月", Age(90)),
        ("3y", Age(36)),
        ("6w", Age(1)),
        ("24w", Age(5)),
        ("年長", Grade(-1)),
        ("-3m", Age(-3)),
        ("妊娠28週", Age(-3)),
        ("妊娠37週", Age(-1)),
        ("小1", Grade(0)),
        ("小6", Grade(5)),
        ("中1", Grade(6)),
        ("高1", Grade(9)),
    ],
)
def test_ages_and_school_years_as_people_write_them(text: str, bound: Age | Grade) -> None:
    assert parse_bound(text) == bound


@pytest.mark.parametrize("text", ["", "m", "2", "小7", "高4", "大1", "2か", "-1y", "-10m", "妊娠", "年"])
def test_what_is_neither_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="2m"):
        parse_bound(text)


def test_the_last_month_is_the_last_whole_one_before_the_day_before_the_birthday() -> None:
    """Born on March 1, 2026, a child is one year old on February 28, 2027 (年齢計算ニ関スル法律)."""
    assert HEPATITIS.first("2026-03") == "2026-05"
    assert HEPATITIS.last("2026-03") == "2027-02"


def test_a_school_year_begins_in_the_april_after_the_sixth_birthday() -> None:
    assert (Grade(0).begins("2019-05"), Grade(0).begins("2020-03")) == ("2026-04", "2026-04")
    assert (MEASLES.first("2020-04"), MEASLES.last("2020-04")) == ("2026-04", "2027-03")
    assert (MEASLES.first("2021-03"), MEASLES.last("2021-03")) == ("2026-04", "2027-03")
    assert MEASLES.first("2021-04") == "2027-04"


def test_one_occurrence_a_month_names_every_child_and_stage() -> None:
    rule = ChildStages((HEPATITIS, MEASLES), 1, time(10))
    after, until = datetime(2027, 2, 1, 12, tzinfo=TOKYO), datetime(2027, 3, 1, 12, tzinfo=TOKYO)
    (found,) = occurrences(rule, after, until)
    assert (found.key, found.at.isoformat()) == ("2027-03", "2027-03-01T10:00:00+09:00")
    told = {(item["birth_month"], item["stage"], item["when"]) for item in found.items}
    assert ("2027-01", "hepatitis-b", "first") in told
    assert ("2026-04", "hepatitis-b", "last") in told
    assert {born for born, stage, when in told if (stage, when) == ("mr-2", "last")} == {
        months_before("2021-03", number) for number in range(12)
    }
    assert len({item["key"] for item in found.items}) == len(found.items)


def test_who_registers_late_is_told_what_is_open_but_not_what_is_still_to_be_told() -> None:
    rule = ChildStages((HEPATITIS,), 1, time(10))

    def told(moment: str) -> list[str]:
        now = datetime.fromisoformat(moment).replace(tzinfo=TOKYO)
        return [stage.key for stage in told_and_open(rule, "2026-03", now)]

    assert told("2026-04-30T12:00") == []
    assert told("2026-05-01T09:59") == []  # the notice of this morning tells it
    assert told("2026-05-01T10:00") == ["hepatitis-b"]
    assert told("2027-02-28T12:00") == ["hepatitis-b"]
    assert told("2027-03-01T12:00") == []


def test_what_is_before_birth_is_told_of_children_who_are_expected() -> None:
    mothers = Stage("rs-mother", Age(-3), Age(-1))
    assert (mothers.first("2027-06"), mothers.last("2027-06")) == ("2027-03", "2027-04")
    assert ("2027-06", "first") in {
        (item["birth_month"], item["when"]) for item in items((mothers,), "2027-03")
    }


def test_who_cannot_begin_any_more_is_not_told_that_it_is_open() -> None:
    rota = Stage("rota", Age(1), Age(5), start_by=parse_bound("15w"))  # type: ignore[arg-type]
    rule = ChildStages((rota,), 1, time(10))
    assert told_and_open(rule, "2026-07", datetime(2026, 10, 25, tzinfo=TOKYO)) == (rota,)
    assert told_and_open(rule, "2026-07", datetime(2026, 11, 25, tzinfo=TOKYO)) == ()


ages = st.builds(Age, st.integers(0, 200))
months = st.builds("{:04d}-{:02d}".format, st.integers(2000, 2030), st.integers(1, 12))
stages = st.tuples(ages, st.integers(1, 30)).map(
    lambda t: Stage("x", t[0], Age(t[0].months + t[1]))
) | st.builds(lambda n, m: Stage("x", Grade(n), Grade(n + m)), st.integers(-3, 9), st.integers(0, 2))


@given(stages, months)
@settings(deadline=None, max_examples=40)
def test_a_child_hears_of_each_opening_and_each_last_month_once(stage: Stage, birth_month: str) -> None:
    span = [months_before(birth_month, -number) for number in range(241)]
    told = [
        (month, item["when"])
        for month in span
        for item in items((stage,), month)
        if item["birth_month"] == birth_month
    ]
    first, last = stage.first(birth_month), stage.last(birth_month)
    expected = [(first, "first")] + ([(last, "last")] if last > first else [])
    assert told == [each for each in expected if each[0] in span]
    assert [m for m in span if open_stages((stage,), birth_month, m)] == [
        m for m in span if first <= m <= last
    ]
