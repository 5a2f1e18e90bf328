from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError
from bot.schedule import crontab
from bot.schedule.occurrences import next_occurrence, occurrences
from bot.schedule.rules import Cron

MONDAY, SUNDAY = "2026-11-23", "2026-11-29"
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def firings(expression: str, after: str, until: str) -> list[str]:
    return [f"{o.at:%Y-%m-%dT%H:%M}" for o in occurrences(Cron(expression), at(after), at(until))]


def in_a_week(expression: str) -> list[str]:
    return [moment[:10] for moment in firings(expression, f"{MONDAY}T00:00", f"{SUNDAY}T23:59")]


@pytest.mark.parametrize("field", ["1", "mon", "MON", "1-1", "mon-mon"])
def test_one_is_monday_as_in_cron_not_tuesday_as_in_the_scheduler(field: str) -> None:
    assert in_a_week(f"0 7 * * {field}") == [MONDAY]


@pytest.mark.parametrize("field", ["0", "7", "sun", "0,7"])
def test_nought_and_seven_are_sunday(field: str) -> None:
    assert in_a_week(f"0 7 * * {field}") == [SUNDAY]


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("5-7", "fri sat sun"),
        ("0-2", "mon tue sun"),
        ("sat-mon", "mon sat sun"),
        ("*/2", "tue thu sat sun"),
        ("1-5/2", "mon wed fri"),
        ("1/2", "mon wed fri"),
        ("1,3-4", "mon wed thu"),
        ("0-7", "mon tue wed thu fri sat sun"),
    ],
)
def test_weekday_ranges_and_steps(field: str, names: str) -> None:
    found = [DAY_NAMES[at(day).isoweekday() % 7] for day in in_a_week(f"0 7 * * {field}")]
    assert found == names.split()


def test_lists_and_steps_of_minutes_on_one_day_of_a_year() -> None:
    assert firings("*/30 8,9 24 11 *", "2026-01-01T00:00", "2026-12-31T00:00") == [
        "2026-11-24T08:00",
        "2026-11-24T08:30",
        "2026-11-24T09:00",
        "2026-11-24T09:30",
    ]


def test_the_span_excludes_its_beginning_and_includes_its_end() -> None:
    assert firings("0 9 * * *", "2026-11-24T09:00", "2026-11-25T09:00") == ["2026-11-25T09:00"]
    assert firings("0 9 * * *", "2026-11-24T08:59:59.999999", "2026-11-24T09:00") == ["2026-11-24T09:00"]
    assert firings("0 9 * * *", "2026-11-24T09:00", "2026-11-24T09:00") == []


def test_a_leap_day_is_found_years_ahead() -> None:
    coming = next_occurrence(Cron("0 9 29 2 *"), at("2026-11-24T00:00"))
    assert coming is not None
    assert (coming.at, coming.key) == (at("2028-02-29T09:00"), "2028-02-29T09:00")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", "5つを空白で区切って"),
        ("0 7 * *", "5つを空白で区切って"),
        ("0 7 * * * *", "5つを空白で区切って"),
        ("60 7 * * *", "分(0〜59)の欄「60」"),
        ("朝 7 * * *", "分(0〜59)の欄「朝」"),
        ("0 24 * * *", "時(0〜23)の欄「24」"),
        ("0 7 0 * *", "日(1〜31)の欄「0」"),
        ("0 7 1 13 *", "月(1〜12)の欄「13」"),
        ("0 7 * * 8", "曜日「8」"),
        ("0 7 * * foo", "曜日「foo」"),
        ("0 7 * * */0", "曜日「*/0」"),
        ("0 7 * * 1,", "曜日「1,」"),
        ("0 7 1 * 1", "どちらかを *"),
        ("0 7 30 2 *", "暦にありません"),
        ("0 7 31 4,6,9,11 *", "暦にありません"),
    ],
)
def test_a_fault_names_the_expression_and_the_field(expression: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as fault:
        crontab.check(expression)
    assert f"cron「{expression}」" in str(fault.value)
    assert told in str(fault.value)


@given(st.text(alphabet="0123456789*/-,? abcdefLmonsu朝０", max_size=24))
@settings(deadline=None)
def test_whatever_is_written_is_read_or_is_one_clear_fault(expression: str) -> None:
    try:
        crontab.check(expression)
    except InvalidInputError as fault:
        assert str(fault).endswith("。")  # noqa: PT017  both outcomes are right; only another error is not


def ranges(ends: tuple[int, int]) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A range as written, with a step no longer than itself, and its numbers."""
    first, last = ends
    if first == last:
        return st.just((f"{first}-{last}", frozenset({first})))
    return st.integers(1, last - first).map(
        lambda step: (f"{first}-{last}/{step}", frozenset(range(first, last + 1, step)))
    )


def parts(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A part of a cron field as written, with the numbers it stands for."""
    number = st.integers(low, high)
    step = st.integers(1, high - low)
    return st.one_of(
        st.just(("*", frozenset(range(low, high + 1)))),
        number.map(lambda n: (str(n), frozenset({n}))),
        step.map(lambda s: (f"*/{s}", frozenset(range(low, high + 1, s)))),
        st.tuples(number, number).map(lambda ends: (min(ends), max(ends))).flatmap(ranges),
    )


def fields(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    return st.lists(parts(low, high), min_size=1, max_size=2).map(
        lambda chosen: (
            ",".join(text for text, _ in chosen),
            frozenset().union(*(numbers for _, numbers in chosen)),
        )
    )


EVERY_DAY = st.just(("*", frozenset(range(32))))


@given(
    fields(0, 59),
    fields(0, 23),
    st.one_of(
        st.tuples(fields(1, 31).filter(lambda days: min(days[1]) <= 28), fields(1, 12), EVERY_DAY),
        st.tuples(EVERY_DAY, fields(1, 12), fields(0, 7)),
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 3, 31)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)
@settings(deadline=None)
def test_the_moments_are_those_of_a_matcher_that_asks_every_minute(
    minutes: tuple[str, frozenset[int]],
    hours: tuple[str, frozenset[int]],
    days: tuple[tuple[str, frozenset[int]], ...],
    start: datetime,
    length: timedelta,
) -> None:
    (day, in_days), (month, in_months), (weekday, in_weekdays) = days
    expected = []
    moment = start.replace(second=0, microsecond=0)
    while moment <= start + length:
        on_weekday = in_weekdays & ({0, 7} if moment.isoweekday() == 7 else {moment.isoweekday()})
        if (
            start < moment
            and moment.minute in minutes[1]
            and moment.hour in hours[1]
            and moment.day in in_days
            and moment.month in in_months
            and on_weekday
        ):
            expected.append(f"{moment:%Y-%m-%dT%H:%M}")
        moment += timedelta(minutes=1)
    rule = Cron(f"{minutes[0]} {hours[0]} {day} {month} {weekday}")
    after = start.replace(tzinfo=TOKYO)
    assert [o.key for o in occurrences(rule, after, after + length)] == expected
