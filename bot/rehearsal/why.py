"""Why one resident does or does not get a notice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import segments
from bot.broadcasts.notices import fill, leaves_at, untold
from bot.domain.errors import InvalidInputError, NotFoundError
from bot.domain.nearest import did_you_mean
from bot.domain.residents import Resident, ResidentState
from bot.rendering import Templates
from bot.schedule.occurrences import occurrences
from bot.store.notices import Happened
from bot.store.reports import Delivery
from bot.store.store import Store
from bot.town import topic_labels, vocabulary
from bot.town.model import Notice, Town

_AHEAD = timedelta(days=2 * 366)
_TOGETHER = 100
"""Occurrences of one notice at one time, such as one for each age."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One coming occurrence: when it goes out, and what its segment asks of the resident on that day."""

    at: datetime
    title: str
    segment: str
    answers: Sequence[segments.Answer]

    @property
    def reaches(self) -> bool:
        """Whether the resident is meant, provided that they follow."""
        return all(answer.holds for answer in self.answers)


@dataclass(frozen=True, slots=True)
class Past:
    """The last occurrence on record; `delivery` is None where the resident was not among its recipients.

    `deferred`: they had had the day's messages, and a digest tells it. `missed` says why it did not go out at
    all; empty if it did.
    """

    occurrence: Happened
    title: str
    delivery: Delivery | None
    missed: str
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """Why a resident does or does not get a notice.

    `next` is the next occurrence, `reached` the next within two years that means them; either may be None. `last`
    is None if the notice has never been due.
    """

    resident: Resident
    notice: Notice
    next: Turn | None
    reached: Turn | None
    last: Past | None

    @property
    def gets_it(self) -> bool:
        """Whether something of it will come, as everything is now."""
        return self.resident.state is ResidentState.FOLLOWING and self.reached is not None


async def why(
    store: Store, town: Town, templates: Templates, user_id: str, name: str, *, now: datetime
) -> Why:
    """Look at a resident's registration, the coming occurrences, and the last one on record.

    Raises:
        NotFoundError: no such resident or notice; the nearest is named.
    """
    notice = next((each for each in town.notices if each.name == name), None)
    if notice is None:
        near = did_you_mean(name, (each.name for each in town.notices))
        raise NotFoundError(f"お知らせ「{name}」はありません。{near}")
    resident = await store.residents.find(user_id)
    first, reached = None, None
    async for turn in _turns(store, town, templates, notice, resident, now=now):
        first = first or turn
        if turn.reaches:
            reached = turn
            break
    return Why(resident, notice, first, reached, await _last(store, notice, user_id))


async def _turns(
    store: Store, town: Town, templates: Templates, notice: Notice, resident: Resident, *, now: datetime
) -> AsyncIterator[Turn]:
    """The coming occurrences but those that go out to nobody: all told, or with a fault in segment or message."""
    words, labels = vocabulary(town), topic_labels(town)
    for occurrence in occurrences(notice.rule, now, now + _AHEAD):
        left = await untold(store, notice, occurrence) if occurrence.items else occurrence
        if occurrence.items and not left.items:
            continue
        at = leaves_at(town, notice, occurrence, occurrence.at)
        try:
            item = fill(notice, left, town)
            expression = segments.parse(item.segment, words)
            found = segments.answers(expression, resident, at.date(), labels)
            turn = Turn(at, item.title, item.segment, found)
            if turn.reaches:
                templates.render_all(notice.template, item.context)
        except InvalidInputError:
            continue
        yield turn


async def _last(store: Store, notice: Notice, user_id: str) -> Past | None:
    """Of several at the same time, the one that went to the resident."""
    happened = await store.notices.latest(notice.name, _TOGETHER)
    last = None
    for occurrence in happened:
        if occurrence.at_ms != happened[0].at_ms:
            break
        past = await _past(store, notice, occurrence, user_id)
        if past.delivery is not None or past.deferred:
            return past
        last = last or past
    return last


async def _past(store: Store, notice: Notice, occurrence: Happened, user_id: str) -> Past:
    if occurrence.broadcast_id is None:
        return Past(occurrence, notice.title, None, occurrence.reason or "理由の記録がありません")
    broadcast = await store.broadcasts.find(occurrence.broadcast_id)
    delivery = await store.reports.of_one(broadcast.id, user_id)
    spared = await store.deferred.is_spared(broadcast.id, user_id)
    return Past(occurrence, broadcast.title, delivery, "", deferred=spared)
