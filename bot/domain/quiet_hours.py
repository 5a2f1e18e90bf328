"""The hours in which residents are left in peace: what can wait is held back until they are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.domain.clock import TOKYO


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of every day on Tokyo's clock, `start` included and `end` not; it may run past midnight.

    A town without quiet hours has None in their place.

    Raises:
        ValueError: start and end are the same, which might mean the whole day or nothing of it.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"quiet hours from {self.start} to {self.end}")

    def __str__(self) -> str:
        return f"{self.start:%H:%M}〜{self.end:%H:%M}"

    def holds(self, moment: datetime) -> bool:
        """Whether an aware moment, of any zone, lies in the quiet hours."""
        return self.holds_clock(moment.astimezone(TOKYO).time())

    def holds_clock(self, clock: time) -> bool:
        """Whether a time of day in Tokyo lies in the quiet hours."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def over(self, moment: datetime) -> datetime:
        """The first moment at or after an aware one that is not quiet: itself if it is not."""
        if not self.holds(moment):
            return moment
        local = moment.astimezone(TOKYO)
        end = datetime.combine(local.date(), self.end, TOKYO)
        return end if end > local else end + timedelta(days=1)
