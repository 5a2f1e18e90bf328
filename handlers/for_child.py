"""What is open to a child who is registered late: what others have been told already and will not be told again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

import segments
from bot.domain.clock import TOKYO
from bot.domain.residents import Fact
from bot.schedule.occurrences import occurrences, told_and_open
from bot.schedule.rules import ChildAge, ChildStages, FromDates, Moved
from bot.town import notice_segment, vocabulary
from bot.town.model import Notice
from handlers.scene import Scene

_NAMES = ("name", "check", "what", "heading")
"""Columns of tables, and words of a notice's context, that name what it is about."""


def open_now(scene: Scene, birth_month: str) -> list[str]:
    """One line each: stages that are open, what this month's age brings, and days to come."""
    lines: list[str] = []
    for notice in scene.town.notices:
        rule = notice.rule.rule if isinstance(notice.rule, Moved) else notice.rule
        match rule:
            case ChildStages():
                stages = told_and_open(rule, birth_month, scene.now)
                lines += (_line(scene, notice, each.context) for each in stages)
            case ChildAge():
                lines += (_line(scene, notice, each) for each in _ages(scene, notice, birth_month))
            case FromDates():
                lines += _days(scene, notice, rule, birth_month)
    return list(dict.fromkeys(lines))


def _ages(scene: Scene, notice: Notice, birth_month: str) -> Iterator[Mapping[str, str]]:
    """What has gone out this month for the children of a month of birth."""
    now = scene.now.astimezone(TOKYO)
    month = datetime.combine(now.date().replace(day=1), time.min, TOKYO)
    for occurrence in occurrences(notice.rule, month, now):
        for context in occurrence.items or (occurrence.context,):
            about = {**context, "birth_months": [birth_month]}
            if context["birth_month"] == birth_month and _is_for(scene, notice, about, birth_month):
                yield context


def _days(scene: Scene, notice: Notice, rule: FromDates, birth_month: str) -> Iterator[str]:
    """Days to come of which a first reminder has gone out."""
    today = scene.now.astimezone(TOKYO).date()
    for entry in rule.entries:
        ahead = -min(rule.days, default=0)
        context = {"due_date": entry.day.isoformat(), **entry.context}
        is_told = 0 <= (entry.day - today).days < ahead
        if is_told and _is_for(scene, notice, context, birth_month):
            yield f"{_line(scene, notice, context)} {scene.day(entry.day)}"


def _is_for(scene: Scene, notice: Notice, context: Mapping[str, Any], birth_month: str) -> bool:
    """Whether a notice is for the resident because of this child."""
    day = scene.now.astimezone(TOKYO).date()
    text = notice_segment(scene.town, notice, notice.filled(context, day))
    segment = segments.parse(text, vocabulary(scene.town))
    with_it = scene.resident.with_values(Fact.BIRTH_MONTH, (birth_month,))
    without = scene.resident.with_values(Fact.BIRTH_MONTH, ())
    return segments.matches(segment, with_it, day) and not segments.matches(segment, without, day)


def _line(scene: Scene, notice: Notice, context: Mapping[str, str]) -> str:
    suffix = {"ja-easy": "_easy", "en": "_en"}.get(scene.resident.language, "")
    known = {**notice.context, **context}

    def word(key: str) -> str:
        return known.get(key + suffix) or known.get(key, "")

    name = next(filter(None, map(word, _NAMES)), "") or notice.titled(known)
    return " ".join(filter(None, (name, word("limit"))))
