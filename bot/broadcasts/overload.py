"""A day's limit of messages: who has had enough is spared the next one, and a digest tells it later."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from bot.domain.broadcasts import BY_FOLDER, Broadcast, Priority
from bot.domain.clock import TOKYO, Clock, from_ms, to_ms
from bot.domain.overload import Overload
from bot.line import limits
from bot.rendering import Templates
from bot.store import batches, deferred
from bot.store import broadcasts as rows
from bot.store.batches import HELD, Part
from bot.store.deferred import Digested, Spared
from bot.store.messages import add_rendering, message_text
from bot.store.port import Session
from bot.store.store import Store
from bot.town.model import Town

_log = logging.getLogger(__name__)

TEMPLATE = "digest"
_ROOM = 4500
"""UTF-16 units for what a digest tells; the rest of a text's 5,000 is the template's own."""
_SPAN = 10_000


class Limit:
    """Leaves out of a broadcast, page by page, who has had a day's messages already."""

    def __init__(self, overload: Overload | None, broadcast: Broadcast) -> None:
        counts = broadcast.priority is Priority.NORMAL and not broadcast.digest
        self._overload = overload if counts else None
        midnight = datetime.combine(from_ms(broadcast.started_ms or 0).date(), time(), TOKYO)
        self._day = to_ms(midnight), to_ms(midnight + timedelta(days=1))

    async def applied(
        self, session: Session, broadcast: Broadcast, parts: Sequence[Part], span: int, now: datetime
    ) -> list[Part]:
        """The parts of the next page of a locked broadcast, less those who are spared it, which is noted.

        Until so many normal broadcasts have started on that day, nobody is asked for. What would not be true any
        more in the next digest cannot wait for it. What JMA says is not spared anybody, and does not count: told in
        the evening, it would come behind newer word of the same danger.
        """
        limit, until_ms = self._overload, broadcast.useful_until_ms
        if limit is None or (until_ms is not None and until_ms < to_ms(limit.next_digest(now))):
            return list(parts)
        others = await deferred.others(session, broadcast.id, *self._day)
        if len(others) < limit.messages_a_day or await deferred.is_exempt(session, broadcast.id):
            return list(parts)
        after = broadcast.audience_upto
        counts = await deferred.received(session, others, after, after + span)
        full = {each for each, count in counts.items() if count >= limit.messages_a_day}
        await deferred.defer(session, broadcast.id, [_only(part, full, inside=True) for part in parts])
        kept = [_only(part, full, inside=False) for part in parts]
        return [part for part in kept if part.ids]


def _only(part: Part, some: set[str], *, inside: bool) -> Part:
    """Those of a part who are, or are not, among some."""
    members = [pair for pair in zip(part.ids, part.user_ids, strict=True) if (pair[0] in some) is inside]
    return Part(part.message_id, [each for each, _ in members], [user_id for _, user_id in members])


class DigestClock:
    """Called at every tick: makes a day's digest when its time has come, exactly once."""

    def __init__(self, store: Store, town: Town, templates: Templates, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._clock = clock
        self._made: date | None = None

    async def tick(self) -> None:
        """What was spared before the time is told today, what is spared later tomorrow."""
        now, limit = self._clock.now(), self._town.overload
        if limit is None or self._made == now.date() or now < limit.digest_at(now.date()):
            return
        at_ms, now_ms = to_ms(limit.digest_at(now.date())), to_ms(now)

        def write(told: Sequence[Digested]) -> Broadcast:
            return Broadcast(
                title=f"きょうのまとめ({len(told)}件)",
                segment="all",
                digest=True,
                template=TEMPLATE,
                context=context(told, "ja"),
                author=deferred.NOTICE,
                created_ms=now_ms,
            ).approved(BY_FOLDER, due_ms=at_ms)

        frozen = self._templates.frozen(TEMPLATE)
        day = now.date().isoformat()
        goes_ms = to_ms(self._town.free_from(Priority.NORMAL, now))
        collect = self._store.deferred.collect
        if (number := await collect(day, at_ms, write, frozen, goes_ms=goes_ms)) is not None:
            _log.info("Broadcast %d tells what residents were spared", number)
        self._made = now.date()


def context(told: Sequence[Digested], language: str) -> dict[str, str]:
    """What the template says of some messages: each gets an equal share of the room, as far as it is needed.

    Titles are in Japanese, so only who reads that sees them.
    """
    heads = [f"■ {each.title}\n" if language == "ja" else "■ " for each in told]
    bodies = [head + "\n".join(each.texts) for head, each in zip(heads, told, strict=True)]
    share = _ROOM // len(bodies) - 2
    if sum(limits.utf16_length(body) + 2 for body in bodies) > _ROOM:
        bodies = [limits.cut(body, share) for body in bodies]
    return {"count": str(len(told)), "body": "\n\n".join(bodies)}


class DigestAudience:
    """Whom a digest has something to tell, put into batches range by range, as `Audience` does by a segment."""

    def __init__(self, frozen: str) -> None:
        self._templates = Templates.thawed(frozen)
        self._texts: dict[tuple[str, tuple[int, ...]], str] = {}

    async def prepare(self, broadcast: Broadcast) -> None:
        """Nothing: what a page takes is short."""

    async def gather(self, session: Session, broadcast: Broadcast) -> None:
        """Put the next page of a locked digest's audience into batches; they go out when all of them are made.

        Raises:
            RenderError: the template cannot be rendered.
        """
        after = broadcast.audience_upto
        end = broadcast.audience_end or 0
        groups = await deferred.spared(session, broadcast.id, after, min(after + _SPAN, end))
        parts = [
            Part(await self._message(session, broadcast, group), group.ids, group.user_ids)
            for group in groups
        ]
        await batches.enlist(
            session, broadcast.id, int(broadcast.priority), batches.joined(parts), full_ms=HELD, rest_ms=HELD
        )
        done = after + _SPAN >= end
        if done:
            await batches.let_go(session, broadcast.id)
        await rows.set_audience(session, broadcast.id, after + _SPAN, done=done)
        await session.notify()

    async def _message(self, session: Session, broadcast: Broadcast, group: Spared) -> int:
        """The id of what residents get who were spared the same, written once."""
        key = (group.language, tuple(group.messages))
        if key not in self._texts:
            said = await deferred.told(session, group.messages)
            told = [said[each] for each in group.messages]
            words = context(told, group.language)
            self._texts[key] = message_text(self._templates.render(TEMPLATE, group.language, words))
        return await add_rendering(session, broadcast.id, group.language, self._texts[key])
