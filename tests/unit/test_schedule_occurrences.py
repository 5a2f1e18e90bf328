from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.months import age_in_months
from bot.schedule.occurrences import next_occurrence, occurrences
from bot.schedule.office import OfficeDays, OnClosed
from bot.schedule.rules import (
    CalendarEntry,
    ChildAge,
    Cron,
    FromDates,
    Monthly,
    Moved,
    Occurrence,
    OnDates,
    Rule,
    Weekly,
)

NINE = time(9)
OFFICE = OfficeDays()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def firings(rule: Rule, after: str, until: str) -> list[str]:
    return [f"{o.at:%Y-%m-%dT%H:%M}" for o in occurrences(rule, at(after), at(until))]


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        ("2026-05-31", "2026-06-01"),
        ("2026-10-31", "2026-11-02"),
        ("2026-12-31", "2027-01-04"),
        ("2027-01-31", "2027-02-01"),
        ("2027-02-28", "2027-03-01"),
        ("2026-06-30", "2026-06-30"),
        ("2026-05-03", "2026-05-07"),  # constitution day on a Sunday, two more holidays and a substitute
    ],
)
def test_a_due_date_moves_to_the_next_open_day(day: str, moved: str) -> None:
    assert OFFICE.forward(date.fromisoformat(day)) == date.fromisoformat(moved)


def test_a_payment_moves_to_the_open_day_before() -> None:
    assert OFFICE.backward(date(2026, 10, 10)) == date(2026, 10, 9)
    assert OFFICE.backward(date(2027, 1, 2)) == date(2026, 12, 28)


def test_the_offices_own_closed_days_count() -> None:
    monday = date(2026, 6, 1)
    closed = OfficeDays({monday})
    assert OFFICE.is_open(monday)
    assert not closed.is_open(monday)
    assert closed.forward(monday) == date(2026, 6, 2)
    assert closed.statutory.forward(monday) == monday


def test_dates_weeks_and_months() -> None:
    assert firings(OnDates((date(2026, 11, 24),), NINE), "2026-11-24T08:59", "2026-11-24T09:00") == [
        "2026-11-24T09:00"
    ]
    assert firings(OnDates((date(2026, 11, 24),), NINE), "2026-11-24T09:00", "2026-11-25T09:00") == []
    assert firings(Weekly(frozenset({1, 4}), NINE), "2026-11-23T00:00", "2026-12-01T23:00") == [
        "2026-11-24T09:00",
        "2026-11-27T09:00",
        "2026-12-01T09:00",
    ]
    last_and_31st = Monthly(NINE, (31, -1))
    assert firings(last_and_31st, "2027-01-01T00:00", "2027-04-01T00:00") == [
        "2027-01-31T09:00",
        "2027-02-28T09:00",
        "2027-03-31T09:00",
    ]
    assert firings(Monthly(NINE, (), ((2, 1), (5, 0))), "2026-11-01T00:00", "2026-12-01T00:00") == [
        "2026-11-10T09:00",
        "2026-11-30T09:00",
    ]


def test_days_before_a_due_date_tell_the_date_and_never_come_after_it() -> None:
    calendar = (
        CalendarEntry(
            date(2026, 12, 25), "固定資産税/2026/4", {"tax": "固定資産税", "base_date": "2026-12-25"}
        ),
        CalendarEntry(date(2026, 11, 30), "町県民税/2026/3", {"tax": "町県民税", "base_date": "2026-11-30"}),
    )
    found = list(
        occurrences(FromDates(calendar, (-7, -1, 0), NINE), at("2026-11-23T08:00"), at("2026-12-18T09:00"))
    )
    assert [(o.at.date().isoformat(), o.key) for o in found] == [
        ("2026-11-23", "町県民税/2026/3/-7"),
        ("2026-11-29", "町県民税/2026/3/-1"),
        ("2026-11-30", "町県民税/2026/3/-0"),
        ("2026-12-18", "固定資産税/2026/4/-7"),
    ]
    assert found[0].context == {
        "tax": "町県民税",
        "base_date": "2026-11-30",
        "due_date": "2026-11-30",
        "days_left": "7",
    }


def test_a_childs_age_names_the_month_of_birth() -> None:
    (both,) = occurrences(
        ChildAge((4, 18), 1, NINE, together=True), at("2026-11-30T00:00"), at("2027-01-01T00:00")
    )
    assert both.key == "2026-12"
    assert [(item["key"], item["age_months"]) for item in both.items] == [
        ("2025-06/18", "18"),
        ("2026-08/4", "4"),
    ]
    found = list(occurrences(ChildAge((4, 18), 1, NINE), at("2026-11-30T00:00"), at("2027-01-02T00:00")))
    assert [(o.at.date().isoformat(), o.key) for o in found] == [
        ("2026-12-01", "2025-06/18"),
        ("2026-12-01", "2026-08/4"),
        ("2027-01-01", "2025-07/18"),
        ("2027-01-01", "2026-09/4"),
    ]
    assert found[1].context == {"birth_month": "2026-08", "age_months": "4"}


def test_a_due_date_written_in_the_calendar_is_left_as_it_is() -> None:
    entry = CalendarEntry(date(2026, 12, 25), "介護保険料/2026/6", {"due_date": "2026-12-28"})
    (found,) = occurrences(FromDates((entry,), (0,), NINE), at("2026-12-25T00:00"), at("2026-12-26T00:00"))
    assert found.context == {"due_date": "2026-12-28", "days_left": "0"}


def test_two_entries_on_one_day_both_come_in_the_order_of_their_keys() -> None:
    calendar = (
        CalendarEntry(date(2026, 7, 31), "国民健康保険税/2026/1"),
        CalendarEntry(date(2026, 7, 31), "固定資産税/2026/2"),
    )
    found = [
        o.key
        for o in occurrences(FromDates(calendar, (-1,), NINE), at("2026-07-30T08:59"), at("2026-07-30T09:00"))
    ]
    assert found == ["固定資産税/2026/2/-1", "国民健康保険税/2026/1/-1"]


def test_moments_may_be_given_in_any_time_zone_and_come_in_tokyos() -> None:
    after = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
    (found,) = occurrences(Weekly(frozenset({1}), NINE), after, after + timedelta(minutes=1))
    assert found.at.isoformat() == "2026-11-24T09:00:00+09:00"
    assert found.key == "2026-11-24"


def test_the_next_occurrence_or_none() -> None:
    past = OnDates((date(2020, 1, 1),), NINE)
    assert next_occurrence(past, at("2026-11-24T00:00")) is None
    leap = Cron("0 9 29 2 *")
    coming = next_occurrence(leap, at("2026-11-24T00:00"))
    assert coming is not None
    assert coming.at == at("2028-02-29T09:00")


clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
rules = st.one_of(
    st.builds(OnDates, st.lists(days, max_size=5).map(tuple), clock_times),
    st.builds(Weekly, st.frozensets(st.integers(0, 6), min_size=1), clock_times),
    st.builds(
        Monthly,
        clock_times,
        st.lists(st.sampled_from([-1, 1, 15, 29, 30, 31]), max_size=3).map(tuple),
        st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), max_size=2).map(tuple),
        st.lists(st.sampled_from([-2, -1, 1, 3]), max_size=2).map(tuple),
        st.frozensets(st.integers(1, 12), min_size=1),
    ),
    st.builds(
        FromDates,
        st.lists(days, max_size=4).map(
            lambda chosen: tuple(CalendarEntry(day, f"entry/{n}") for n, day in enumerate(chosen))
        ),
        st.lists(st.integers(-40, 40), min_size=1, max_size=3, unique=True).map(tuple),
        clock_times,
    ),
    st.builds(
        ChildAge,
        st.lists(st.integers(0, 40), min_size=1, max_size=3, unique=True).map(tuple),
        st.integers(1, 28),
        clock_times,
    ),
    st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), st.integers(0, 7)).map(Cron),
)
moved = st.builds(Moved, rules, st.sampled_from(OnClosed), st.just(OFFICE))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 30)).map(lambda m: m.replace(tzinfo=TOKYO))


@given(
    rules | moved,
    moments,
    st.lists(st.timedeltas(timedelta(0), timedelta(days=90)), min_size=1, max_size=4),
)
@settings(deadline=None)
def test_a_span_cut_into_pieces_has_the_same_occurrences(
    rule: Rule, start: datetime, steps: list[timedelta]
) -> None:
    ends = [start]
    for step in steps:
        ends.append(ends[-1] + step)
    pieces: list[Occurrence] = []
    for after, until in itertools.pairwise(ends):
        pieces += occurrences(rule, after, until)
    whole = list(occurrences(rule, start, ends[-1]))
    assert pieces == whole
    assert [(o.at, o.key) for o in whole] == sorted({(o.at, o.key) for o in whole})
    assert len({o.key for o in whole}) == len(whole)
    assert all(start < o.at <= ends[-1] for o in whole)


@given(rules, moments)
@settings(deadline=None, max_examples=50)
def test_every_occurrence_is_what_its_rule_says_and_none_is_left_out(rule: Rule, start: datetime) -> None:
    """Asked day by day, minute of the rule by minute, in the plainest words."""
    until = start + timedelta(days=70)
    expected = set()
    day = start.date() - timedelta(days=1)
    while day <= until.date():
        for hour, minute, key in _keys(rule, day):
            moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=TOKYO)
            if start < moment <= until:
                expected.add((moment, key))
        day += timedelta(days=1)
    assert {(o.at, o.key) for o in occurrences(rule, start, until)} == expected


def _keys(rule: Rule, day: date) -> list[tuple[int, int, str]]:
    if isinstance(rule, Cron):
        minute, hour, _, _, weekday = rule.expression.split()
        if (int(weekday) - 1) % 7 != day.weekday():
            return []
        return [(int(hour), int(minute), f"{day}T{int(hour):02d}:{int(minute):02d}")]
    hour, minute = rule.at.hour, rule.at.minute
    tomorrow = day + timedelta(days=1)
    match rule:
        case OnDates(dates):
            keys = [str(day)] if day in dates else []
        case Weekly(weekdays):
            keys = [str(day)] if day.weekday() in weekdays else []
        case Monthly(_, wanted, nth, open_days, months):
            last = tomorrow.month != day.month
            earlier = sum(
                1 for number in range(1, day.day + 1) if day.replace(day=number).weekday() == day.weekday()
            )
            fits = day.day in wanted or (last and -1 in wanted) or (earlier, day.weekday()) in nth
            of_month = [day.replace(day=number) for number in range(1, 32) if _exists(day, number)]
            open_ones = [each for each in of_month if OFFICE.is_open(each)]
            fits = fits or any(
                open_ones[n - 1 if n > 0 else n] == day for n in open_days if len(open_ones) >= abs(n)
            )
            keys = [str(day)] if fits and day.month in months else []
        case FromDates(entries, away):
            keys = [
                f"{e.key}/{'+' if n > 0 else '-'}{abs(n)}"
                for e in entries
                for n in away
                if e.day + timedelta(days=n) == day
            ]
        case ChildAge(ages):
            births = [f"{year}-{month:02d}" for year in range(2020, 2029) for month in range(1, 13)]
            keys = [
                f"{b}/{age}"
                for b in births
                for age in ages
                if day.day == rule.day and age_in_months(b, day) == age
            ]
    return [(hour, minute, key) for key in keys]


def _exists(day: date, number: int) -> bool:
    try:
        day.replace(day=number)
    except ValueError:
        return False
    return True


PAYDAYS = Monthly(NINE, (10,), months=frozenset({2, 4, 6, 8, 10, 12}))


def test_what_falls_on_a_closed_day_is_moved_or_left_out_and_tells_both_dates() -> None:
    span = at("2026-10-01T00:00"), at("2027-02-28T00:00")  # October 10 is a Saturday

    def days(on_closed: OnClosed) -> list[str]:
        return [o.at.date().isoformat() for o in occurrences(Moved(PAYDAYS, on_closed, OFFICE), *span)]

    assert days(OnClosed.BEFORE) == ["2026-10-09", "2026-12-10", "2027-02-10"]
    assert days(OnClosed.AFTER) == ["2026-10-13", "2026-12-10", "2027-02-10"]  # the 12th is a holiday
    assert days(OnClosed.SKIP) == ["2026-12-10", "2027-02-10"]
    first = next(occurrences(Moved(PAYDAYS, OnClosed.BEFORE, OFFICE), *span))
    assert first.key == "2026-10-10"
    assert first.context == {"date": "2026-10-09", "base_date": "2026-10-10"}


def test_the_first_and_the_last_open_day_of_a_month() -> None:
    rule = Monthly(NINE, open_days=(1, -1))
    assert firings(rule, "2026-12-01T00:00", "2027-02-01T00:00") == [
        "2026-12-01T09:00",
        "2026-12-28T09:00",
        "2027-01-04T09:00",
        "2027-01-29T09:00",
    ]


def test_days_after_a_date() -> None:
    rule = FromDates((CalendarEntry(date(2026, 11, 30), "a"),), (3, -1), NINE)
    found = list(occurrences(rule, at("2026-11-01T00:00"), at("2026-12-31T00:00")))
    assert [(o.at.date().isoformat(), o.key) for o in found] == [
        ("2026-11-29", "a/-1"),
        ("2026-12-03", "a/+3"),
    ]
    assert found[1].context == {"due_date": "2026-11-30", "days_since": "3"}
