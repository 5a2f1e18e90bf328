"""Finds notices that tell the same residents the same at the same time, however they are written."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import segments
from bot.domain.clock import TOKYO
from bot.rendering import RenderError, Templates
from bot.schedule.occurrences import occurrences
from bot.schedule.rules import Occurrence
from bot.town.model import Notice, Town
from bot.town.segment_words import notice_segment, vocabulary

_YEAR = timedelta(days=366)


def doubles(town: Town, templates: Templates, today: date) -> Iterator[tuple[Notice, Notice]]:
    """Pairs of notices whose times of a year, audiences and words are the same; titles are for staff alone."""
    begin = datetime.combine(today, time(), TOKYO)
    alike: dict[Hashable, list[tuple[Notice, list[Occurrence]]]] = {}
    for notice in town.notices:
        found = list(occurrences(notice.rule, begin, begin + _YEAR))
        if found:
            alike.setdefault(tuple(each.at for each in found), []).append((notice, found))
    for group in alike.values():
        said: dict[Hashable, list[Notice]] = {}
        for notice, found in group if len(group) > 1 else ():
            said.setdefault(_said(town, templates, notice, found), []).append(notice)
        for same in said.values():
            yield from ((first, notice) for n, notice in enumerate(same) for first in same[:n])


def _said(town: Town, templates: Templates, notice: Notice, found: list[Occurrence]) -> Hashable:
    """To whom each occurrence goes, and what the first and the last say."""
    contexts = [_context(notice, occurrence) for occurrence in found]
    words = vocabulary(town)
    people = tuple(
        str(segments.parse(notice_segment(town, notice, context, occurrence.only), words))
        for context, occurrence in zip(contexts, found, strict=True)
    )
    return people, *(_text(templates, notice, context) for context in (contexts[0], contexts[-1]))


def _context(notice: Notice, occurrence: Occurrence) -> dict[str, Any]:
    context: dict[str, Any] = {**notice.context, **occurrence.context}
    if occurrence.items:
        context["items"] = list(occurrence.items)
        context["birth_months"] = sorted({item["birth_month"] for item in occurrence.items})
    return context


def _text(templates: Templates, notice: Notice, context: dict[str, Any]) -> str:
    """The messages; of a digest, whose words come from its week, the template and what is given to it."""
    try:
        return repr(templates.render_all(notice.template, context))
    except RenderError:
        return repr((notice.template, sorted(notice.context.items())))
