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
_WEEKDAYS = re.compile(r"(?P<first>\*|[0-7]|[a-z]{3})(?:-(?P<last>[0-7]|[a-z]{3}))?(?:/(?P<step>\d{1,2}))?")
_MINUTE = timedelta(minutes=1)


def check(expression: str) -> None:
    """Make sure that a cron expression can be read.

    Raises:
        InvalidInputError: it cannot.
    """
    _trigger(expression)


def moments(expression: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment of a cron expression in (after, until], Asia/Tokyo."""
    trigger = _trigger(expression)
    moment = trigger.get_next_fire_time(None, after.astimezone(TOKYO) + timedelta(microseconds=1))
    while moment is not None and moment <= until:
        yield moment
        moment = trigger.get_next_fire_time(None, moment + _MINUTE)


@lru_cache(maxsize=256)
def _trigger(expression: str) -> CronTrigger:
    fields = expression.split()
    if len(fields) != 5:
        raise InvalidInputError(
            f"cron「{expression}」は「分 時 日 月 曜日」の5つを空白で区切って書いてください。"
        )
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise InvalidInputError(f"cron「{expression}」の日と曜日は、どちらかを * にしてください。")
    try:
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=TOKYO
        )
    except ValueError as error:
        raise InvalidInputError(f"cron「{expression}」が読めません({error})。") from None


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
    last = 6 if found["first"] == "*" else _number(found["last"] or found["first"])
    if last < first:
        last += 7
    return sorted({number % 7 for number in range(first, last + 1, int(found["step"] or 1))})


def _number(word: str) -> int:
    if word.isdecimal():
        return int(word)
    if word not in _NAMES:
        raise ValueError(f"曜日 {word}")
    return _NAMES.index(word)
