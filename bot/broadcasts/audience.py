"""Who gets a broadcast, and what each of them gets: the audience, put into batches range by range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from bot.broadcasts.overload import Limit
from bot.broadcasts.reach import condition, staff_addresses
from bot.domain.audiences import Staff
from bot.domain.broadcasts import Broadcast, Priority
from bot.domain.clock import Clock, from_ms
from bot.domain.residents import Fact
from bot.rendering import Personal, Templates
from bot.store import batches
from bot.store import broadcasts as rows
from bot.store.batches import AT_ONCE, HELD, Part
from bot.store.messages import add_rendering, message_ids, message_text
from bot.store.port import Database, Session
from bot.store.residents import Group, audience_page, newest_id
from bot.store.store import Store
from bot.store.told import resident_ids
from bot.town.model import Town

_SPAN = 2_000
"""Ids of residents looked at in one transaction at first: webhooks wait for it, and the first urgent request."""
_LONGEST_SPAN = 160_000
_FEW, _MANY = 500, 2_000


class Renderer:
    """A personal message: each resident's rendering of the template that was approved, made once for equal facts."""

    def __init__(self, broadcast: Broadcast, frozen_template: str, today: date) -> None:
        self._templates = Templates.thawed(frozen_template)
        self._broadcast = broadcast
        self._today = today
        self._texts: dict[tuple[str, tuple[tuple[str, ...], ...]], str] = {}
        self.facts: tuple[Fact, ...] = self._templates.resident_facts(broadcast.template or "")

    def text(self, group: Group) -> str:
        """The message objects for residents of a language with these facts, as JSON text.

        Raises:
            RenderError: the template cannot be rendered for them.
        """
        key = (group.language, tuple(group.facts.get(fact, ()) for fact in self.facts))
        if key not in self._texts:
            messages = self._templates.render(
                self._broadcast.template or "",
                group.language,
                self._broadcast.context,
                resident=Personal(group.facts, self._today),
                drill=self._broadcast.drill,
            )
            self._texts[key] = message_text(messages)
        return self._texts[key]


class Audience:
    """The audience of one broadcast under way. Who is in it is decided here, once.

    Every page is one transaction, so after a stop at any point the next run goes on from there.
    """

    def __init__(
        self, store: Store, town: Town, clock: Clock, broadcast: Broadcast, frozen: str | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._limit = Limit(town.overload, broadcast)
        today = from_ms(broadcast.started_ms or 0).date()
        self._renderer = None if frozen is None else Renderer(broadcast, frozen, today)
        self._condition = condition(broadcast, town, today, store.database.dialect)
        self._staff = staff_addresses(town, broadcast.audience)
        self._at_once = broadcast.priority is not Priority.NORMAL
        self._span = _SPAN

    async def prepare(self, broadcast: Broadcast) -> None:
        """Render what the next page needs beforehand: its transaction must be short."""
        if self._renderer is not None:
            for group in await self._page(self._store.database, broadcast):
                self._renderer.text(group)

    async def _page(self, session: Session | Database, broadcast: Broadcast) -> list[Group]:
        if self._condition is None:
            return []
        after = broadcast.audience_upto
        facts = self._renderer.facts if self._renderer else ()
        upto = min(after + self._span, await _end(session, broadcast))
        return await audience_page(session, self._condition, after, upto, facts)

    async def gather(self, session: Session, broadcast: Broadcast) -> None:
        """Put the next page of a locked broadcast's audience into batches.

        A normal broadcast is held until its audience is complete: then its number is known before the first
        request. Of what is urgent, full batches go at once, and everything of the first page that reaches
        anybody; other batches that are not full wait for residents of later pages.
        """
        if broadcast.everyone:
            await self._to_everyone(session, broadcast)
            return
        if isinstance(broadcast.audience, Staff):
            await self._to_staff(session, broadcast)
            return
        groups = await self._page(session, broadcast)
        first = self._at_once and not await batches.is_under_way(session, broadcast.id)
        await batches.enlist(
            session,
            broadcast.id,
            int(broadcast.priority),
            await self._limit.applied(
                session,
                broadcast,
                await self._parts(session, broadcast, groups),
                self._span,
                self._clock.now(),
            ),
            full_ms=AT_ONCE if self._at_once else HELD,
            rest_ms=AT_ONCE if first else HELD,
        )
        upto = broadcast.audience_upto + self._span
        done = upto >= await _end(session, broadcast)
        if done:
            await batches.let_go(session, broadcast.id)
        await rows.set_audience(session, broadcast.id, upto, done=done)
        await session.notify()
        self._adapt(sum(len(group.ids) for group in groups))

    def _adapt(self, found: int) -> None:
        """Look further ahead where the segment reaches few."""
        if found < _FEW:
            self._span = min(_LONGEST_SPAN, self._span * 2)
        elif found > _MANY:
            self._span = max(_SPAN, self._span // 2)

    async def _parts(self, session: Session, broadcast: Broadcast, groups: Sequence[Group]) -> list[Part]:
        """The residents of a page by what they get."""
        written: Mapping[str, int] = {}
        if self._renderer is None:
            written = await message_ids(session, broadcast.id)
        parts = []
        for group in groups:
            if self._renderer is None:
                message_id = written.get(group.language, written["ja"])
            else:
                text = self._renderer.text(group)
                message_id = await add_rendering(session, broadcast.id, group.language, text)
            parts.append(Part(message_id, group.ids, group.user_ids))
        return batches.joined(parts)

    async def _to_staff(self, session: Session, broadcast: Broadcast) -> None:
        """In Japanese to the staff's user ids, whether they are residents or not."""
        message_id = (await message_ids(session, broadcast.id))["ja"]
        parts = (
            [Part(message_id, await resident_ids(session, self._staff), self._staff)] if self._staff else []
        )
        priority = int(broadcast.priority)
        await batches.enlist(session, broadcast.id, priority, parts, full_ms=AT_ONCE, rest_ms=AT_ONCE)
        await rows.set_audience(session, broadcast.id, await _end(session, broadcast), done=True)
        await session.notify()

    async def _to_everyone(self, session: Session, broadcast: Broadcast) -> None:
        """One request to LINE's broadcast endpoint; of those it reaches, the database knows who follows."""
        known = await self._store.residents.count(self._condition, session) if self._condition else 0
        message_id = (await message_ids(session, broadcast.id))["ja"]
        await batches.add_to_all(
            session,
            broadcast.id,
            int(broadcast.priority),
            message_id=message_id,
            size=max(
                1, known
            ),  # LINE may know friends that the database does not: it must not look like nothing
            due_ms=AT_ONCE,
        )
        await rows.set_audience(session, broadcast.id, await _end(session, broadcast), done=True)
        await session.notify()


async def _end(session: Session | Database, broadcast: Broadcast) -> int:
    """The last id that can be in the audience; a broadcast that an older version started has none of its own."""
    end = broadcast.audience_end
    return await newest_id(session) if end is None else end
