"""From a rule to its occurrences in a span of time: pure, in order, and cheap when there are none."""

from __future__ import annotations

import calendar as months
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from bot.domain.clock import TOKYO
from bot.domain.months import month_of, months_before
from bot.schedule import crontab
from bot.schedule.rules import (
    CalendarEntry,
    ChildAge,
    Cron,
    DaysBefore,
    Monthly,
    Occurrence,
    OnDates,
    Rule,
    Weekly,
)

_DAY = timedelta(days=1)
_HORIZON = timedelta(days=5 * 366)


def occurrences(
    rule: Rule, calendar: Sequence[CalendarEntry], after: datetime, until: datetime
) -> Iterator[Occurrence]:
    """Every occurrence with `after` < at <= `until`, in the order of (at, key).

    Keys are unique within a notice and stay the same when a date of the calendar moves: `2026-11-24`,
    `2026-11-24T09:00` (cron), `固定資産税/2026/3/-7` (days before), `2026-03/18` (month of birth and age in
    months).
    """
    after, until = after.astimezone(TOKYO), until.astimezone(TOKYO)
    match rule:
        case OnDates(dates, at):
            return _on(at, after, until, lambda day: day in dates)
        case Weekly(weekdays, at):
            return _on(at, after, until, lambda day: day.weekday() in weekdays)
        case Monthly(at, days, nth_weekdays):
            return _on(at, after, until, lambda day: _is_monthly(day, days, nth_weekdays))
        case Cron(expression):
            moments = crontab.moments(expression, after, until)
            return (Occurrence(moment, f"{moment:%Y-%m-%dT%H:%M}") for moment in moments)
        case DaysBefore():
            return _days_before(rule, calendar, after, until)
        case ChildAge():
            return _child_age(rule, after, until)


def next_occurrence(rule: Rule, calendar: Sequence[CalendarEntry], after: datetime) -> Occurrence | None:
    """The first occurrence after a moment; None if there is none in the next five years."""
    return next(occurrences(rule, calendar, after, after + _HORIZON), None)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, TOKYO)


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
            yield Occurrence(moment, moment.date().isoformat())


def _is_monthly(day: date, days: Sequence[int], nth_weekdays: Sequence[tuple[int, int]]) -> bool:
    is_last = day.day == months.monthrange(day.year, day.month)[1]
    return (
        day.day in days or (is_last and -1 in days) or ((day.day - 1) // 7 + 1, day.weekday()) in nth_weekdays
    )


def _days_before(
    rule: DaysBefore, calendar: Sequence[CalendarEntry], after: datetime, until: datetime
) -> Iterator[Occurrence]:
    """The earliest first; entries of a calendar need not be in order."""
    if not any(_moments(rule.at, after, until)):
        return  # as nearly every second of the day: the calendar need not be read
    found = []
    for entry in calendar:
        for days in set(rule.days):
            at = _at(entry.day - timedelta(days=days), rule.at)
            if after < at <= until:
                context = {"due_date": entry.day.isoformat(), **entry.context, "days_left": str(days)}
                found.append(Occurrence(at, f"{entry.key}/-{days}", context))
    yield from sorted(found, key=lambda occurrence: (occurrence.at, occurrence.key))


def _child_age(rule: ChildAge, after: datetime, until: datetime) -> Iterator[Occurrence]:
    for moment in _moments(rule.at, after, until):
        if moment.day != rule.day:
            continue
        born = {age: months_before(month_of(moment), age) for age in rule.months}
        # An older child's month of birth sorts first, so this is the order of the keys.
        for age, birth_month in sorted(born.items(), reverse=True):
            context = {"birth_month": birth_month, "age_months": str(age)}
            yield Occurrence(moment, f"{birth_month}/{age}", context)
