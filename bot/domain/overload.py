"""How many messages that can wait a resident gets in a day, and when the rest is told in one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.domain.clock import TOKYO


@dataclass(frozen=True, slots=True)
class Overload:
    """After `messages_a_day` normal messages a resident gets the others in one digest, at `digest` on Tokyo's clock.

    What is urgent or an emergency neither counts nor waits. A town without such a limit has None in its place.
    """

    messages_a_day: int = 3
    digest: time = time(18)

    def digest_at(self, day: date) -> datetime:
        """When a day's digest goes out."""
        return datetime.combine(day, self.digest, TOKYO)

    def next_digest(self, moment: datetime) -> datetime:
        """The first digest that can tell what is put off at an aware moment."""
        day = moment.astimezone(TOKYO).date()
        at = self.digest_at(day)
        return at if moment < at else self.digest_at(day + timedelta(days=1))
