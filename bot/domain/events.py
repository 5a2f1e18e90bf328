"""Events of the town (催し): what takes place, when and where, and the occurrences of those that repeat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot.domain.clock import TOKYO


@dataclass(frozen=True, slots=True)
class Repeats:
    """How an event repeats: an RFC 5545 recurrence rule over `start`, in the zone the event was written in.

    `rule` is the value of RRULE with UNTIL as local time of that zone, empty for one that only has `added` days.
    `added` and `excluded` are RDATE and EXDATE, and the occurrences that stand as events of their own.
    """

    start: datetime
    rule: str
    added: tuple[datetime, ...] = ()
    excluded: frozenset[datetime] = frozenset()


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `start` and `end` are aware, in Asia/Tokyo; `end` is not part of it, and of an `all_day` event both
    are midnights. An event of unknown end ends when it starts.

    `id` stays the same when the event is moved. `topics` are keys of the town's topics whom it concerns; `district`
    is the district it is meant for, empty for all. `name_en` is empty where there is none.
    """  # noqa: D205  the summary needs both halves

    id: str
    name: str
    start: datetime
    end: datetime
    all_day: bool = False
    name_en: str = ""
    place: str = ""
    description: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    district: str = ""
    cancelled: bool = False
    repeats: Repeats | None = field(default=None)

    @property
    def first_day(self) -> date:
        """The day it begins."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The last day on which it takes place."""
        return max(self.start, self.end - timedelta(microseconds=1)).date()


def midnight(day: date) -> datetime:
    """The moment a day begins in Tokyo."""
    return datetime.combine(day, time(), TOKYO)
