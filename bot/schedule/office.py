"""Days on which the town office is open, and the rules that move a date which falls on another."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache

import jpholiday

_DAY = timedelta(days=1)


class OnClosed(Enum):
    """What becomes of a date on which the office is closed."""

    SKIP = "skip"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class OfficeDays:
    """Offices are open but on weekends, national holidays, and December 29 to January 3.

    国民の祝日に関する法律; 地方税法20条の5 and 地方自治法4条の2 for the turn of the year. `closed` are further
    days on which this office is shut. `holidays` are the national holidays of whole years, where the Cabinet
    Office's list is to count instead of the library's.
    """

    closed: Collection[date] = frozenset()
    holidays: Mapping[int, Collection[date]] = field(default_factory=dict)

    @property
    def statutory(self) -> OfficeDays:
        """Without this office's own closed days, which move no due date of a tax."""
        return OfficeDays(holidays=self.holidays)

    def is_open(self, day: date) -> bool:
        """Whether the office is open on a day."""
        return (
            day.weekday() < 5
            and not _turn_of_year(day)
            and not self._is_holiday(day)
            and day not in self.closed
        )

    def forward(self, day: date) -> date:
        """The day itself or the next that is open: due dates of taxes (地方税法20条の5第2項)."""
        while not self.is_open(day):
            day += _DAY
        return day

    def backward(self, day: date) -> date:
        """The day itself or the last before it that is open: payments such as 児童手当."""
        while not self.is_open(day):
            day -= _DAY
        return day

    def moved(self, day: date, on_closed: OnClosed) -> date | None:
        """The day, or what becomes of it if the office is closed; None if it is skipped."""
        if self.is_open(day):
            return day
        match on_closed:
            case OnClosed.SKIP:
                return None
            case OnClosed.BEFORE:
                return self.backward(day)
            case OnClosed.AFTER:
                return self.forward(day)

    def place_in_month(self, day: date) -> tuple[int, int] | None:
        """Which open day of its month a day is, from the first (1) and from the last (-1); None if closed."""
        if not self.is_open(day):
            return None
        length = monthrange(day.year, day.month)[1]
        before = sum(self.is_open(day.replace(day=number)) for number in range(1, day.day))
        after = sum(self.is_open(day.replace(day=number)) for number in range(day.day + 1, length + 1))
        return before + 1, -after - 1

    def _is_holiday(self, day: date) -> bool:
        listed = self.holidays.get(day.year)
        return _is_holiday(day) if listed is None else day in listed


def known_holidays(year: int) -> dict[date, str]:
    """The national holidays of a year by the library, with their names."""
    return dict(jpholiday.year_holidays(year))


def _turn_of_year(day: date) -> bool:
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


@lru_cache(maxsize=4096)
def _is_holiday(day: date) -> bool:
    return bool(jpholiday.is_holiday(day))
