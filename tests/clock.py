"""A clock that tests move by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.clock import TOKYO, to_ms


class HandClock:
    """Stands still until it is moved; see `bot.domain.clock.Clock`."""

    def __init__(self, start: str = "2026-11-24T09:00:00") -> None:
        self._now = datetime.fromisoformat(start).replace(tzinfo=TOKYO)

    def now(self) -> datetime:
        return self._now

    def now_ms(self) -> int:
        return to_ms(self._now)

    def after_ms(self, seconds: float) -> int:
        return self.now_ms() + round(seconds * 1000)

    def set(self, moment: str) -> None:
        self._now = datetime.fromisoformat(moment).replace(tzinfo=TOKYO)

    def advance(self, **spans: float) -> None:
        self._now += timedelta(**spans)
