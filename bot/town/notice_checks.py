"""Proves each notice with an occurrence of its own: time, template, variables, segment, rendered message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

import segments
from bot.domain.broadcasts import Priority
from bot.domain.clock import TOKYO
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.domain.residents import Fact
from bot.rendering import EXAMPLE, RenderError, Templates, fault_of
from bot.schedule import crontab
from bot.schedule.garbage import EVENING, MORNING
from bot.schedule.occurrences import garbage_context
from bot.schedule.rules import (
    ChildAge,
    ChildStages,
    Cron,
    FromDates,
    GarbageDays,
    Monthly,
    Moved,
    OnDates,
    Rule,
    Weekly,
)
from bot.town.model import PLACEHOLDER, Notice, Town
from bot.town.notices import Entry
from bot.town.segment_words import notice_segment, vocabulary

_TABLES: Mapping[type[Rule], str] = {
    Weekly: "weekly",
    Monthly: "monthly",
    ChildAge: "child_age",
    ChildStages: "child_stages",
    GarbageDays: "garbage",
}
"""The rules that are a table with its own `time`."""
_ANY_DAY = datetime(2026, 4, 1, tzinfo=TOKYO)
_BORN = EXAMPLE.values(Fact.BIRTH_MONTH)[0]
"""When the example's child was born."""
_A_WEEK = {
    "first_day": "2026-04-01",
    "last_day": "2026-04-07",
    "more_events": "0",
    "more_news": "0",
} | dict.fromkeys(("events", "events_easy", "events_en", "news"), "見本")
"""What a digest tells in some week."""
_MINUTE = timedelta(minutes=1)


def notice_faults(
    town: Town, entries: Iterable[Entry], templates: Templates, *, render_all: bool
) -> Iterator[Fault]:
    """Every fault of the notices that shows only beside the town's other files, each once.

    Titles and segments are proved for every occurrence; messages for the first, or for all with `render_all`,
    which takes a multiple of the time.
    """
    for entry in entries:
        samples = [entry.notice.filled(sample, _ANY_DAY.date()) for sample in _samples(entry.notice)]
        rendered = samples if render_all else samples[:1]
        found = [
            *_quiet(town, entry),
            *_wording(town, entry, samples),
            *_messages(entry, rendered, templates),
        ]
        yield from dict.fromkeys(found)


def _plain(rule: Rule) -> Rule:
    return rule.rule if isinstance(rule, Moved) else rule


def _samples(notice: Notice) -> Iterator[dict[str, Any]]:
    """Variables of occurrences: every date of a calendar, every number of days left, every age and stage."""
    if notice.digest:
        yield {**notice.context, **_A_WEEK}
        return
    match _plain(notice.rule):
        case FromDates(entries, days):
            for number, entry in enumerate(entries):
                for away in days if number == 0 else days[:1]:
                    count = {"days_since": str(away)} if away > 0 else {"days_left": str(-away)}
                    yield {"due_date": entry.day.isoformat(), **notice.context, **entry.context, **count}
        case ChildStages(stages):
            for stage in stages:
                item = {**stage.context, "stage": stage.key, "birth_month": _BORN, "when": "first"}
                yield {**notice.context, "items": [item], "birth_months": [_BORN]}
        case ChildAge() as rule:
            yield from ({**notice.context, **sample} for sample in _age_samples(rule))
        case GarbageDays() as rule:
            yield from ({**notice.context, **sample} for sample in _garbage_samples(rule))
        case _:
            dates = {"date": _ANY_DAY.date().isoformat(), "base_date": _ANY_DAY.date().isoformat()}
            yield {**notice.context, **(dates if isinstance(notice.rule, Moved) else {"date": dates["date"]})}


def _age_samples(rule: ChildAge) -> Iterator[dict[str, Any]]:
    found = [{"birth_month": _BORN, "age_months": str(age)} for age in rule.months]
    if rule.together:
        yield {"items": found, "birth_months": [_BORN]}
    else:
        yield from found


def _garbage_samples(rule: GarbageDays) -> Iterator[dict[str, Any]]:
    """A day on which everything is collected everywhere: whatever can be said is said."""
    collections = {area.name: tuple(area.patterns) for area in rule.plan.areas}
    for when, at in ((EVENING, rule.evening), (MORNING, rule.morning)):
        if at is not None and collections:
            yield garbage_context(rule.plan, when, _ANY_DAY.date(), collections)


def _quiet(town: Town, entry: Entry) -> Iterator[Fault]:
    """A fault if the notice would have to wait, each time or at times, for the quiet hours to be over."""
    hours, rule, faults = town.quiet_hours, _plain(entry.notice.rule), entry.table.faults
    if hours is None or entry.notice.priority > Priority.NORMAL:
        return
    line = _time_line(entry)
    if any(fault.line == line for fault in faults.found):
        return  # what stands there could not be read: the rule holds another time in its place
    held = next((clock for clock in clocks(rule) if hours.holds_clock(clock)), None)
    if held is not None:
        why = f"{held:%H:%M} は配信を控える時間({hours})なので、{hours.end:%H:%M} まで届きません。"
        remedy = '時刻を変えるか、急ぐお知らせなら priority = "urgent" と書いてください。'
        yield Fault(faults.file, line, why + remedy)


def _time_line(entry: Entry) -> int:
    """The line that says at what time of day the notice goes out."""
    rule = _plain(entry.notice.rule)
    if isinstance(rule, FromDates):
        key = next(key for key in ("days_before", "days_after") if key in entry.table)
        return entry.table.table(key, required=False).line("time")
    if isinstance(rule, GarbageDays):
        return entry.table.table("garbage", required=False).line(EVENING if rule.evening else MORNING)
    if isinstance(rule, Cron):
        return entry.table.line("cron")
    if isinstance(rule, OnDates):
        return entry.table.line("time")
    return entry.table.table(_TABLES[type(rule)], required=False).line("time")


def clocks(rule: Rule) -> Iterator[time]:
    """Every time of day at which a rule can fire.

    The days of a cron expression do not matter for it, so that any one day has all of its times.
    """
    if isinstance(rule, Moved):
        yield from clocks(rule.rule)
        return
    if isinstance(rule, GarbageDays):
        # The morning of those who chose it goes out in the quiet hours, too.
        yield from [each for each in (rule.evening or rule.morning,) if each is not None]
        return
    if not isinstance(rule, Cron):
        yield rule.at
        return
    minute, hour, *_ = rule.expression.split()
    until = _ANY_DAY + timedelta(days=1) - _MINUTE
    for moment in crontab.moments(f"{minute} {hour} * * *", _ANY_DAY - _MINUTE, until):
        yield moment.time()


def _wording(town: Town, entry: Entry, samples: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Faults of the title and the segment; a segment that is missing has its fault already."""
    notice, words = entry.notice, vocabulary(town)
    for context in samples:
        for placeholder in PLACEHOLDER.findall(notice.title):
            if placeholder not in context:
                near = did_you_mean(placeholder, context)
                yield _fault(entry, "title", f"題名の {{{placeholder}}} に入る値がありません。{near}")
        try:
            if notice.segment:
                segments.parse(notice_segment(town, notice, context), words)
        except segments.SegmentError as error:
            yield _fault(entry, "segment", f"対象「{notice.segment}」: {error.reason}")


def _messages(entry: Entry, samples: Iterable[Mapping[str, Any]], templates: Templates) -> Iterator[Fault]:
    """Faults of the template with the variables it would be given; one that is missing has its fault already."""
    name = entry.notice.template
    if name and name not in templates.names():
        near = did_you_mean(name, templates.names())
        yield _fault(entry, "template", f"ひな型「{name}」はありません。{near}")
    if name not in templates.names():
        return
    for context in samples:
        try:
            templates.render_all(name, context)
        except RenderError as error:
            yield _fault(entry, "template", str(fault_of(error)))


def _fault(entry: Entry, key: str, message: str) -> Fault:
    return Fault(entry.table.faults.file, entry.table.line(key), message)
