"""When a standing notice goes out: the rules as data, and the occurrences they yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time


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
    """Every month on `days` (1..31; a month without that day has none; -1 is the last day)
    and on `nth_weekdays`, pairs such as (2, 1): the second Tuesday.
    """  # noqa: D205  the summary needs both halves

    at: time
    days: tuple[int, ...] = ()
    nth_weekdays: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression in Asia/Tokyo; weekdays are 0 or 7 for Sunday, or names."""

    expression: str


@dataclass(frozen=True, slots=True)
class DaysBefore:
    """Some days before each date of a calendar (0: on the day itself)."""

    days: tuple[int, ...]
    at: time


@dataclass(frozen=True, slots=True)
class ChildAge:
    """Each month on `day`, once for every age in `months`: for children who reach it in that month."""

    months: tuple[int, ...]
    day: int
    at: time


Rule = OnDates | Weekly | Monthly | Cron | DaysBefore | ChildAge


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
class Occurrence:
    """One firing of a rule: `at` (aware, Asia/Tokyo), a `key` unique within the notice, and its context."""

    at: datetime
    key: str
    context: Mapping[str, str] = field(default_factory=dict)
