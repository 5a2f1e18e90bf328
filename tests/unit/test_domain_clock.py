from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import TOKYO, ShiftedClock, SystemClock, from_ms, to_ms

START = datetime(2026, 11, 24, 8, 59, tzinfo=TOKYO)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, to be set."""
    seconds = [1000.0]
    monkeypatch.setattr("bot.domain.clock.time.monotonic", lambda: seconds[0])
    return seconds


def test_a_shifted_clock_starts_where_it_is_told(stopwatch: list[float]) -> None:
    clock = ShiftedClock(START)
    assert clock.now() == START
    stopwatch[0] += 60
    assert clock.now().isoformat() == "2026-11-24T09:00:00+09:00"


def test_a_fast_clock_runs_as_many_seconds_in_one_as_it_is_told(stopwatch: list[float]) -> None:
    clock = ShiftedClock(START, speed=3600)
    stopwatch[0] += 24
    assert clock.now() == START + timedelta(days=1)


def test_a_wait_is_of_real_seconds_however_fast_the_clock(stopwatch: list[float]) -> None:
    clock = ShiftedClock(START, speed=100)
    end = clock.after_ms(30)
    stopwatch[0] += 29.9
    assert clock.now_ms() < end
    stopwatch[0] += 0.2
    assert clock.now_ms() > end
    assert clock.after_ms(-1) == clock.now_ms() - 100_000


def test_the_system_clock_tells_the_systems_time_in_tokyo() -> None:
    clock = SystemClock()
    before = time.time_ns() // 1_000_000
    now, now_ms = clock.now(), clock.now_ms()
    after = time.time_ns() // 1_000_000
    assert before <= to_ms(now) <= after
    assert before <= now_ms <= after
    assert now.utcoffset() == timedelta(hours=9)
    assert abs(clock.after_ms(1.5) - clock.now_ms() - 1500) < 1000


@given(st.integers(0, 4_102_444_800_000))
def test_milliseconds_and_moments_are_the_same_thing(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms
    assert from_ms(ms).tzinfo is TOKYO


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)))
def test_a_moment_without_a_zone_is_tokyos(moment: datetime) -> None:
    assert to_ms(moment) == to_ms(moment.replace(tzinfo=TOKYO))
    assert to_ms(moment.replace(tzinfo=UTC)) >= to_ms(moment)


def test_a_known_moment() -> None:
    assert to_ms(datetime(2026, 11, 24, 0, 0, tzinfo=UTC)) == 1_795_478_400_000
    assert from_ms(1_795_478_400_000).isoformat() == "2026-11-24T09:00:00+09:00"
