"""The town's evacuation orders as staff write and approve them; each tells residents by a broadcast."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import segments
from bot.broadcasts.compose import Composer, Draft
from bot.broadcasts.order_words import lifted_words, narrowed_words, order_words
from bot.broadcasts.staff_note import tell_staff
from bot.domain.audiences import Audience, Staff, Told
from bot.domain.broadcasts import Broadcast, Priority, State
from bot.domain.clock import Clock
from bot.domain.errors import InvalidInputError, RefusedError
from bot.domain.nearest import did_you_mean
from bot.domain.orders import (
    DEED_WORDS,
    LEVELS,
    Deed,
    Order,
    Reach,
    is_phrase,
    phrase,
    refuse_abolished,
    refuse_conflicts,
    remaining,
    require_hazard,
)
from bot.domain.residents import Fact
from bot.store import audit
from bot.store import orders as rows
from bot.store.broadcasts import Payloads
from bot.store.orders import Telling
from bot.store.port import Session
from bot.store.store import Store
from bot.town.model import Town

_CLOCKS_DIFFER = timedelta(minutes=1)
"""A clerk's machine and the service's may be that much apart."""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """What a clerk decides: `districts` are names, `reasons` texts by language."""

    level: int
    hazard: str
    districts: Sequence[str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    reach: Reach = Reach.DISTRICT
    drill: bool = False
    scenario: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A deed, waiting for approval or approved: its broadcast, and how many that would reach now.

    `districts` are those the order holds for after it; of a lift, those it ends for.
    """

    order: Order
    deed: Deed
    districts: tuple[str, ...]
    broadcast: Broadcast
    recipients: int


async def _no_danger() -> None:
    """Nothing that forbids a drill."""


class OrderDesk:
    """Issues, narrows and lifts orders. Nothing is in force, and nobody hears of it, before it is approved.

    `danger()` tells why this is no time for a drill, None if it is.
    """

    def __init__(
        self,
        store: Store,
        town: Town,
        composer: Composer,
        clock: Clock,
        danger: Callable[[], Awaitable[str | None]] = _no_danger,
    ) -> None:
        self._danger = danger
        self._store = store
        self._town = town
        self._composer = composer
        self._clock = clock

    async def issue(self, draft: OrderDraft, author: str) -> Made:
        """Store an order with the broadcast that tells it, both or neither.

        Raises:
            InvalidInputError: the town has no such district or the law no such order, or the texts are not valid.
            RefusedError: the same or a higher order is in force there, or it is a drill in real danger.
        """
        order = self._checked(draft, author)
        await self._require_calm(order)
        refuse_conflicts(order, await self._store.orders.active())
        made: list[int] = []

        async def beside(session: Session, broadcast_id: int) -> None:
            made[:] = [await rows.insert(session, order)]
            await rows.add_broadcast(session, made[0], broadcast_id, Deed.ISSUE, order.districts)

        broadcast_id = await self._composer.create(await self._issuing(order), author, beside=beside)
        return await self._made(made[0], Deed.ISSUE, broadcast_id)

    async def preview(self, draft: OrderDraft, author: str) -> tuple[Payloads, int]:
        """What an order would say by language, and how many it would reach; nothing is stored.

        Raises:
            InvalidInputError, RefusedError: as `issue`.
        """
        order = self._checked(draft, author)
        refuse_conflicts(order, await self._store.orders.active())
        broadcast = await self._issuing(order)
        payloads, _ = self._composer.content(broadcast)
        example = Broadcast(broadcast.title, broadcast.segment, author, audience=broadcast.audience)
        return payloads, await self._composer.audience_count(example)

    def _checked(self, draft: OrderDraft, author: str) -> Order:
        if draft.level not in LEVELS:
            raise InvalidInputError("町が出す避難情報は、警戒レベル 3・4・5 です。")
        require_hazard(draft.level, draft.hazard)
        if not draft.districts:
            raise InvalidInputError("対象の地区を --district で1つは指定してください。")
        self._require_districts(draft.districts)
        for text in draft.reasons.values():
            refuse_abolished(text)
        if draft.reach is Reach.STAFF:
            if not draft.drill:
                raise InvalidInputError("職員だけに送れるのは訓練(--drill)のときだけです。")
            if not self._town.staff:
                raise InvalidInputError(
                    "town.toml に [[staff]] がありません。職員の名前と user_id を書いてください。"
                )
        return Order(
            level=draft.level,
            hazard=draft.hazard,
            districts=tuple(dict.fromkeys(draft.districts)),
            author=author,
            reasons={language: text.strip() for language, text in draft.reasons.items() if text.strip()},
            reach=draft.reach,
            drill=draft.drill,
            scenario=draft.scenario,
            created_ms=self._clock.now_ms(),
        )

    def _require_districts(self, districts: Sequence[str]) -> None:
        known = [choice.name for choice in self._town.choices.get(Fact.DISTRICT, ())]
        for district in districts:
            if district not in known:
                raise InvalidInputError(f"地区「{district}」はありません。{did_you_mean(district, known)}")

    async def _issuing(self, order: Order) -> Draft:
        said = {shelter: each.state for shelter, each in (await self._store.shelters.all()).items()}
        variables = order_words(order, self._town.shelters, said)
        audience = Staff() if order.reach is Reach.STAFF else None
        return self._draft(order, Deed.ISSUE, "evacuation", variables, audience)

    def _draft(
        self, order: Order, deed: Deed, template: str, variables: Mapping[str, Any], audience: Audience | None
    ) -> Draft:
        """It has a time that has come on every machine, whatever its clock: so it goes out when it is approved."""
        everyone = order.reach is Reach.EVERYONE
        return Draft(
            title=f"{order.title} {order.hazard} {DEED_WORDS[deed]}",
            segment=self.segment(order),
            template=template,
            variables=variables,
            at=self._clock.now() - _CLOCKS_DIFFER,
            priority=Priority.EMERGENCY,
            drill=order.drill,
            everyone=everyone,
            audience=None if everyone else audience,
            publish=False,  # the order itself is published, and how it goes on
        )

    def segment(self, order: Order) -> str:
        """Who hears of an order: the residents of its districts and whoever has registered none, unless all do."""
        if order.reach in {Reach.ALL, Reach.EVERYONE, Reach.STAFF}:
            return "all"
        known = [choice.name for choice in self._town.choices.get(Fact.DISTRICT, ())]
        within = f"{Fact.DISTRICT} in ({', '.join(map(segments.quote, order.districts))})"
        nowhere = f"not {Fact.DISTRICT} in ({', '.join(map(segments.quote, known))})"
        where = f"({within} or {nowhere})"
        return f"{Fact.TOPIC} = disaster and {where}" if order.reach is Reach.TOPIC else where

    async def narrow(self, order_id: int, keep: Sequence[str], author: str) -> Made:
        """Write that an order holds only for these of its districts, to those who were told of it.

        Raises:
            InvalidInputError: it does not hold for one of the districts, or nothing would change.
            NotFoundError: there is no such order.
            RefusedError: it is not in force, or something of it waits for approval.
        """
        order = await self._in_force(order_id)
        self._require_districts(keep)
        kept = remaining(order, keep)
        words = narrowed_words(order, kept, await self._store.orders.active())
        return await self._change(order, Deed.NARROW, kept, author, words)

    async def lift(self, order_id: int, author: str) -> Made:
        """Write that an order is lifted, to those who were told of it.

        Raises:
            NotFoundError: there is no such order.
            RefusedError: it is not in force, or something of it waits for approval.
        """
        order = await self._in_force(order_id)
        words = lifted_words(order, await self._store.orders.active())
        return await self._change(order, Deed.LIFT, (), author, words)

    async def _in_force(self, order_id: int) -> Order:
        order = await self._store.orders.find(order_id)
        if not order.is_active:
            raise RefusedError(f"避難情報 {order_id} は、いまは発令中ではありません。")
        return order

    async def _change(
        self, order: Order, deed: Deed, districts: tuple[str, ...], author: str, variables: Mapping[str, Any]
    ) -> Made:
        template = "evacuation_lifted" if deed is Deed.LIFT else "evacuation_narrowed"
        whole = replace(order, reach=Reach.EVERYONE) if await self._was_for_everyone(order) else order
        audience = Staff() if order.reach is Reach.STAFF else await self._told(order)
        draft = self._draft(whole, deed, template, variables, audience)

        async def beside(session: Session, broadcast_id: int) -> None:
            await rows.add_broadcast(session, order.id, broadcast_id, deed, districts)

        broadcast_id = await self._composer.create(draft, author, beside=beside)
        return await self._made(order.id, deed, broadcast_id)

    async def _family(self, order: Order) -> list[Order]:
        """The order and those whose place it has taken: who heard of them must hear how it ends."""
        return [order, *await self._store.orders.superseded_by(order.id)]

    async def _was_for_everyone(self, order: Order) -> bool:
        return any(each.reach is Reach.EVERYONE for each in await self._family(order))

    async def _told(self, order: Order) -> Told:
        """Whoever heard of it, but for those who live where it ended before and were told so.

        A narrowing told them, or the higher order that took its place there and may hold yet: they must not hear of
        an end that is not theirs.
        """
        found = [
            each for one in await self._family(order) for each in await self._store.orders.tellings(one.id)
        ]
        broadcasts = tuple(sorted(each.broadcast_id for each in found if each.state is not State.DRAFT))
        return Told(broadcasts, released=tuple(await self._store.orders.released(order.id)))

    async def _made(self, order_id: int, deed: Deed, broadcast_id: int) -> Made:
        order = await self._store.orders.find(order_id)
        broadcast = await self._store.broadcasts.find(broadcast_id)
        tellings = await self._store.orders.tellings(order_id)
        after = next(each.districts for each in tellings if each.broadcast_id == broadcast_id)
        recipients = await self._composer.audience_count(broadcast)
        return Made(order, deed, after or order.districts, broadcast, recipients)

    async def waiting(self, order_id: int) -> tuple[Order, Telling]:
        """An order and its broadcast that waits for approval; there is one at most.

        Raises:
            NotFoundError: there is no such order.
            RefusedError: nothing of it waits for approval.
        """
        order = await self._store.orders.find(order_id)
        drafts = [each for each in await self._store.orders.tellings(order_id) if each.state is State.DRAFT]
        if not drafts:
            raise RefusedError(f"避難情報 {order_id} に、承認を待っているものはありません。")
        return order, drafts[-1]

    async def approve(self, order_id: int, actor: str, typed: str | None = None) -> tuple[Made, int | None]:
        """Approve what waits of an order: it is in force, and sent, at once.

        `typed` is what its author typed to approve it alone; then a note goes to every other member of the staff,
        in the same transaction. Returns what was approved, and the broadcast of that note (None: there is none).

        Raises:
            NotFoundError: there is no such order.
            RefusedError: nothing waits, it is the actor's own and the phrase is not right, or it cannot come into force.
        """
        order, telling = await self.waiting(order_id)
        if telling.deed is Deed.ISSUE:  # a drill under way may always be ended
            await self._require_calm(order)
        author = (await self._store.broadcasts.find(telling.broadcast_id)).author
        if author != actor:
            await self._composer.approve(telling.broadcast_id, actor)
            return await self._made(order_id, telling.deed, telling.broadcast_id), None
        self._require_phrase(order, telling.deed, typed)
        made: list[int] = []

        async def beside(session: Session, broadcast_id: int) -> None:
            made[:] = await self._note_alone(session, order, telling.deed, actor, broadcast_id)

        await self._composer.approve(telling.broadcast_id, actor, alone=True, beside=beside)
        return await self._made(order_id, telling.deed, telling.broadcast_id), next(iter(made), None)

    async def _require_calm(self, order: Order) -> None:
        if order.drill and (reason := await self._danger()):
            raise RefusedError(f"{reason}いまは訓練をしません。解除されてから行ってください。")

    def _require_phrase(self, order: Order, deed: Deed, typed: str | None) -> None:
        if typed is not None and is_phrase(typed, order, deed):
            return
        words = phrase(order, deed)
        first = "打たれた文が違います。" if typed else "作成した人は、自分の避難情報を承認できません。"
        raise RefusedError(
            f"{first}別の人が承認してください(machi order approve {order.id} --as 名前)。\n"
            f"ほかにだれもいないときは、次の文を打つと1人で承認できます。ほかの職員全員に知らせ、記録に残ります。\n"
            f"machi order approve {order.id} --alone 「{words}」"
        )

    async def _note_alone(
        self, session: Session, order: Order, deed: Deed, actor: str, broadcast_id: int
    ) -> list[int]:
        """Mark it, and tell every other member of the staff; the broadcast of that note, if there is anybody."""
        now = self._clock.now()
        now_ms = self._clock.now_ms()
        await rows.mark_alone(session, order.id)
        what = f"{order.title}({order.hazard}) {DEED_WORDS[deed]}"
        entry = audit.AuditEntry(now_ms, actor, "order.approve_alone", f"order:{order.id}", what)
        await audit.record(session, entry)
        words = (
            f"{actor} が、1人で避難情報を承認しました。\n{what}\n対象: {'・'.join(order.districts)}\n"
            f"時刻: {now:%m月%d日 %H:%M}\n避難情報の番号: {order.id}(配信 {broadcast_id})\n内容を確かめてください。"
        )
        note = await tell_staff(
            session,
            self._town,
            f"1人での承認の連絡(避難情報 {order.id})",
            words,
            now_ms,
            audience=Staff(but=actor),
            priority=Priority.EMERGENCY,
            drill=order.drill,
        )
        return [] if note is None else [note]

    async def cancel(self, order_id: int, actor: str) -> Order:
        """Take back what waits of an order for approval.

        Raises:
            NotFoundError: there is no such order.
            RefusedError: nothing of it waits for approval.
        """
        _, telling = await self.waiting(order_id)
        await self._composer.cancel(telling.broadcast_id, actor)
        return await self._store.orders.find(order_id)
