"""Cron expressions, with APScheduler's arithmetic and cron's own meaning of weekdays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from apscheduler.triggers.cron import CronTrigger

from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError

_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAYS = re.compile(r"(?P<first>\*|[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?(?:/(?P<step>[1-7]))?")
_FIELDS = {"minute": "分(0〜59)", "hour": "時(0〜23)", "day": "日(1〜31)", "month": "月(1〜12)"}
"""APScheduler's names of the fields, and what a clerk may write in each."""
_MINUTE = timedelta(minutes=1)
_LEAP_YEAR = 2028
"""Every day that exists at all exists in it."""


def check(expression: str) -> None:
    """Make sure that a cron expression can be read and that its day exists.

    Raises:
        InvalidInputError: it cannot, or it does not (February 30).
    """
    _trigger(expression)


def moments(expression: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment of a cron expression in (after, until], Asia/Tokyo.

    Raises:
        InvalidInputError: see `check`.
    """
    earliest = after.astimezone(TOKYO).replace(second=0, microsecond=0) + _MINUTE
    while earliest <= until:  # a span without a whole minute, such as a second's, costs no search
        moment = _trigger(expression).get_next_fire_time(None, earliest)
        if moment is None or moment > until:
            return
        yield moment
        earliest = moment + _MINUTE


@lru_cache(maxsize=256)
def _trigger(expression: str) -> CronTrigger:
    fields = expression.split()
    if len(fields) != 5:
        raise InvalidInputError(
            f"cron「{expression}」は「分 時 日 月 曜日」の5つを空白で区切って書いてください。"
        )
    *numbers, weekday = fields
    if numbers[2] != "*" and weekday != "*":
        raise InvalidInputError(f"cron「{expression}」の日と曜日は、どちらかを * にしてください。")
    named = dict(zip(_FIELDS, numbers, strict=True))
    for name, text in named.items():
        _check_field(expression, name, text)
    try:
        named["day_of_week"] = _weekdays(weekday)
    except ValueError:
        raise InvalidInputError(
            f"cron「{expression}」の曜日「{weekday}」が読めません。"
            "0(日)〜6(土)の数か sun〜sat を、1-5 や mon,thu の形で書いてください。"
        ) from None
    leap_year = CronTrigger(year=_LEAP_YEAR, timezone=TOKYO, **named)
    if leap_year.get_next_fire_time(None, datetime(_LEAP_YEAR, 1, 1, tzinfo=TOKYO)) is None:
        raise InvalidInputError(f"cron「{expression}」の日付は暦にありません。日と月を確かめてください。")
    return CronTrigger(timezone=TOKYO, **named)


def _check_field(expression: str, name: str, text: str) -> None:
    try:
        CronTrigger(timezone=TOKYO, **{name: text})
    except ValueError:
        raise InvalidInputError(
            f"cron「{expression}」の{_FIELDS[name]}の欄「{text}」が読めません。"
            "数を、* や */5 や 1-5 や 1,15 の形で書いてください。"
        ) from None


def _weekdays(field: str) -> str:
    """Cron's weekdays (0 and 7 are Sunday) by name: APScheduler counts from Monday and would fire a day late.

    cron itself fires on either when both a day and a weekday are given; that trap is refused above.
    """
    if field == "*":
        return field
    return ",".join(_NAMES[number] for part in field.lower().split(",") for number in _numbers(part))


def _numbers(part: str) -> list[int]:
    found = _WEEKDAYS.fullmatch(part)
    if not found:
        raise ValueError(f"曜日 {part}")
    first = 0 if found["first"] == "*" else _number(found["first"])
    # A step without an end runs to Saturday, as `5/10` in the minutes runs to 59.
    open_end = 6 if found["first"] == "*" or found["step"] else first
    last = _number(found["last"]) if found["last"] else open_end
    if last < first:
        last += 7
    return sorted({number % 7 for number in range(first, last + 1, int(found["step"] or 1))})


def _number(word: str) -> int:
    if word.isdecimal():
        return int(word)
    if word not in _NAMES:
        raise ValueError(f"曜日 {word}")
    return _NAMES.index(word)
