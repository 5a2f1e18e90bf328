"""Feeds made at random, past midnight and by frequencies, against an answer worked out the slow way."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.transit import read_feed
from tests.unit.bus_feeds import AGENCY, as_csv, written

FIRST = date(2026, 11, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(8)]
PLACES = ["a", "b", "c", "d"]

Trip = tuple[int, list[tuple[str, int]], list[tuple[int, int, int]]]
"""Service, calls (stop, seconds), and frequencies (start, end, headway)."""


@st.composite
def trips(draw: st.DrawFn) -> Trip:
    start = draw(st.integers(0, 26 * 60)) * 60
    steps = draw(st.lists(st.integers(0, 90), min_size=1, max_size=5))
    calls = []
    for step in steps:
        start += step * 60
        calls.append((draw(st.sampled_from(PLACES)), start))
    runs = draw(
        st.lists(
            st.tuples(st.integers(0, 20 * 3600), st.integers(1, 4 * 3600), st.integers(600, 3600)), max_size=1
        )
    )
    return draw(st.integers(0, 1)), calls, [(begin, begin + span, every) for begin, span, every in runs]


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def files(feed: list[Trip], running: list[set[date]], order: list[int]) -> dict[str, str]:
    rows = [
        (f"t{number}", clock(at), clock(at), stop, sequence * 3)
        for number, (_, calls, _) in enumerate(feed)
        for sequence, (stop, at) in enumerate(calls)
    ]
    shuffled = [rows[number % len(rows)] for number in order] if order else rows
    rows = list(dict.fromkeys([*shuffled, *rows]))
    return {
        "agency.txt": AGENCY,
        "routes.txt": "route_id,route_short_name\nr,線\n",
        "stops.txt": as_csv(["stop_id", "stop_name"], [(stop, stop) for stop in PLACES]),
        "calendar_dates.txt": as_csv(
            ["service_id", "date", "exception_type"],
            [
                (f"s{service}", f"{day:%Y%m%d}", 1 if day in days else 2)
                for service, days in enumerate(running)
                for day in DAYS
            ],
        ),
        "trips.txt": as_csv(
            ["route_id", "service_id", "trip_id"],
            [("r", f"s{service}", f"t{n}") for n, (service, _, _) in enumerate(feed)],
        ),
        "stop_times.txt": as_csv(
            ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"], rows
        ),
        "frequencies.txt": as_csv(
            ["trip_id", "start_time", "end_time", "headway_secs"],
            [(f"t{n}", clock(b), clock(e), h) for n, (_, _, runs) in enumerate(feed) for b, e, h in runs],
        ),
        "feed_info.txt": f"feed_start_date,feed_end_date\n{DAYS[0]:%Y%m%d},{DAYS[-1]:%Y%m%d}\n",
    }


def slowly(feed: list[Trip], running: list[set[date]], stop: str) -> list[tuple[date, datetime]]:
    """(service day, time) of every departure there is."""
    found = []
    for service, calls, runs in feed:
        starts = (
            [at for begin, end, every in runs for at in range(begin, end, every)] if runs else [calls[0][1]]
        )
        for day in running[service]:
            for start in starts:
                for where, at in calls[:-1]:
                    if where == stop:
                        seconds = start + at - calls[0][1]
                        found.append(
                            (day, datetime(day.year, day.month, day.day) + timedelta(seconds=seconds))
                        )
    return sorted(found, key=lambda each: each[1])


@settings(max_examples=120, deadline=None)
@given(
    st.lists(trips(), min_size=1, max_size=6),
    st.tuples(st.sets(st.sampled_from(DAYS)), st.sets(st.sampled_from(DAYS))),
    st.integers(-60, 9 * 24 * 60),
    st.lists(st.integers(0, 99), max_size=20),
)
def test_answers_are_those_worked_out_slowly(
    feed: list[Trip], running: tuple[set[date], set[date]], minutes: int, order: list[int]
) -> None:
    days = list(running)
    with tempfile.TemporaryDirectory() as folder:
        read = read_feed(written(Path(folder), files(feed, days, order)))
    assert read.faults == []
    table = read.timetable
    assert table
    now = datetime(FIRST.year, FIRST.month, FIRST.day) + timedelta(minutes=minutes)
    today = now.date()
    night = datetime(today.year, today.month, today.day) + timedelta(hours=27)
    for place in table.places:
        all_ = slowly(feed, days, place.name)
        near = [
            at
            for day, at in all_
            if at >= now
            and (
                day in {today, today - timedelta(days=1)} or (day == today + timedelta(days=1) and at < night)
            )
        ]
        answered = table.left(place, now.replace(tzinfo=TOKYO), 999)
        assert [found.at.replace(tzinfo=None) for found in answered] == near
        later = [(day, at) for day, at in all_ if day > today]
        first_day = min((day for day, _ in later), default=None)
        expected = min((at for day, at in later if day == first_day), default=None)
        following = table.first_after(place, now.replace(tzinfo=TOKYO))
        assert (following and following.at.replace(tzinfo=None)) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["stops.txt", "stop_times.txt", "trips.txt", "calendar.txt", "feed_info.txt"]),
        st.binary(max_size=200),
    )
)
def test_whatever_the_files_hold_nothing_crashes(garbage: dict[str, bytes]) -> None:
    good = files([(0, [("a", 3600), ("b", 7200)], [])], [set(DAYS), set()], [])
    with tempfile.TemporaryDirectory() as folder:
        feed = read_feed(written(Path(folder), {**good, **garbage}))
    for table in filter(None, [feed.timetable]):
        for place in table.places:
            table.left(place, datetime(2026, 11, 20, 8, tzinfo=TOKYO), 3)
            table.first_after(place, datetime(2026, 11, 20, 8, tzinfo=TOKYO))
