"""Quiet hours hold what lies in them on Tokyo's clock, and are over at their first free moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.quiet_hours import QuietHours

NIGHT = QuietHours(time(21), time(7))
NOON = QuietHours(time(12), time(13))

moments = st.datetimes(
    datetime(2026, 1, 2),
    datetime(2029, 1, 1),
    timezones=st.sampled_from([TOKYO, UTC, timezone(timedelta(hours=-9, minutes=-30))]),
)


@st.composite
def spans(draw: st.DrawFn) -> QuietHours:
    """Spans to the minute, as a town writes them, and to the microsecond, within a day or past midnight."""
    clocks = st.times() | st.builds(time, st.integers(0, 23), st.integers(0, 59))
    start, end = draw(clocks), draw(clocks)
    assume(start != end)
    return QuietHours(start, end)


def nights(hours: QuietHours, day: date) -> list[tuple[datetime, datetime]]:
    """The quiet spans that may touch a day: the one begun the day before, and its own."""
    length = timedelta(days=1 if hours.end < hours.start else 0)
    return [
        (datetime.combine(begun, hours.start, TOKYO), datetime.combine(begun + length, hours.end, TOKYO))
        for begun in (day - timedelta(days=1), day)
    ]


@given(spans(), moments)
def test_a_moment_is_held_if_it_lies_in_the_span_begun_that_day_or_the_day_before(
    hours: QuietHours, moment: datetime
) -> None:
    there = nights(hours, moment.astimezone(TOKYO).date())
    assert hours.holds(moment) == any(start <= moment < end for start, end in there)


@given(spans(), moments)
def test_over_is_the_end_of_the_span_a_moment_lies_in_or_the_moment_itself(
    hours: QuietHours, moment: datetime
) -> None:
    there = nights(hours, moment.astimezone(TOKYO).date())
    ends = [end for start, end in there if start <= moment < end]
    assert hours.over(moment) == (ends[0] if ends else moment)


@given(spans(), moments)
def test_over_is_free_and_never_earlier_and_within_a_day_and_stays_where_it_is(
    hours: QuietHours, moment: datetime
) -> None:
    over = hours.over(moment)
    assert moment <= over < moment + timedelta(days=1)
    assert not hours.holds(over)
    assert hours.over(over) == over


@given(spans(), moments, st.floats(0, 1, exclude_max=True))
def test_nothing_between_a_moment_and_its_over_is_free(
    hours: QuietHours, moment: datetime, part: float
) -> None:
    assume(hours.holds(moment))
    over = hours.over(moment)
    between = moment + (over - moment) * part
    assert hours.holds(min(between, over - timedelta(microseconds=1)))


@given(spans(), st.dates(date(2026, 1, 1), date(2028, 12, 31)))
def test_the_start_is_held_and_the_end_is_free_on_every_day(hours: QuietHours, day: date) -> None:
    start, end = (datetime.combine(day, clock, TOKYO) for clock in (hours.start, hours.end))
    instant = timedelta(microseconds=1)
    assert hours.holds(start)
    assert not hours.holds(start - instant)
    assert hours.holds(end - instant)
    assert not hours.holds(end)


@pytest.mark.parametrize(
    ("hours", "clock", "over"),
    [
        (NIGHT, "2026-12-31T20:59:59.999999", "2026-12-31T20:59:59.999999"),
        (NIGHT, "2026-12-31T21:00", "2027-01-01T07:00"),
        (NIGHT, "2026-12-31T23:59:59", "2027-01-01T07:00"),
        (NIGHT, "2027-01-01T00:00", "2027-01-01T07:00"),
        (NIGHT, "2027-01-01T06:59:59.999999", "2027-01-01T07:00"),
        (NIGHT, "2027-01-01T07:00", "2027-01-01T07:00"),
        (NOON, "2027-01-01T11:59", "2027-01-01T11:59"),
        (NOON, "2027-01-01T12:00", "2027-01-01T13:00"),
        (NOON, "2027-01-01T13:00", "2027-01-01T13:00"),
        (NOON, "2027-01-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_known_moments(hours: QuietHours, clock: str, over: str) -> None:
    moment = datetime.fromisoformat(clock).replace(tzinfo=TOKYO)
    assert hours.over(moment).isoformat() == datetime.fromisoformat(over).replace(tzinfo=TOKYO).isoformat()
    assert hours.holds(moment) == (clock != over)


def test_a_moment_of_another_zone_is_taken_by_tokyos_clock() -> None:
    assert NIGHT.holds(datetime(2026, 11, 24, 12, 0, tzinfo=UTC))  # 21:00 in Tokyo
    assert not NIGHT.holds(datetime(2026, 11, 24, 22, 0, tzinfo=UTC))  # 7:00 of the next day
    over = NIGHT.over(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    assert over.isoformat() == "2026-11-25T07:00:00+09:00"


def test_a_span_is_written_as_a_clerk_reads_it() -> None:
    assert str(NIGHT) == "21:00〜07:00"


def test_a_span_that_ends_as_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="07:00"):
        QuietHours(time(7), time(7))
