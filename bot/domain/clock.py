"""The one source of time: nothing else asks the operating system what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")
"""Japan has one time zone and no daylight saving."""


class Clock(Protocol):
    """What tells the time; passed to everything that needs it."""

    def now(self) -> datetime:
        """The present moment, aware, in Asia/Tokyo."""

    def now_ms(self) -> int:
        """The present moment in milliseconds since the Unix epoch (UTC), as stored."""

    def after_ms(self, seconds: float) -> int:
        """The moment that many real seconds from now, in milliseconds since the epoch.

        Leases and back-off wait real seconds even while a rehearsal's clock runs fast.
        """


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(TOKYO)

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return time.time_ns() // 1_000_000

    def after_ms(self, seconds: float) -> int:
        """See `Clock.after_ms`."""
        return self.now_ms() + round(seconds * 1000)


class ShiftedClock:
    """A clock that starts at a chosen time and may run faster: for rehearsals and tests."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self._start_ms = to_ms(start)
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> datetime:
        """See `Clock.now`."""
        return from_ms(self.now_ms())

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return self._start_ms + round((time.monotonic() - self._origin) * self._speed * 1000)

    def after_ms(self, seconds: float) -> int:
        """See `Clock.after_ms`."""
        return self.now_ms() + round(seconds * self._speed * 1000)


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch; a naive `moment` is taken as Asia/Tokyo."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=TOKYO)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The Asia/Tokyo moment of milliseconds since the epoch."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(TOKYO)
