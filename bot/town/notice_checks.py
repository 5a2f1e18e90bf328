"""Proves each notice with an occurrence of its own: template, variables, segment, rendered message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import segments
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.rendering import RenderError, Templates, fault_of
from bot.schedule.rules import ChildAge, DaysBefore
from bot.town.model import PLACEHOLDER, Notice, Town
from bot.town.notices import Entry
from bot.town.segment_words import notice_segment, vocabulary


def notice_faults(town: Town, entries: Iterable[Entry], templates: Templates) -> Iterator[Fault]:
    """Every fault of the notices that shows only beside the town's other files, each once."""
    for entry in entries:
        yield from dict.fromkeys(_faults(town, entry, templates))


def _samples(notice: Notice) -> Iterator[dict[str, str]]:
    """Variables of occurrences: every date of a calendar, every number of days left, every age."""
    match notice.rule:
        case DaysBefore(days):
            for number, entry in enumerate(notice.calendar):
                for left in days if number == 0 else days[:1]:
                    own = {"due_date": entry.day.isoformat(), "days_left": str(left)}
                    yield {**notice.context, **entry.context, **own}
        case ChildAge(months):
            for age in months:
                yield {**notice.context, "birth_month": "2026-03", "age_months": str(age)}
        case _:
            yield dict(notice.context)


def _faults(town: Town, entry: Entry, templates: Templates) -> Iterator[Fault]:
    """What keeps an occurrence from going out; keys that are empty have their fault already."""
    notice, table, words = entry.notice, entry.table, vocabulary(town)

    def fault(key: str, message: str) -> Fault:
        return Fault(table.faults.file, table.line(key), message)

    known = notice.template in templates.names()
    if notice.template and not known:
        near = did_you_mean(notice.template, templates.names())
        yield fault("template", f"ひな型「{notice.template}」はありません。{near}")
    for context in _samples(notice):
        for placeholder in PLACEHOLDER.findall(notice.title):
            if placeholder not in context:
                near = did_you_mean(placeholder, context)
                yield fault("title", f"題名の {{{placeholder}}} に入る値がありません。{near}")
        try:
            if notice.segment:
                segments.parse(notice_segment(town, notice, context), words)
        except segments.SegmentError as error:
            yield fault("segment", f"対象「{notice.segment}」: {error.reason}")
        try:
            if known:
                templates.render_all(notice.template, context)
        except RenderError as error:
            yield fault("template", str(fault_of(error)))
