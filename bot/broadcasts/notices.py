"""Standing notices: what they would send, and what they do send when their time has come."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import segments
from bot.broadcasts.compose import rendered
from bot.broadcasts.weekly import week_of
from bot.domain.broadcasts import BY_FOLDER, Broadcast, Priority
from bot.domain.clock import TOKYO, Clock, from_ms, to_ms
from bot.domain.errors import InvalidInputError
from bot.rendering import Templates
from bot.schedule.occurrences import next_occurrence, occurrences
from bot.schedule.rules import Occurrence
from bot.store.store import Store
from bot.town import notice_segment, vocabulary
from bot.town.model import Notice, Town

_log = logging.getLogger(__name__)

_FIRST_DIGEST = timedelta(days=31)
"""How far back the first digest of a notice tells articles."""
_LOOK_AHEAD = timedelta(days=1)
"""A clock looks for what comes next once a day, not at every tick."""


@dataclass(frozen=True, slots=True)
class Coming:
    """One occurrence of a notice with its placeholders filled in."""

    notice: Notice
    occurrence: Occurrence
    title: str
    segment: str
    context: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When it goes out, Asia/Tokyo."""
        return self.occurrence.at


def fill(notice: Notice, occurrence: Occurrence, town: Town) -> Coming:
    """An occurrence with its placeholders filled in.

    Raises:
        SegmentError: a placeholder of the segment has no value.
    """
    base = occurrence.context.get("base_date") if notice.born else None
    day = date.fromisoformat(base) if base else occurrence.at.date()
    context = notice.filled(occurrence.context, day)
    if occurrence.items:
        context["items"] = list(occurrence.items)
        context["birth_months"] = sorted({item["birth_month"] for item in occurrence.items})
    return Coming(
        notice=notice,
        occurrence=occurrence,
        title=notice.titled(context),
        segment=notice_segment(town, notice, context, occurrence.only),
        context=context,
    )


def priority_of(notice: Notice, occurrence: Occurrence) -> Priority:
    """What residents asked to get at that time of day is not held back by the quiet hours."""
    return max(notice.priority, Priority.URGENT) if occurrence.is_chosen else notice.priority


def leaves_at(town: Town, notice: Notice, occurrence: Occurrence, moment: datetime) -> datetime:
    """When an occurrence that happens at a moment goes out: the quiet hours may hold it back."""
    return town.free_from(priority_of(notice, occurrence), moment)


def _as_of(occurrence: Occurrence, leaves: datetime) -> Occurrence:
    """A late occurrence with the days that are really left when it goes out."""
    if occurrence.about is None or "days_left" not in occurrence.context:
        return occurrence
    left = str((occurrence.about - leaves.date()).days)
    return replace(occurrence, context={**occurrence.context, "days_left": left})


def _told_by(notice: Notice, occurrence: Occurrence, leaves: datetime) -> datetime:
    """Until when it may be told what an occurrence says that leaves then.

    What counts days is true that day alone; grace, which is for what is late, never ends before that day.
    """
    useful_until, midnight = notice.useful_until(occurrence), datetime.combine(leaves.date(), time.max, TOKYO)
    if "days_left" in occurrence.context:
        return min(useful_until, midnight)
    return max(useful_until, midnight) if notice.until is None else useful_until


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def due(town: Town, after: datetime, until: datetime) -> Iterator[tuple[Notice, Occurrence]]:
    """Every occurrence of the town's notices in (after, until], in order of time."""
    streams = [_of_one(town, notice, after, until) for notice in town.notices]
    return heapq.merge(*streams, key=lambda pair: (pair[1].at, pair[0].name, pair[1].key))


def _of_one(
    town: Town, notice: Notice, after: datetime, until: datetime
) -> Iterator[tuple[Notice, Occurrence]]:
    """As far as it is known now: of a weekly digest, the events."""
    for occurrence in occurrences(notice.rule, after, until):
        known = week_of(town, occurrence) if notice.digest else occurrence
        if known is not None:
            yield notice, known


async def untold(store: Store, notice: Notice, occurrence: Occurrence) -> Occurrence:
    """Without the items that an earlier occurrence has told, before the town's table was changed."""
    told = await store.notices.told(notice.name, [item["key"] for item in occurrence.items])
    return replace(occurrence, items=tuple(item for item in occurrence.items if item["key"] not in told))


class NoticeClock:
    """Called at every tick: makes a broadcast of each occurrence whose time has come, exactly once.

    The table of occurrences is the truth: two clocks, or a clock that ticks twice, do no harm.
    """

    def __init__(self, store: Store, town: Town, templates: Templates, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._clock = clock
        self._dealt: dict[str, datetime] | None = None
        self._next: dict[str, datetime] = {}

    async def tick(self) -> None:
        """Deal with everything due by now, also with what fell due while the program was down."""
        now = self._clock.now()
        if self._dealt is None:
            self._dealt = await self._resume(now)
        checked = {}
        for notice in self._town.notices:
            if now < self._next.get(notice.name, now):
                continue
            if due := list(occurrences(notice.rule, self._dealt[notice.name], now)):
                await self._deal(notice, due, now)
                checked[notice.name] = to_ms(now)
            self._dealt[notice.name] = now
            following = next_occurrence(notice.rule, now, _LOOK_AHEAD)
            self._next[notice.name] = following.at if following else now + _LOOK_AHEAD
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

    async def _deal(self, notice: Notice, due: Sequence[Occurrence], now: datetime) -> None:
        """Of several that are late about one subject, such as 7 days and 1 day before a date, send the last."""
        last = {occurrence.subject: occurrence for occurrence in due}
        for occurrence in due:
            useful_until = notice.useful_until(occurrence)
            leaves = leaves_at(self._town, notice, occurrence, now)
            if leaves > useful_until:
                why = f"送れるのが {_minute(leaves)} で、{_minute(useful_until)} を過ぎるため"
            elif occurrence.subject is not None and last[occurrence.subject] is not occurrence:
                why = f"同じ件のあとの回({last[occurrence.subject].key})を送るため"
            else:
                told_by = _told_by(notice, occurrence, leaves)
                await self._happen(notice, _as_of(occurrence, leaves), now, told_by)
                continue
            await self._miss(notice, occurrence, why)

    async def _miss(self, notice: Notice, occurrence: Occurrence, why: str) -> None:
        _log.warning("Notice %s of %s does not go out: %s", notice.name, occurrence.at.isoformat(), why)
        await self._store.notices.miss(notice.name, occurrence.key, to_ms(occurrence.at), why)

    async def _with_news(self, notice: Notice, occurrence: Occurrence) -> Occurrence | None:
        """With what is known only now; None if nothing is left to tell."""
        if occurrence.items:
            left = await untold(self._store, notice, occurrence)
            return left if left.items else None
        if not notice.digest:
            return occurrence
        last_ms = await self._store.notices.last_fired_ms(notice.name)
        since_ms = to_ms(occurrence.at - _FIRST_DIGEST) if last_ms is None else last_ms
        stories = await self._store.news.for_digest(since_ms, to_ms(occurrence.at))
        return week_of(self._town, occurrence, stories)

    async def _happen(self, notice: Notice, occurrence: Occurrence, now: datetime, told_by: datetime) -> None:
        at_ms = to_ms(occurrence.at)
        full = await self._with_news(notice, occurrence)
        if full is None:
            await self._miss(notice, occurrence, "知らせることがないため")
            return
        occurrence = full
        try:
            item = fill(notice, occurrence, self._town)
            segments.parse(item.segment, vocabulary(self._town))
            payloads, frozen = rendered(self._templates, notice.template, item.context)
        except InvalidInputError as error:
            await self._miss(notice, occurrence, str(error))
            return
        broadcast = Broadcast(
            title=item.title,
            segment=item.segment,
            priority=priority_of(notice, occurrence),
            template=notice.template,
            context=item.context,
            author=f"notice:{notice.name}",
            created_ms=to_ms(now),
            useful_until_ms=to_ms(told_by),
        ).approved(BY_FOLDER, due_ms=at_ms)
        told = [item["key"] for item in occurrence.items]
        fire = self._store.notices.fire
        if await fire(notice.name, occurrence.key, broadcast, payloads, frozen, told=told) is not None:
            _log.info("Notice %s of %s goes out", notice.name, occurrence.at.isoformat())
