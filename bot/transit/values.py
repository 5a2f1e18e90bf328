"""The times and dates of GTFS; https://gtfs.org/documentation/schedule/reference/#field-types."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_TIME = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?")
_DATE = re.compile(r"(20[0-9]{2})[-/]?([01][0-9])[-/]?([0-3][0-9])")
LONGEST_DAY = timedelta(hours=48)
"""A service day may run past midnight, up to this."""


def seconds(text: str) -> int:
    """Seconds since the start of the service day of `HH:MM:SS`, which may be past 24:00:00.

    The day starts at noon minus 12 hours; Japan has no daylight saving time, so that is midnight.

    Raises:
        ValueError: it is no such time, in Japanese.
    """
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) >= LONGEST_DAY.total_seconds() // 3600:
        raise ValueError(f"「{text}」は時刻ではありません。25:10:00 のように書いてください。")
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)


@lru_cache(maxsize=8192)
def day(text: str) -> date:
    """A date `YYYYMMDD`; one with `-` or `/`, as spreadsheets write it, too.

    Raises:
        ValueError: it is no date, in Japanese.
    """
    found = _DATE.fullmatch(text)
    try:
        if not found:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise ValueError(f"「{text}」は日付ではありません。20270331 のように書いてください。") from None
