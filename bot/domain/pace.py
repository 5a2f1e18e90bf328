"""LINE's rate limits as arithmetic: a bucket of tokens for each endpoint, shared by all senders.

https://developers.line.biz/en/reference/messaging-api/#rate-limits
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.broadcasts import Endpoint

_SECOND_US = 1_000_000
_EPOCH_SECONDS = 1.0
"""Refusals that come together count as one: they were all sent at the same pace."""
_CLOCK_WENT_BACK_US = 5 * _SECOND_US
_SLOWER = 0.7
_SLOWEST = 0.02
_RECOVERY = 0.05  # of the full rate, each second


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests within any `seconds`.

    A bucket that holds `burst` and fills at `refill` a second lets through at most burst + refill × seconds,
    so the two together make up `count`.
    """

    count: float
    seconds: float = 1.0

    @property
    def burst(self) -> float:
        """Requests that may go at once: a moment's worth of a limit a second, half of one an hour."""
        return max(1.0, self.count * (0.05 if self.seconds <= 1 else 0.5))

    @property
    def refill(self) -> float:
        """Requests a second that may go in the long run."""
        return max(self.count - self.burst, self.count / 2) / self.seconds


Limits = Mapping[Endpoint, Limit]


@dataclass(frozen=True, slots=True)
class Bucket:
    """What may be sent now: `tokens` requests, and new ones at `share` of the full rate.

    `at_us` is when that was reckoned, `slowed_us` when LINE last said that we were too fast; microseconds.
    """

    tokens: float
    share: float
    at_us: int
    slowed_us: int

    def filled(self, limit: Limit, now_us: int) -> Bucket:
        """The bucket at a later moment; a clock that went back by much begins anew, by little gains nothing."""
        if now_us < self.at_us - _CLOCK_WENT_BACK_US:
            return replace(self, at_us=now_us, slowed_us=min(self.slowed_us, now_us))
        now_us = max(now_us, self.at_us)
        seconds = (now_us - self.at_us) / _SECOND_US
        share = min(1.0, self.share + seconds * _RECOVERY)
        tokens = min(limit.burst, self.tokens + seconds * limit.refill * share)
        return replace(self, tokens=tokens, share=share, at_us=now_us)

    def take(self, count: int) -> Bucket:
        """The bucket with so many requests gone."""
        return replace(self, tokens=self.tokens - count)

    def slowed(self) -> Bucket:
        """The bucket after LINE answered 429: empty, and filling more slowly."""
        if self.at_us - self.slowed_us < _EPOCH_SECONDS * _SECOND_US:
            return replace(self, tokens=min(0.0, self.tokens))
        share = max(_SLOWEST, self.share * _SLOWER)
        return replace(self, tokens=min(0.0, self.tokens), share=share, slowed_us=self.at_us)

    def seconds_to(self, count: float, limit: Limit) -> float:
        """How long until so many requests may go (no more than the bucket can hold)."""
        missing = min(count, limit.burst) - self.tokens
        return max(0.0, missing / (limit.refill * self.share))
