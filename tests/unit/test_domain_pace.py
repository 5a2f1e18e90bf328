"""LINE's rate limits as arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pace import Bucket, Limit

SECOND = 1_000_000
LIMITS = st.builds(Limit, st.floats(1, 5000), st.sampled_from([1.0, 3600.0]))


def _full(limit: Limit, now_us: int) -> Bucket:
    """A bucket nobody has taken from."""
    return Bucket(limit.burst, 1.0, now_us, 0)


@pytest.mark.parametrize(
    ("limit", "burst", "refill"),
    [
        (Limit(200), 10, 190),
        (Limit(2000), 100, 1900),
        (Limit(60, 3600), 30, 30 / 3600),
        (Limit(10), 1, 9),
        (Limit(1), 1, 0.5),
    ],
)
def test_what_may_go_at_once_and_in_the_long_run(limit: Limit, burst: float, refill: float) -> None:
    assert (limit.burst, limit.refill) == (pytest.approx(burst), pytest.approx(refill))


@given(LIMITS, st.lists(st.integers(0, 3 * SECOND), min_size=1, max_size=200))
def test_no_window_holds_more_than_the_limit(limit: Limit, pauses: list[int]) -> None:
    """Whoever takes all there is whenever they look."""
    now, bucket, sent = 10**15, _full(limit, 10**15), []
    for pause in pauses:
        now += round(pause * (1 if limit.seconds == 1 else 600))
        bucket = bucket.filled(limit, now)
        count = int(bucket.tokens)
        bucket = bucket.take(count)
        sent += [now] * count
    window = limit.seconds * SECOND
    start = 0
    for end, moment in enumerate(sent):
        while moment - sent[start] >= window:
            start += 1
        assert end - start + 1 <= max(2, limit.count + 1e-6)


@given(LIMITS)
def test_after_the_wait_that_was_told_a_request_may_go(limit: Limit) -> None:
    bucket = _full(limit, 0).take(int(limit.burst))
    wait = bucket.seconds_to(1, limit)
    assert bucket.filled(limit, round(wait * SECOND) + 2).tokens >= 1 - 1e-3


def test_a_refusal_empties_the_bucket_and_slows_it_once_for_refusals_that_come_together() -> None:
    limit = Limit(200)
    bucket = _full(limit, 10 * SECOND)
    for _ in range(60):
        bucket = bucket.slowed()
    assert (bucket.tokens, bucket.share) == (0, 0.7)
    later = bucket.filled(limit, 12 * SECOND).slowed()
    assert later.share == pytest.approx((0.7 + 0.1) * 0.7)


def test_a_slowed_bucket_recovers() -> None:
    limit = Limit(200)
    bucket = _full(limit, 10 * SECOND).slowed()
    assert bucket.filled(limit, 11 * SECOND).share == pytest.approx(0.75)
    assert bucket.filled(limit, 60 * SECOND).share == 1


def test_it_never_stops_for_good() -> None:
    limit, bucket = Limit(200), _full(Limit(200), 0)
    for second in range(1, 1000):
        bucket = bucket.filled(limit, second * 1_100_000).slowed()
    assert bucket.seconds_to(1, limit) < 1


def test_a_clock_that_goes_back_a_little_gains_nothing_and_by_much_begins_anew() -> None:
    limit = Limit(200)
    empty = _full(limit, 100 * SECOND).take(int(limit.burst))
    back = empty.filled(limit, 99 * SECOND)
    assert (back.tokens, back.at_us) == (0, 100 * SECOND)
    anew = empty.filled(limit, 50 * SECOND)
    assert anew.filled(limit, 50 * SECOND + 10_000).tokens > 0
