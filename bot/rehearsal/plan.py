"""What would go out in a time to come, before anybody is counted: the notices' occurrences, filled and rendered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import segments
from bot.broadcasts.notices import due, fill, priority_of, untold
from bot.domain.broadcasts import Priority
from bot.domain.errors import InvalidInputError
from bot.domain.residents import Fact
from bot.rendering import Personal, RenderError, Templates
from bot.schedule.rules import Occurrence
from bot.store.broadcasts import Payloads
from bot.store.store import Store
from bot.town import vocabulary
from bot.town.model import Notice, Town


@dataclass(frozen=True, slots=True)
class Planned:
    """One occurrence as it would go out.

    `starts` is when its audience is settled and sending begins: `at`, or the end of the quiet hours it falls
    into. `messages` are by language, a personal template's for the example resident, whose children are those it is
    about. `asks` is what its segment asks on that day. Where it would not go out, `fault` says why, and there is nothing to ask.
    """

    notice: Notice
    priority: Priority
    key: str
    at: datetime
    starts: datetime
    title: str
    segment: str
    context: Mapping[str, Any]
    messages: Payloads
    asks: segments.Term | None
    fault: str | None = None

    @property
    def held(self) -> bool:
        """Whether it would wait for the quiet hours to be over."""
        return self.starts != self.at


class Planner:
    """Plans occurrences; equal messages are rendered and equal segments read once."""

    def __init__(self, store: Store, town: Town, templates: Templates) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._vocabulary = vocabulary(town)
        self._messages: dict[tuple[str, str], Payloads] = {}
        self._asked: dict[tuple[str, date], segments.Term] = {}

    async def plan(self, after: datetime, until: datetime, now: datetime) -> AsyncIterator[Planned]:
        """Every occurrence in (after, until], in order of time.

        What has been told of children by `now` is left out of what is still to come.
        """
        for notice, occurrence in due(self._town, after, until):
            left = occurrence
            if occurrence.items and occurrence.at > now:
                left = await untold(self._store, notice, occurrence)
            if occurrence.items and not left.items:
                yield self._unsent(notice, occurrence, "知らせることは、すべて知らせてあります。")
            else:
                yield self._planned(notice, left)

    def _planned(self, notice: Notice, occurrence: Occurrence) -> Planned:
        """As the clock does it when the time has come, without writing anything."""
        priority, at = priority_of(notice, occurrence), occurrence.at
        begin = self._town.free_from(priority, at)
        try:
            item = fill(notice, occurrence, self._town)
            asks = self._asks(item.segment, begin.date())
            messages = self._rendered(notice.template, item.context, begin.date())
        except InvalidInputError as error:
            return self._unsent(notice, occurrence, str(error))
        said = (item.title, item.segment, item.context, messages, asks)
        return Planned(notice, priority, occurrence.key, at, begin, *said)

    def _unsent(self, notice: Notice, occurrence: Occurrence, fault: str) -> Planned:
        context = {**notice.context, **occurrence.context}
        title, at = notice.titled(context), occurrence.at
        priority = priority_of(notice, occurrence)
        return Planned(
            notice, priority, occurrence.key, at, at, title, notice.segment, context, {}, None, fault
        )

    def _asks(self, segment: str, day: date) -> segments.Term:
        """Ages are counted in months, so a segment asks the same on every day of one."""
        key = (segment, day.replace(day=1))
        if key not in self._asked:
            self._asked[key] = segments.term(segments.parse(segment, self._vocabulary), day)
        return self._asked[key]

    def _rendered(self, template: str, context: Mapping[str, Any], day: date) -> Payloads:
        used = self._templates.variables(template)
        relevant = {name: value for name, value in context.items() if name in used}
        children = _children(context)
        about = [children, str(day)] if children else []
        key = (template, json.dumps([relevant, about], sort_keys=True, ensure_ascii=False))
        if key not in self._messages:
            self._messages[key] = self._shown(template, context, children, day)
        return self._messages[key]

    def _shown(
        self, template: str, context: Mapping[str, Any], children: tuple[str, ...], day: date
    ) -> Payloads:
        """For the parent of all the children it is about, or of as many as one message holds.

        Of those who are too many, the oldest are left out: a year of school's are all told the same.
        """
        if not children:
            return self._templates.render_all(template, context)
        facts = {**self._templates.example.facts, Fact.BIRTH_MONTH: children}
        try:
            return self._templates.render_all(template, context, resident=Personal(facts, day))
        except RenderError:
            if len(children) == 1:
                raise
            return self._shown(template, context, children[1:], day)


def _children(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The months of birth that an occurrence is about."""
    if "birth_month" in context:
        return (str(context["birth_month"]),)
    return tuple(context.get("birth_months", ()))
