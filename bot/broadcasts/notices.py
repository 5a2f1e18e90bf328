"""Standing notices: what they would send, and what they do send when their time has come."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import segments
from bot.broadcasts.compose import rendered
from bot.domain.broadcasts import State
from bot.domain.clock import Clock, from_ms, to_ms
from bot.domain.errors import InvalidInputError
from bot.rendering import Templates
from bot.schedule.occurrences import occurrences
from bot.schedule.rules import Occurrence
from bot.store.broadcasts import Broadcast
from bot.store.store import Store
from bot.town import notice_segment, vocabulary
from bot.town.model import Notice, Town

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Coming:
    """One occurrence of a notice with its placeholders filled in."""

    notice: Notice
    occurrence: Occurrence
    title: str
    segment: str
    context: dict[str, str]

    @property
    def at(self) -> datetime:
        """When it goes out, Asia/Tokyo."""
        return self.occurrence.at


def _fill(notice: Notice, occurrence: Occurrence, town: Town) -> Coming:
    context = {**notice.context, **occurrence.context}
    return Coming(
        notice=notice,
        occurrence=occurrence,
        title=notice.titled(context),
        segment=notice_segment(town, notice, context),
        context=context,
    )


def coming(town: Town, after: datetime, until: datetime) -> Iterator[Coming]:
    """Every occurrence of the town's notices in (after, until], in order of time."""
    streams = [_of_one(notice, town, after, until) for notice in town.notices]
    return heapq.merge(*streams, key=lambda item: (item.at, item.notice.name, item.occurrence.key))


def _of_one(notice: Notice, town: Town, after: datetime, until: datetime) -> Iterator[Coming]:
    for occurrence in occurrences(notice.rule, notice.calendar, after, until):
        yield _fill(notice, occurrence, town)


async def reach(store: Store, town: Town, item: Coming) -> int:
    """How many residents, as registered now, an occurrence would reach."""
    expression = segments.parse(item.segment, vocabulary(town))
    return await store.residents.count(segments.compile(expression, item.at.date()))


class NoticeClock:
    """Called at every tick: makes a broadcast of each occurrence whose time has come, exactly once.

    The table of occurrences is the truth: two clocks, or a clock that ticks twice, do no harm.
    """

    def __init__(self, store: Store, town: Town, templates: Templates, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._clock = clock
        self._next: dict[str, datetime] | None = None

    async def tick(self) -> None:
        """Deal with everything due by now, also with what fell due while the program was down."""
        now = self._clock.now()
        if self._next is None:
            self._next = await self._resume(now)
        checked = {}
        for notice in self._town.notices:
            after = self._next[notice.name]
            due = list(occurrences(notice.rule, notice.calendar, after, now))
            for occurrence in due:
                await self._happen(notice, occurrence, now)
            self._next[notice.name] = now
            if due:
                checked[notice.name] = to_ms(now)
        if checked:
            await self._store.notices.set_checked(checked)

    async def _resume(self, now: datetime) -> dict[str, datetime]:
        """Where each notice was left; one never seen begins its grace ago, but not before the database."""
        checked = await self._store.notices.checked()
        birth = from_ms(await self._store.notices.birth_ms())
        starts = {
            notice.name: from_ms(checked[notice.name])
            if notice.name in checked
            else max(birth, now - notice.grace)
            for notice in self._town.notices
        }
        await self._store.notices.set_checked({name: to_ms(start) for name, start in starts.items()})
        return starts

    async def _happen(self, notice: Notice, occurrence: Occurrence, now: datetime) -> None:
        at_ms = to_ms(occurrence.at)
        if now - occurrence.at > notice.grace:
            _log.warning("Notice %s of %s was missed: past its grace", notice.name, occurrence.at.isoformat())
            why = f"at {now.isoformat(timespec='seconds')} later than its grace of {notice.grace}"
            await self._store.notices.miss(notice.name, occurrence.key, at_ms, why)
            return
        try:
            item = _fill(notice, occurrence, self._town)
            segments.parse(item.segment, vocabulary(self._town))
            payloads, frozen = rendered(self._templates, notice.template, item.context)
        except InvalidInputError as error:
            _log.error("Notice %s of %s cannot go out: %s", notice.name, occurrence.at.isoformat(), error)
            await self._store.notices.miss(notice.name, occurrence.key, at_ms, str(error))
            return
        broadcast = Broadcast(
            title=item.title,
            segment=item.segment,
            state=State.SCHEDULED,
            priority=notice.priority,
            template=notice.template,
            context=item.context,
            author=f"notice:{notice.name}",
            approver="town folder",
            created_ms=to_ms(now),
            approved_ms=to_ms(now),
            scheduled_ms=at_ms,
        )
        fire = self._store.notices.fire
        if await fire(notice.name, occurrence.key, broadcast, payloads, frozen) is not None:
            _log.info("Notice %s of %s goes out", notice.name, occurrence.at.isoformat())
