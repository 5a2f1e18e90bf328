"""What a broadcast says to those without a phone: on a sheet of paper and over loudspeakers.

Everything is taken from the broadcast as it is stored, so that both say what went out by LINE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.broadcasts.everyone import apart
from bot.domain.broadcasts import Broadcast, Priority, State
from bot.domain.clock import from_ms
from bot.domain.errors import RefusedError
from bot.domain.orders import LEVELLED, LEVELS, Deed, Order
from bot.domain.shelters import STATE_WORDS, ShelterState
from bot.rendering.on_paper import parted, without_sites, words
from bot.rendering.script import Line, Reading, script
from bot.rendering.sheet import OrderMark, Part, Sheet, Site, Term
from bot.store.broadcasts import Payloads
from bot.store.store import Store
from bot.town.model import Shelter, Town

SAMPLE = "承認前の見本です。貼り出したり放送したりしないでください。"
_PARTS = ("ja", "ja-easy")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A broadcast with what it says by language, and the order it tells of, if it tells of one.

    `warnings` are for the clerk: what has changed since, in Japanese.
    """

    broadcast: Broadcast
    texts: Mapping[str, str]
    order: Order | None = None
    deed: Deed | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_sample(self) -> bool:
        """Whether nobody has approved it yet."""
        return self.broadcast.state is State.DRAFT


class Announcer:
    """Finds broadcasts and words them as sheets and scripts."""

    def __init__(self, store: Store, town: Town) -> None:
        self._store = store
        self._town = town

    async def of_order(self, order_id: int) -> Announcement:
        """The newest of an order's broadcasts that was approved; before that, the one that waits.

        Raises:
            NotFoundError: there is no such order.
            RefusedError: it never came into force.
        """
        await self._store.orders.find(order_id)
        tellings = [
            each for each in await self._store.orders.tellings(order_id) if each.state is not State.CANCELLED
        ]
        if not tellings:
            raise RefusedError(f"避難情報 {order_id} は取り消されています。")
        approved = [each for each in tellings if each.state is not State.DRAFT]
        return await self.of_broadcast((approved or tellings)[-1].broadcast_id)

    async def of_broadcast(self, broadcast_id: int) -> Announcement:
        """One broadcast.

        Raises:
            NotFoundError: there is no such broadcast.
            RefusedError: it was taken back, or says something else to each resident.
        """
        found = await self._store.broadcasts.find(broadcast_id)
        if found.state is State.CANCELLED:
            raise RefusedError(f"配信 {broadcast_id} は取り消されています。")
        if await self._store.broadcasts.frozen_template(broadcast_id) is not None:
            raise RefusedError(
                f"配信 {broadcast_id} は、受け取る人ごとに文が変わるので、紙や放送にはできません。"
            )
        stored = await self._store.broadcasts.payloads(broadcast_id)
        payloads: Payloads = apart(stored["ja"]) if found.everyone else stored
        texts = {language: words(messages) for language, messages in payloads.items()}
        of_order = await self._store.orders.of_broadcast(broadcast_id)
        if of_order is None:
            return Announcement(found, texts)
        order, deed = of_order
        return Announcement(found, texts, order, deed, tuple(await self._changes(found, order, deed)))

    async def _changes(self, broadcast: Broadcast, order: Order, deed: Deed) -> list[str]:
        """What is no longer as the broadcast says."""
        changes = []
        if broadcast.state is not State.DRAFT and deed is not Deed.LIFT and not order.is_active:
            changes.append(f"避難情報 {order.id} は、いまは発令中ではありません。")
        said = await self._store.shelters.all()
        for shelter in self._sites(broadcast):
            state = said[shelter.id].state if shelter.id in said else None
            if state is not ShelterState.OPEN:
                changes.append(f"「{shelter.name}」は、いまは{STATE_WORDS[state]}です。")
        return changes

    def _sites(self, broadcast: Broadcast) -> list[Shelter]:
        """The shelters that the broadcast names, in its order."""
        by_id = {shelter.id: shelter for shelter in self._town.shelters}
        return [by_id[each] for each in broadcast.context.get("site_ids", ()) if each in by_id]

    def script(self, announcement: Announcement, *, siren: bool = False) -> list[Line]:
        """What is read aloud. `siren`: the first line says to sound it, as the town does.

        Raises:
            RefusedError: a siren for what is no order of level 4 or 5.
        """
        broadcast, order = announcement.broadcast, announcement.order
        directions = [SAMPLE] if announcement.is_sample else []
        if siren:
            if order is None or announcement.deed is not Deed.ISSUE or order.level < 4:
                raise RefusedError("--siren は、警戒レベル4と5の発令だけに使えます。")
            pattern = self._town.loudspeakers.siren
            directions.append(f"サイレン: {pattern}" if pattern else "サイレンを鳴らす(町の決まりのとおりに)")
        return script(
            Reading(
                text=announcement.texts["ja"],
                opening=self._town.loudspeakers.opening or f"こちらは、{self._town.name}です。",
                readings=self._readings(),
                drill=broadcast.drill,
                urgent=order is not None or broadcast.priority is Priority.EMERGENCY,
                directions=directions,
                website=self._town.office.website,
            )
        )

    def _readings(self) -> dict[str, str]:
        """How the town's names are read; where two things share a name, one of them may say it for both."""
        names = [(each.name, each.reading) for group in self._town.choices.values() for each in group]
        names += [(shelter.name, shelter.reading) for shelter in self._town.shelters]
        return {**{name: reading for name, reading in names if reading}, self._town.name: self._town.reading}

    def sheet(self, announcement: Announcement, languages: tuple[str, ...] = ()) -> Sheet:
        """The sheet of paper: Japanese and やさしい日本語 first, then these languages (none: the town's own).

        Raises:
            RefusedError: the broadcast is not written in one of them.
        """
        texts = announcement.texts
        for language in languages:
            if language not in texts:
                written = "、".join(texts)
                raise RefusedError(f"この配信に、言語「{language}」の文はありません(あるのは {written})。")
        wanted = languages or tuple(each for each in self._town.languages if each in texts)
        broadcast = announcement.broadcast
        sites = self._sites(broadcast)
        body, caption = without_sites(texts["ja"], {site.name for site in sites})
        heading, body = parted(body)
        easy, easy_caption = without_sites(texts.get("ja-easy", ""), {site.name for site in sites})
        moment = broadcast.approved_ms
        at = None if moment is None else from_ms(moment)
        sheet = Sheet(
            town=Term(self._town.name, self._town.reading),
            office=self._town.office.name,
            phone=self._town.office.phone,
            heading=heading or "お知らせ",
            body=body,
            at=at,
            drill=broadcast.drill,
            notice=SAMPLE if announcement.is_sample else "",
            caption=caption,
            sites=tuple(Site(Term(s.name, s.reading), self._within(s.address), s.serves) for s in sites),
            easy=Part("ja-easy", *parted(easy), easy_caption)
            if "ja-easy" in wanted or not languages
            else None,
            others=tuple(Part(each, *parted(texts[each])) for each in wanted if each not in _PARTS),
        )
        return sheet if announcement.order is None else self._ordered(sheet, announcement)

    def _within(self, address: str) -> str:
        """An address as the town's own people say it: without the town and what is before it."""
        return address.partition(self._town.name)[2] or address

    def _ordered(self, sheet: Sheet, announcement: Announcement) -> Sheet:
        """The sheet of an order: its facts stand large, as the broadcast has them, and not again in its text."""
        order, deed, context = announcement.order, announcement.deed, announcement.broadcast.context
        assert order is not None
        assert deed is not None
        readings = self._readings()
        areas, reason = str(context["areas"]), str(context.get("reason", ""))
        shown = {order.title, f"対象: {areas}", f"災害: {order.hazard}", *reason.splitlines()}
        _, _, beside = announcement.texts["ja"].partition("\n")[0].partition("】")
        lines = sheet.body.removeprefix(beside).splitlines()
        return replace(
            sheet,
            heading=f"{self._town.name}の避難情報",
            body="\n".join(line for line in lines if line not in shown).strip(),
            order=OrderMark(
                level=order.level,
                levelled=order.hazard in LEVELLED,
                name=LEVELS[order.level],
                hazard=order.hazard,
                deed=deed.value,
                districts=tuple(Term(name, readings.get(name, "")) for name in areas.split("、")),
                reason=reason,
            ),
        )
