"""From a rule to its occurrences in a span of time: pure, and in order."""

from __future__ import annotations

import calendar as months
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.domain.clock import TOKYO
from bot.domain.months import month_of, months_before
from bot.schedule import crontab, stages
from bot.schedule.garbage import EVENING, MORNING, GarbagePlan
from bot.schedule.rules import (
    ChildAge,
    ChildStages,
    Cron,
    FromDates,
    GarbageDays,
    Monthly,
    Moved,
    Occurrence,
    OnDates,
    Rule,
    Weekly,
)

_DAY = timedelta(days=1)
_HORIZON = timedelta(days=5 * 366)
_LONGEST_CLOSED = timedelta(days=31)
"""No office is closed for longer, so no occurrence moves further."""


def occurrences(rule: Rule, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Every occurrence with `after` < at <= `until`, in the order of (at, key).

    Keys are unique within a notice and stay the same when a date of the calendar moves: `2026-11-24`,
    `2026-11-24T09:00` (cron), `固定資産税/2026/3/-7` (days before), `2026-03/18` (month of birth and age in
    months), `2026-11` (all ages or stages of a month), `2026-11-24/evening` (garbage: the day of collection).
    """
    after, until = after.astimezone(TOKYO), until.astimezone(TOKYO)
    match rule:
        case OnDates(dates, at):
            return _on(at, after, until, lambda day: day in dates)
        case Weekly(weekdays, at):
            return _on(at, after, until, lambda day: day.weekday() in weekdays)
        case Monthly():
            return _on(rule.at, after, until, lambda day: _is_monthly(day, rule))
        case Cron(expression):
            moments = crontab.moments(expression, after, until)
            return (_dated(moment, f"{moment:%Y-%m-%dT%H:%M}") for moment in moments)
        case FromDates():
            return _from_dates(rule, after, until)
        case ChildAge():
            return _child_age(rule, after, until)
        case ChildStages():
            return _child_stages(rule, after, until)
        case GarbageDays():
            return _garbage_days(rule, after, until)
        case Moved():
            return _moved(rule, after, until)


def next_occurrence(rule: Rule, after: datetime, within: timedelta = _HORIZON) -> Occurrence | None:
    """The first occurrence after a moment; None if there is none within five years, or so much time."""
    return next(occurrences(rule, after, after + within), None)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, TOKYO)


def _dated(moment: datetime, key: str) -> Occurrence:
    return Occurrence(moment, key, {"date": moment.date().isoformat()}, about=moment.date())


def _moments(at: time, after: datetime, until: datetime) -> Iterator[datetime]:
    """The clock time `at` of every day on which it lies in (after, until]."""
    day = after.date()
    while (moment := _at(day, at)) <= until:
        if moment > after:
            yield moment
        day += _DAY


def _on(at: time, after: datetime, until: datetime, fits: Callable[[date], bool]) -> Iterator[Occurrence]:
    for moment in _moments(at, after, until):
        if fits(moment.date()):
            yield _dated(moment, moment.date().isoformat())


def _is_monthly(day: date, rule: Monthly) -> bool:
    if day.month not in rule.months:
        return False
    is_last = day.day == months.monthrange(day.year, day.month)[1]
    nth_weekday = ((day.day - 1) // 7 + 1, day.weekday())
    if day.day in rule.days or (is_last and -1 in rule.days) or nth_weekday in rule.nth_weekdays:
        return True
    return any(
        place in rule.open_days for place in (rule.open_days and rule.office.place_in_month(day)) or ()
    )


def _from_dates(rule: FromDates, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """The earliest first; entries of a calendar need not be in order."""
    found = []
    for entry in rule.entries:
        for days in set(rule.days):
            at = _at(entry.day + timedelta(days=days), rule.at)
            if after < at <= until:
                count = {"days_since": str(days)} if days > 0 else {"days_left": str(-days)}
                context = {"due_date": entry.day.isoformat(), **entry.context, **count}
                key = f"{entry.key}/{'+' if days > 0 else '-'}{abs(days)}"
                found.append(Occurrence(at, key, context, about=entry.day, subject=entry.key))
    yield from sorted(found, key=_order)


def _child_age(rule: ChildAge, after: datetime, until: datetime) -> Iterator[Occurrence]:
    for moment in _moments(rule.at, after, until):
        if moment.day != rule.day:
            continue
        born = {age: months_before(month_of(moment), age) for age in rule.months}
        # An older child's month of birth sorts first, so this is the order of the keys.
        found = [
            {"key": f"{birth_month}/{age}", "birth_month": birth_month, "age_months": str(age)}
            for age, birth_month in sorted(born.items(), reverse=True)
        ]
        if rule.together:
            yield Occurrence(moment, month_of(moment), items=tuple(found))
            continue
        for item in found:
            context = {name: value for name, value in item.items() if name != "key"}
            yield Occurrence(moment, item["key"], context)


def _child_stages(rule: ChildStages, after: datetime, until: datetime) -> Iterator[Occurrence]:
    for moment in _moments(rule.at, after, until):
        if moment.day == rule.day and (found := tuple(stages.items(rule.stages, month_of(moment)))):
            yield Occurrence(moment, month_of(moment), about=moment.date(), items=found)


def told_and_open(rule: ChildStages, birth_month: str, now: datetime) -> tuple[stages.Stage, ...]:
    """The stages that a child can still begin and whose opening has been told; this month's may be told later."""
    now = now.astimezone(TOKYO)
    month = month_of(now.date())
    is_told = now >= _at(now.date().replace(day=rule.day), rule.at)
    return tuple(
        stage
        for stage in stages.open_stages(rule.stages, birth_month, month)
        if stage.can_begin(birth_month, month) and (is_told or stage.first(birth_month) < month)
    )


def _garbage_days(rule: GarbageDays, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Day by day: of each its morning, and its evening for the day that follows."""
    day = after.date()
    today = rule.plan.collections(day) if rule.morning else {}
    while _at(day, time()) <= until:
        tomorrow = rule.plan.collections(day + _DAY)
        found = []
        if rule.morning is not None and today:
            found.append(_collection(rule, MORNING, _at(day, rule.morning), day, today))
        if rule.evening is not None and tomorrow:
            found.append(_collection(rule, EVENING, _at(day, rule.evening), day + _DAY, tomorrow))
        yield from sorted((each for each in found if after < each.at <= until), key=_order)
        day, today = day + _DAY, tomorrow


def _collection(
    rule: GarbageDays, when: str, at: datetime, day: date, collections: Mapping[str, tuple[str, ...]]
) -> Occurrence:
    only = f"garbage_time {'=' if when == MORNING else '!='} {MORNING}" if rule.is_chosen else ""
    context = garbage_context(rule.plan, when, day, collections)
    return Occurrence(
        at,
        f"{day.isoformat()}/{when}",
        context,
        about=day,
        only=only,
        is_chosen=rule.is_chosen and when == MORNING,
    )


def garbage_context(
    plan: GarbagePlan, when: str, day: date, collections: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """What templates are told of a day of collection; `days_left` is 1 the evening before and 0 in the morning."""
    collected = {
        area: [
            {
                "name": each.category.name,
                "labels": each.category.words,
                "remarks": [remark.words for remark in each.remarks],
            }
            for each in plan.collected(area, categories, day)
        ]
        for area, categories in collections.items()
    }
    return {
        "date": day.isoformat(),
        "when": when,
        "days_left": "1" if when == EVENING else "0",
        "deadline": f"{plan.deadline:%H:%M}",
        "areas": list(collections),
        "collected": collected,
    }


def _moved(rule: Moved, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """An occurrence keeps its key and tells both dates; two that meet on one day both come."""
    found = []
    for occurrence in occurrences(rule.rule, after - _LONGEST_CLOSED, until + _LONGEST_CLOSED):
        base = occurrence.at.date()
        day = rule.office.moved(base, rule.on_closed)
        if day is not None and after < _at(day, occurrence.at.time()) <= until:
            found.append(_on_another_day(occurrence, day))
    yield from sorted(found, key=_order)


def _on_another_day(occurrence: Occurrence, day: date) -> Occurrence:
    """What speaks of its own day speaks of the other now."""
    base = occurrence.at.date()
    moved = replace(occurrence, at=_at(day, occurrence.at.time()))
    if occurrence.about != base or "date" not in occurrence.context:
        return moved
    dates = {"date": day.isoformat(), "base_date": base.isoformat()}
    return replace(moved, context={**occurrence.context, **dates}, about=day)


def _order(occurrence: Occurrence) -> tuple[datetime, str]:
    return occurrence.at, occurrence.key
