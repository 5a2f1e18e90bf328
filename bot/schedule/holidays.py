"""Days on which the town office is open, and the rules that move a date which falls on another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

_DAY = timedelta(days=1)


def is_business_day(day: date, closed: Collection[date] = ()) -> bool:
    """Whether offices are open: no weekend, no national holiday, not December 29 to January 3.

    国民の祝日に関する法律; 地方税法20条の5 and 地方自治法4条の2 for the turn of the year. `closed` are
    further days on which this office is shut.
    """
    return day not in closed and _is_open_everywhere(day)


@lru_cache(maxsize=4096)
def _is_open_everywhere(day: date) -> bool:
    turn_of_year = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return day.weekday() < 5 and not turn_of_year and not jpholiday.is_holiday(day)


def roll_forward(day: date, closed: Collection[date] = ()) -> date:
    """The day itself or the next on which offices are open: due dates of taxes (地方税法20条の5第2項)."""
    while not is_business_day(day, closed):
        day += _DAY
    return day


def roll_backward(day: date, closed: Collection[date] = ()) -> date:
    """The day itself or the last before it on which offices are open: payments such as 児童手当."""
    while not is_business_day(day, closed):
        day -= _DAY
    return day
