from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import Pace
from bot.delivery.retry import delay_seconds


def test_the_delay_doubles_up_to_a_minute():
    assert [delay_seconds(n, spread=1) for n in range(1, 10)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


@given(st.integers(min_value=1, max_value=10**6))
def test_the_delay_is_always_between_a_quarter_of_a_second_and_a_minute(attempts):
    assert 0.25 <= delay_seconds(attempts) <= 60


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 50)), max_size=200))
def test_the_pace_never_allows_more_than_the_rate_and_one_burst(steps):
    now = 0.0
    pace = Pace(200, monotonic=lambda: now)
    taken = 0
    for wait, wanted in steps:
        now += wait
        count = min(wanted, pace.available())
        pace.take(count)
        taken += count
        assert taken <= 20 + now * 200 + 1e-6


def test_after_being_throttled_the_pace_begins_from_nothing():
    now = 0.0
    pace = Pace(200, monotonic=lambda: now)
    assert pace.available() == 20
    pace.back_off()
    assert pace.available() == 0
    assert pace.seconds_to_next() > 0
    now += 0.05
    assert pace.available() == 10
