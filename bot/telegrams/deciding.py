"""What follows from telegrams: who is told what, decided and stored in the transaction that records them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.domain import audiences
from bot.domain.broadcasts import Priority, State
from bot.domain.clock import Clock, to_ms
from bot.domain.errors import InvalidInputError
from bot.jma.state import Change, Step, changes, key
from bot.jma.state import State as Hazards
from bot.jma.values import Hazard, Rank, Telegram
from bot.line.limits import cut
from bot.rendering import Templates, text_messages
from bot.store import telegrams as rows
from bot.store.broadcasts import Broadcast, Payloads
from bot.store.port import Session
from bot.store.telegrams import Told, withdraw
from bot.telegrams.encoding import decoded, encoded
from bot.telegrams.wording import RETRACTED, context, plain_words, template, title
from bot.town.model import DisasterRule, Town

_log = logging.getLogger(__name__)

AUTHOR, APPROVER = "jma", "town folder"

LATE = timedelta(minutes=30)
"""What was issued longer ago is not news any more: it becomes the present state, and of what is grave a draft."""

_ON = {
    Step.NEW: "raise",
    Step.RAISED: "raise",
    Step.UPDATED: "raise",
    Step.LOWERED: "lower",
    Step.LIFTED: "lift",
}
_UNSENT = frozenset({State.DRAFT, State.APPROVED, State.SCHEDULED})
_OUT = frozenset({State.SENDING, State.PAUSED, State.DONE})


class Book(Protocol):
    """Where it is written who was told what; a drill has one of its own, and does not see the real one."""

    author: str
    drill: bool
    """Whether every message is marked 【訓練】."""

    async def told(self, session: Session, thread: str) -> list[Told]:
        """What was told of a thread, the newest first."""

    async def tell(
        self, session: Session, broadcast: Broadcast, payloads: Payloads, *, about: tuple[str, str, str]
    ) -> int:
        """Store a broadcast about a (thread, step, telegram); its id."""


class RealBook:
    """The book of what is no drill."""

    author = AUTHOR
    drill = False

    async def told(self, session: Session, thread: str) -> list[Told]:
        """See `Book.told`."""
        return await rows.told(session, thread)

    async def tell(
        self, session: Session, broadcast: Broadcast, payloads: Payloads, *, about: tuple[str, str, str]
    ) -> int:
        """See `Book.tell`."""
        return await rows.tell(session, broadcast, payloads, about=about)


class Decider:
    """The town's rules at work."""

    def __init__(self, town: Town, templates: Templates, clock: Clock, book: Book | None = None) -> None:
        self._town = town
        self._templates = templates
        self._clock = clock
        self._book = book or RealBook()

    async def decide(
        self, session: Session, known: str, telegrams: Sequence[Telegram], *, silent: bool
    ) -> str:
        """The new state, and the broadcasts of what changes by these telegrams together.

        `silent`: nothing is told; what a first look finds was there before.
        """
        now = self._clock.now()
        before = decoded(known)
        late = [t for t in telegrams if silent or (not t.cancels and now - t.heading.reported > LATE)]
        middle = before.with_(late)
        after = middle.with_(telegrams).trimmed(now)
        if not silent:
            for change in changes(before, middle, now):
                if _is_grave(change):
                    await self._tell(session, change, middle, before, only_draft=True)
        for change in changes(middle, after, now):
            await self._tell(session, change, after, middle)
        return encoded(after)

    async def _tell(
        self, session: Session, change: Change, after: Hazards, before: Hazards, *, only_draft: bool = False
    ) -> None:
        """Tell of one change, and take back what was about to say otherwise."""
        if change.step is Step.CONTINUED:
            return
        earlier = await self._book.told(session, change.thread)
        now_ms = to_ms(self._clock.now())
        void = {key(each) for each in after.void - before.void}
        wrong = [each for each in earlier if each.telegram in void]
        for each in earlier:
            if each.state in _UNSENT or (each in wrong and change.step is Step.RETRACTED):
                await withdraw(
                    session, each.broadcast_id, self._book.author, "新しい情報が出ました。", now_ms
                )
        if change.step is Step.RETRACTED:
            await self._retract(session, change, [each for each in wrong if each.state in _OUT], now_ms)
            return
        rule = rule_of(change, self._town)
        if rule is None or (change.step is Step.LIFTED and not _was_told(earlier)):
            return
        how = "draft" if only_draft else rule.how
        broadcast = self._broadcast(change, rule.segment, self._priority(change, rule), how, now_ms)
        await self._store(session, broadcast, change)

    def _priority(self, change: Change, rule: DisasterRule) -> Priority:
        """What is lowered or lifted can wait for the morning; an update wakes nobody twice."""
        if change.step in {Step.LOWERED, Step.LIFTED}:
            return Priority.NORMAL
        return min(rule.priority, Priority.URGENT) if change.step is Step.UPDATED else rule.priority

    async def _retract(self, session: Session, change: Change, wrong: Sequence[Told], now_ms: int) -> None:
        """Tell exactly those who got what was a mistake."""
        if not wrong:
            return
        audience = audiences.Told(tuple(each.broadcast_id for each in wrong))
        broadcast = self._broadcast(change, str(audience), Priority.URGENT, "at_once", now_ms)
        await self._store(session, replace(broadcast, audience=audience), change)

    def _broadcast(
        self, change: Change, segment: str, priority: Priority, how: str, now_ms: int
    ) -> Broadcast:
        """Approved by the town's folder and due now, or a draft for staff."""
        at_once = how == "at_once"
        return Broadcast(
            title=cut(title(change, self._town), 100),
            segment=segment,
            state=State.SCHEDULED if at_once else State.DRAFT,
            priority=priority,
            template=RETRACTED if change.step is Step.RETRACTED else template(change),
            context=context(change),
            author=self._book.author,
            drill=self._book.drill,
            approver=APPROVER if at_once else None,
            created_ms=now_ms,
            approved_ms=now_ms if at_once else None,
            scheduled_ms=now_ms if at_once else None,
        )

    async def _store(self, session: Session, broadcast: Broadcast, change: Change) -> None:
        found = change.after or change.before
        assert found is not None
        step = change.step
        if step is Step.RETRACTED and change.after is not None:
            step = Step.LOWERED  # it also tells what stays in force, whose end is to be told
        about = (change.thread, step.value, key(found.telegram))
        number = await self._book.tell(session, broadcast, self._payloads(broadcast), about=about)
        _log.info("JMA: broadcast %d: %s", number, broadcast.title)

    def _payloads(self, broadcast: Broadcast) -> Payloads:
        """The template's words; should the town's own template fail, the bare facts rather than nothing."""
        try:
            drill = self._book.drill
            return self._templates.render_all(broadcast.template or "", broadcast.context, drill=drill)
        except InvalidInputError as error:
            _log.error("JMA: the template %s failed, plain words go out: %s", broadcast.template, error)
            words = plain_words(broadcast.title, broadcast.context)
            return {"ja": text_messages(words, drill=self._book.drill)}


def rule_of(change: Change, town: Town) -> DisasterRule | None:
    """The rule of what is in force now, or of what was before if that was graver: who heard of that."""
    held = [found for found in (change.before, change.after) if found is not None]
    claim = max(held, key=lambda found: found.claim.rank).claim
    rule = town.disaster.rule(claim.hazard, claim.rank)
    return rule if rule is not None and _ON[change.step] in rule.on else None


def _is_grave(change: Change) -> bool:
    """What came too late for news, but staff should look at."""
    found = change.after
    return (
        change.step in {Step.NEW, Step.RAISED}
        and found is not None
        and found.claim.hazard is not Hazard.EARTHQUAKE
        and found.claim.rank >= Rank.WARNING
    )


def _was_told(earlier: Sequence[Told]) -> bool:
    """Whether residents were told that it is in force, and not since that it is over."""
    newest = next((each for each in earlier if each.state in _OUT), None)
    return newest is not None and newest.step not in {Step.LIFTED, Step.RETRACTED}


def arrived(telegrams: Mapping[str, Telegram], addresses: Sequence[str]) -> list[Telegram]:
    """The telegrams of those addresses that were understood and are real."""
    return [
        telegrams[address] for address in addresses if address in telegrams and telegrams[address].is_real
    ]
