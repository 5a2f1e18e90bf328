"""Proves each notice with an occurrence of its own: template, variables, segment, rendered message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import segments
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.rendering import RenderError, Templates, fault_of
from bot.schedule.rules import ChildAge
from bot.town.model import PLACEHOLDER, Notice, Town
from bot.town.notices import Entry
from bot.town.segment_words import notice_segment, vocabulary


def notice_faults(town: Town, entries: Iterable[Entry], templates: Templates) -> Iterator[Fault]:
    """Every fault of the notices that shows only beside the town's other files."""
    for entry in entries:
        yield from _faults(town, entry, templates)


def _sample(notice: Notice) -> dict[str, str]:
    """The variables of one occurrence."""
    given = dict(notice.context)
    if notice.calendar:
        entry = notice.calendar[0]
        given |= {**entry.context, "due_date": entry.day.isoformat(), "days_left": "1"}
    if isinstance(notice.rule, ChildAge):
        given |= {"birth_month": "2026-03", "age_months": str(notice.rule.months[0])}
    return given


def _faults(town: Town, entry: Entry, templates: Templates) -> Iterator[Fault]:
    notice, file = entry.notice, entry.table.faults.file

    def fault(key: str, message: str) -> Fault:
        return Fault(file, entry.table.line(key), message)

    context = _sample(notice)
    for placeholder in PLACEHOLDER.findall(notice.title):
        if placeholder not in context:
            near = did_you_mean(placeholder, context)
            yield fault("title", f"題名の {{{placeholder}}} に入る値がありません。{near}")
    try:
        segments.parse(notice_segment(town, notice, context), vocabulary(town))
    except segments.SegmentError as error:
        yield fault("segment", f"対象「{notice.segment}」: {error.reason}")
    if notice.template not in templates.names():
        near = did_you_mean(notice.template, templates.names())
        yield fault("template", f"ひな型「{notice.template}」はありません。{near}")
        return
    try:
        templates.render_all(notice.template, context)
    except RenderError as error:
        yield fault("template", str(fault_of(error)))
