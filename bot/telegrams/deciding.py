"""What follows from telegrams: who is told what, decided and stored in the transaction that records them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from bot.broadcasts.staff_note import tell_of_draft
from bot.domain import audiences
from bot.domain.broadcasts import BY_FOLDER, Broadcast, Priority, State
from bot.domain.clock import Clock, to_ms
from bot.domain.errors import InvalidInputError
from bot.jma.state import Change, Step, changes, key
from bot.jma.state import State as Hazards
from bot.jma.values import Hazard, Rank, Telegram
from bot.line.limits import cut
from bot.rendering import Templates, text_messages
from bot.store import telegrams as rows
from bot.store.broadcasts import Payloads, overtake
from bot.store.port import Session
from bot.store.telegrams import About, Earlier
from bot.telegrams.encoding import decoded, encoded
from bot.telegrams.heard import FALLEN, RISEN, Heard, is_grave
from bot.telegrams.wording import RETRACTED, context, name, plain_words, template, title
from bot.town.model import DisasterRule, Town

_log = logging.getLogger(__name__)

AUTHOR = "jma"

LATE = timedelta(minutes=30)
"""What was issued longer ago is not news any more: it becomes the present state, and of what is grave a draft."""
_LATE = (
    "気象庁の発表から30分より長くたって届いたので、自動では送りません。まだ続いているかを確かめてください。"
)

_ON = {
    Step.NEW: "raise",
    Step.RAISED: "raise",
    Step.UPDATED: "raise",
    Step.LOWERED: "lower",
    Step.LIFTED: "lift",
}
_UNSENT = frozenset({State.DRAFT, State.APPROVED, State.SCHEDULED})
_UNDER_WAY = frozenset({State.SENDING, State.PAUSED})


class Book(Protocol):
    """Where it is written who was told what; a drill has one of its own, and does not see the real one."""

    author: str
    drill: bool
    """Whether every message is marked 【訓練】."""

    async def told(self, session: Session, thread: str) -> list[Earlier]:
        """What was told of a thread, the newest first."""

    async def tell(self, session: Session, broadcast: Broadcast, payloads: Payloads, *, about: About) -> int:
        """Store a broadcast about a thread; its id."""


class RealBook:
    """The book of what is no drill."""

    author = AUTHOR
    drill = False

    async def told(self, session: Session, thread: str) -> list[Earlier]:
        """See `Book.told`."""
        return await rows.told(session, thread)

    async def tell(self, session: Session, broadcast: Broadcast, payloads: Payloads, *, about: About) -> int:
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
                await self._tell(session, change, middle, before, late=True)
        fresh = frozenset(telegrams).difference(late)
        for change in changes(middle, after, now):
            if change.cause in fresh:  # else nothing was said of it
                await self._tell(session, change, after, middle)
        return encoded(after)

    async def _tell(
        self, session: Session, change: Change, after: Hazards, before: Hazards, *, late: bool = False
    ) -> None:
        """Tell of one change, and take back what was about to say otherwise."""
        now_ms = to_ms(self._clock.now())
        heard = await self._heard(session, change, now_ms)
        if change.step is Step.CONTINUED and (late or not self._is_missed(change, heard)):
            return
        rule = self._town.disaster.rule(_hazard(change), heard.gravest(change))
        draft = late or (rule is not None and rule.how == "draft")
        await self._withdraw(session, change, heard, now_ms, draft=draft)
        heard = await self._heard(session, change, now_ms)  # of what was withdrawn under way, some was heard
        wrong = _wrong(change, heard, after, before)
        if wrong:
            await self._retract(session, change, wrong, now_ms)
        elif (news := heard.news(change)) is not None:
            await self._tell_news(session, news, heard, now_ms, quiet=change.step in FALLEN, late=late)

    async def _heard(self, session: Session, change: Change, now_ms: int) -> Heard:
        return Heard.of(change, await self._book.told(session, change.thread), now_ms)

    def _is_missed(self, change: Change, heard: Heard) -> bool:
        """Whether what goes on is grave and residents were never told."""
        if not is_grave(change, Rank.DANGER) or heard.is_expected(change):
            return False
        rule = self._town.disaster.rule(_hazard(change), heard.gravest(change))
        return rule is not None and rule.how == "at_once"

    async def _withdraw(
        self, session: Session, change: Change, heard: Heard, now_ms: int, *, draft: bool
    ) -> None:
        """Let no older message of the thread go out behind newer word.

        An update says nothing else than what is being sent. What is no more than a draft takes the place of drafts,
        and of what is no longer true.
        """
        rank = change.after.claim.rank if change.after else 0
        for each in heard.messages:
            under_way = each.state in _UNDER_WAY
            if not under_way and each.state not in _UNSENT:
                continue
            if under_way and change.step is Step.UPDATED:
                continue
            risen = change.step in RISEN and each.step in RISEN
            if draft and risen and each.state is not State.DRAFT and (each.rank or 0) <= rank:
                continue
            reason = "新しい情報が出ました。"
            await overtake(session, each.broadcast_id, self._book.author, reason, now_ms)

    async def _tell_news(
        self, session: Session, news: Change, heard: Heard, now_ms: int, *, quiet: bool, late: bool
    ) -> None:
        """Tell by the rule of the gravest that was told: whoever was told hears how it goes on and ends."""
        fallen = news.step in FALLEN
        if late and not fallen and not (news.step in RISEN and is_grave(news, Rank.WARNING)):
            return  # it is not news any more
        rule = self._town.disaster.rule(_hazard(news), heard.gravest(news))
        if rule is None or _ON[news.step] not in rule.on:
            return
        held_back = late and not fallen
        how = "draft" if held_back else rule.how
        broadcast = self._broadcast(news, rule.segment, _priority(news, rule, quiet=quiet), how, now_ms)
        if fallen:
            still = self._town.disaster.rule(_hazard(news), news.after.claim.rank) if news.after else None
            audience = audiences.Told(heard.broadcasts, segment=still.segment if still else "")
            broadcast = replace(broadcast, segment=str(audience), audience=audience)
        number = await self._store(session, broadcast, news)
        if broadcast.state is State.DRAFT and not self._book.drill:
            why = (
                _LATE if held_back else f"町の決まり「{rule.name}」(disaster.toml)は、職員の承認を待ちます。"
            )
            await tell_of_draft(session, self._town, replace(broadcast, id=number), why, now_ms)

    async def _retract(self, session: Session, change: Change, wrong: Sequence[Earlier], now_ms: int) -> None:
        """Tell exactly those who got what was a mistake."""
        said = wrong[0].name
        if said and change.before is not None:
            claim = replace(change.before.claim, name=said)
            change = replace(change, before=replace(change.before, claim=claim))
        audience = audiences.Told(tuple(sorted(each.broadcast_id for each in wrong)))
        broadcast = self._broadcast(change, str(audience), Priority.URGENT, "at_once", now_ms)
        await self._store(session, replace(broadcast, audience=audience), change)

    def _broadcast(
        self, change: Change, segment: str, priority: Priority, how: str, now_ms: int
    ) -> Broadcast:
        """Approved by the town's folder and due now, or a draft for staff."""
        broadcast = Broadcast(
            title=cut(title(change, self._town), 100),
            segment=segment,
            priority=priority,
            template=RETRACTED if change.step is Step.RETRACTED else template(change),
            context=context(change),
            author=self._book.author,
            drill=self._book.drill,
            created_ms=now_ms,
        )
        return broadcast.approved(BY_FOLDER) if how == "at_once" else broadcast

    async def _store(self, session: Session, broadcast: Broadcast, change: Change) -> int:
        found = change.after or change.before
        assert found is not None
        step, after = change.step, change.after
        if step is Step.RETRACTED and after is not None:
            step = Step.LOWERED  # it also tells what stays in force, whose end is to be told
        rank, name_ = (after.claim.rank, name(after)) if after else (0, "")
        about = About(change.thread, step.value, key(found.telegram), rank, name_)
        number = await self._book.tell(session, broadcast, self._payloads(broadcast), about=about)
        _log.info("JMA: broadcast %d: %s", number, broadcast.title)
        return number

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


def _hazard(change: Change) -> Hazard:
    found = change.after or change.before
    assert found is not None
    return found.claim.hazard


def _priority(news: Change, rule: DisasterRule, *, quiet: bool) -> Priority:
    """What is lowered or lifted can wait for the morning, unless more was told by mistake; an update wakes nobody."""
    if news.step in FALLEN:
        return Priority.NORMAL if quiet else Priority.URGENT
    return min(rule.priority, Priority.URGENT) if news.step is Step.UPDATED else rule.priority


def _wrong(change: Change, heard: Heard, after: Hazards, before: Hazards) -> list[Earlier]:
    """What residents heard by telegrams that are now cancelled or corrected, if the change takes it back."""
    if change.step is not Step.RETRACTED:
        return []
    void = {key(each) for each in after.void - before.void}
    corrected = {key(each) for each in after.corrected}
    rank = change.after.claim.rank if change.after else 0
    return [
        each
        for each in heard.out
        if each.telegram in void or (each.telegram in corrected and each.rank != rank)
    ]


def arrived(telegrams: Mapping[str, Telegram], addresses: Sequence[str]) -> list[Telegram]:
    """The telegrams of those addresses that were understood and are real."""
    return [
        telegrams[address] for address in addresses if address in telegrams and telegrams[address].is_real
    ]
