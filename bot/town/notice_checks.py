"""Proves each notice with an occurrence of its own: template, variables, segment, rendered message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import segments
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.rendering import RenderError, Templates, fault_of
from bot.schedule.rules import ChildAge, DaysBefore
from bot.town.model import PLACEHOLDER, Notice, Town
from bot.town.notices import Entry
from bot.town.segment_words import notice_segment, vocabulary


def notice_faults(
    town: Town, entries: Iterable[Entry], templates: Templates, *, render_all: bool
) -> Iterator[Fault]:
    """Every fault of the notices that shows only beside the town's other files, each once.

    Titles and segments are proved for every occurrence; messages for the first, or for all with `render_all`,
    which takes a multiple of the time.
    """
    for entry in entries:
        samples = list(_samples(entry.notice))
        rendered = samples if render_all else samples[:1]
        found = [*_wording(town, entry, samples), *_messages(entry, rendered, templates)]
        yield from dict.fromkeys(found)


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


def _wording(town: Town, entry: Entry, samples: Iterable[Mapping[str, str]]) -> Iterator[Fault]:
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


def _messages(entry: Entry, samples: Iterable[Mapping[str, str]], templates: Templates) -> Iterator[Fault]:
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
