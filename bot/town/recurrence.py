"""The occurrences of events that repeat (RFC 5545 RRULE, RDATE, EXDATE), by dateutil."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice, takewhile

from bot.domain.clock import TOKYO
from bot.domain.events import Event, Repeats, midnight

_MOST = 1000
"""Occurrences of one event in a window: far above what any calendar of a town has in two years."""

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")


def occurring(events: Iterable[Event], first: date, last: date) -> list[Event]:
    """Every occurrence that touches the days from `first` to `last`, cancelled ones too, in order of time."""
    found = (each for event in events for each in _occurrences(event, first, last))
    touching = (each for each in found if each.first_day <= last and each.last_day >= first)
    return sorted(touching, key=lambda event: (event.start, not event.all_day, event.name, event.id))


def occurrence_id(event: str, start: datetime, *, all_day: bool) -> str:
    """The id of one occurrence: the event's, and when it begins, in Tokyo, by the rule."""
    return f"{event}/{start:%Y%m%d}" if all_day else f"{event}/{start:%Y%m%dT%H%M}"


def fault_of_rule(repeats: Repeats) -> str | None:
    """Why a rule cannot be used, in Japanese; None if it can. A rule that never comes true is one that cannot."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415  only towns with an events.ics need it

    parts = dict(part.partition("=")[::2] for part in repeats.rule.upper().split(";"))
    if parts.get("FREQ") not in _FREQUENCIES:
        return f"くり返し(RRULE)は、毎日・毎週・毎月・毎年のどれかにしてください(いまは {repeats.rule})。"
    nowhere = f"くり返し(RRULE)に当たる日がありません(いまは {repeats.rule})。"
    if not _comes_true(parts):
        return nowhere
    try:
        rule = rrulestr(repeats.rule, dtstart=repeats.start.replace(tzinfo=None))
        if next(iter(rule), None) is None:
            return nowhere
    except (ValueError, TypeError, KeyError) as error:
        return f"くり返し(RRULE)の「{repeats.rule}」を読めません({error})。"
    return None


def _comes_true(parts: dict[str, str]) -> bool:
    """Whether some month has such a day: dateutil would spend seconds looking for one until the year 9999."""
    try:
        months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month] or range(1, 13)
        days = [int(day) for day in parts.get("BYMONTHDAY", "").split(",") if day]
        longest = max(calendar.monthrange(2028, month)[1] for month in months)
    except (ValueError, IndexError):
        return False
    return not days or any(1 <= abs(day) <= longest for day in days)


def _occurrences(event: Event, first: date, last: date) -> Iterator[Event]:
    if event.repeats is None:
        yield event
        return
    length = event.end - event.start
    for start in _starts(event.repeats, midnight(first) - length, midnight(last + timedelta(days=1))):
        own = start if event.all_day else start.astimezone(TOKYO)
        begin = midnight(own.date()) if event.all_day else own
        own_id = occurrence_id(event.id, begin, all_day=event.all_day)
        yield replace(event, id=own_id, start=begin, end=begin + length, repeats=None)


def _starts(repeats: Repeats, after: datetime, before: datetime) -> list[datetime]:
    """When it starts, from `after` to `before`, in its own zone; the rule is reckoned in that zone's local time."""
    from dateutil.rrule import rrulestr  # noqa: PLC0415  see fault_of_rule

    zone = repeats.start.tzinfo
    starts = {repeats.start, *repeats.added}
    if repeats.rule:
        rule = rrulestr(repeats.rule, dtstart=repeats.start.replace(tzinfo=None))
        begin, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (after, before))
        found = takewhile(lambda each: each < end, rule.xafter(begin, inc=True))
        starts |= {each.replace(tzinfo=zone) for each in islice(found, _MOST)}
    return sorted(s for s in starts - repeats.excluded if after <= s < before)
