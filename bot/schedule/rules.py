"""When a standing notice goes out: the rules as data, and the occurrences they yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from bot.schedule.garbage import GarbagePlan
from bot.schedule.office import OfficeDays, OnClosed
from bot.schedule.stages import Stage


@dataclass(frozen=True, slots=True)
class OnDates:
    """At given dates."""

    dates: tuple[date, ...]
    at: time


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on `weekdays` (0 is Monday, as in `date.weekday()`)."""

    weekdays: frozenset[int]
    at: time


@dataclass(frozen=True, slots=True)
class Monthly:
    """Every month, or in `months` only: on some days of it.

    `days` are 1..31 (a month without that day has none; -1 is the last day), `nth_weekdays` pairs such as
    (2, 1), the second Tuesday, `open_days` counts days on which the office is open: 1 is the first, -1 the last.
    """

    at: time
    days: tuple[int, ...] = ()
    nth_weekdays: tuple[tuple[int, int], ...] = ()
    open_days: tuple[int, ...] = ()
    months: frozenset[int] = frozenset(range(1, 13))
    office: OfficeDays = field(default_factory=OfficeDays)


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression in Asia/Tokyo; weekdays are 0 or 7 for Sunday, or names."""

    expression: str


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One date of a calendar, such as a tax's due date.

    `key` is unique in its calendar and stable when the date moves, such as `固定資産税/2026/3`;
    `context` holds the row's values as text, dates as `YYYY-MM-DD`.
    """

    day: date
    key: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FromDates:
    """Some days before (-7) or after (7) each date of a calendar; 0 is the day itself."""

    entries: tuple[CalendarEntry, ...]
    days: tuple[int, ...]
    at: time


@dataclass(frozen=True, slots=True)
class ChildAge:
    """Each month on `day`, for children who reach an age in `months`: once for every age, or for all `together`."""

    months: tuple[int, ...]
    day: int
    at: time
    together: bool = False


@dataclass(frozen=True, slots=True)
class ChildStages:
    """Each month on `day`, once for all stages that open or are in their last month, for whichever children."""

    stages: tuple[Stage, ...]
    day: int
    at: time


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule whose occurrences on days when the office is closed are moved or left out."""

    rule: OnDates | Weekly | Monthly | Cron | FromDates | ChildAge
    on_closed: OnClosed
    office: OfficeDays


@dataclass(frozen=True, slots=True)
class GarbageDays:
    """The `evening` before and the `morning` of every day on which garbage is collected; at least one of them.

    Where both are given, each resident gets one: the evening's, unless they chose the morning.
    """

    plan: GarbagePlan
    evening: time | None = None
    morning: time | None = None

    @property
    def is_chosen(self) -> bool:
        """Whether residents choose between evening and morning."""
        return self.evening is not None and self.morning is not None


Rule = OnDates | Weekly | Monthly | Cron | FromDates | ChildAge | ChildStages | GarbageDays | Moved


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One firing of a rule: `at` (aware, Asia/Tokyo), a `key` unique within the notice, and its context.

    `about` is the date it speaks of, such as a due date, and `subject` what of: of several occurrences about
    one subject that are late together only the last makes sense. `items` are what it tells, each with a `key`
    of its own: one that has been told already, before the town's table was changed, is left out. `only` narrows the
    notice's segment, and `is_chosen` says that whom it reaches asked for this time of day, quiet hours or not.
    """

    at: datetime
    key: str
    context: Mapping[str, Any] = field(default_factory=dict)
    about: date | None = None
    subject: str | None = None
    items: tuple[Mapping[str, str], ...] = ()
    only: str = ""
    is_chosen: bool = False
