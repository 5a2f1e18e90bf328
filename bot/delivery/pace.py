"""The rate limit: a bucket of tokens that fills at LINE's rate.

LINE takes 200 multicasts a second of a channel (since 2025-04-23).
https://developers.line.biz/en/reference/messaging-api/#rate-limits
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Allows `rate` requests a second, a tenth of them at once; a sender asks before it claims a batch."""

    def __init__(self, rate: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate / 10)
        self._monotonic = monotonic
        self._tokens = self._burst
        self._last = monotonic()

    def available(self) -> int:
        """How many requests may go this moment."""
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
        return int(self._tokens)

    def take(self, count: int) -> None:
        """Use up that many of what was available."""
        self._tokens -= count

    def seconds_to_next(self) -> float:
        """How long until one more request may go."""
        return max(0.0, (1 - self._tokens) / self._rate)

    def back_off(self) -> None:
        """LINE said we were too fast: begin again from an empty bucket."""
        self._tokens = 0.0
