"""Broadcasts and their messages in the database."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.audiences import from_json, to_json
from bot.domain.broadcasts import Broadcast, Event, Priority, State, advance
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.store.audit import AuditEntry, record
from bot.store.batches import let_go, send_unknown_again
from bot.store.messages import message_row, message_text
from bot.store.orders import follow, require_still_true
from bot.store.port import Database, Row, Session

_OVERTAKEN = "配信 {} が、これより新しいことを知らせます。"

Beside = Callable[[Session, int], Awaitable[None]]
"""What else is stored with a broadcast of that id."""
Payloads = Mapping[str, Sequence[Mapping[str, Any]]]
"""LINE message objects by language; `ja` is always there."""


def from_row(row: Row) -> Broadcast:
    """A broadcast as its row has it."""
    return Broadcast(
        **{
            **{name: row[name] for name in Broadcast.__dataclass_fields__},
            "state": State(row["state"]),
            "priority": Priority(row["priority"]),
            **{
                flag: bool(row[flag])
                for flag in ("drill", "audience_done", "everyone", "digest", "published")
            },
            "context": json.loads(row["context"]),
            "audience": from_json(row["audience"]),
        }
    )


async def insert(
    session: Session, broadcast: Broadcast, payloads: Payloads, frozen_template: str | None = None
) -> int:
    """Store a new broadcast and what it says; its id.

    A personal message is its `frozen_template`, of which each recipient's is rendered when it goes out; then
    `payloads` is empty.
    """
    params = {
        "title": broadcast.title,
        "state": broadcast.state.value,
        "segment": broadcast.segment,
        "priority": int(broadcast.priority),
        "drill": int(broadcast.drill),
        "everyone": int(broadcast.everyone),
        "digest": int(broadcast.digest),
        "template": broadcast.template,
        "context": json.dumps(broadcast.context, ensure_ascii=False),
        "author": broadcast.author,
        "approver": broadcast.approver,
        "created_ms": broadcast.created_ms,
        "approved_ms": broadcast.approved_ms,
        "scheduled_ms": broadcast.scheduled_ms,
        "audience": to_json(broadcast.audience),
        "published": int(broadcast.published),
        "useful_until_ms": broadcast.useful_until_ms,
    }
    broadcast_id = int((await session.fetch("broadcasts.insert", params))[0]["id"])
    rows = [
        message_row(broadcast_id, language, message_text(messages)) for language, messages in payloads.items()
    ]
    await session.execute_many("broadcasts.add_message", rows)
    if frozen_template is not None:
        frozen = {"broadcast_id": broadcast_id, "template": frozen_template}
        await session.execute("broadcasts.freeze_template", frozen)
    await session.notify()
    return broadcast_id


async def add(
    session: Session, broadcast: Broadcast, payloads: Payloads, frozen_template: str | None = None
) -> int:
    """Store a new broadcast, and note in the audit trail who wrote it; its id."""
    number = await insert(session, broadcast, payloads, frozen_template)
    entry = AuditEntry(
        broadcast.created_ms, broadcast.author, "broadcast.new", f"broadcast:{number}", broadcast.title
    )
    await record(session, entry)
    return number


async def lock(session: Session, broadcast_id: int) -> Broadcast:
    """A broadcast, locked for a change of state.

    Raises:
        NotFoundError: there is none of that id.
    """
    return _only(await session.fetch("broadcasts.lock", {"id": broadcast_id}), broadcast_id)


def _only(rows: Sequence[Row], broadcast_id: int) -> Broadcast:
    if not rows:
        raise NotFoundError(
            f"配信 {broadcast_id} はありません。machi broadcast list で番号を確かめてください。"
        )
    return from_row(rows[0])


async def move(
    session: Session, broadcast: Broadcast, event: Event, now_ms: int, **changes: Any
) -> Broadcast:
    """Move a locked broadcast by an event of its life, with what else changes, and its batches with it.

    Raises:
        RefusedError: the event cannot happen in its state.
    """
    moved = replace(broadcast, state=advance(broadcast.state, event), **changes)
    await session.execute(
        "broadcasts.set_state",
        {
            "id": moved.id,
            "state": moved.state.value,
            "approver": moved.approver,
            "approved_ms": moved.approved_ms,
            "scheduled_ms": moved.scheduled_ms,
            "started_ms": moved.started_ms,
            "finished_ms": moved.finished_ms,
            "failure": moved.failure,
            "unit": moved.unit,
            "paused_by": moved.paused_by,
            "audience_end": moved.audience_end,
        },
    )
    match event:
        case Event.CANCEL | Event.FAIL:
            for name in ("broadcasts.cancel_batches", "broadcasts.leave_unknown"):
                await session.execute(name, {"id": moved.id, "now": now_ms})
            await let_go(session, moved.id)
        case Event.PAUSE:
            await session.execute("outbox.hold", {"id": moved.id})
        case Event.RESUME if moved.audience_done:
            await let_go(session, moved.id)
    await session.notify()
    return moved


async def pause(session: Session, broadcast: Broadcast, by: str, reason: str, now_ms: int) -> None:
    """Let nothing more of a locked broadcast go out until it is resumed, and note why."""
    await move(session, broadcast, Event.PAUSE, now_ms, paused_by=by, failure=reason)
    await note(session, broadcast.id, Event.PAUSE, actor=by, now_ms=now_ms, detail=reason)


async def resume(session: Session, broadcast: Broadcast, by: str, now_ms: int) -> Broadcast:
    """Let a locked broadcast that is paused go on where it was."""
    event = Event.RESTORE if broadcast.started_ms is None else Event.RESUME
    moved = await move(session, broadcast, event, now_ms, paused_by=None, failure=None)
    await note(session, broadcast.id, event, actor=by, now_ms=now_ms, detail=broadcast.title)
    return moved


async def overtake(session: Session, broadcast_id: int, actor: str, reason: str, now_ms: int) -> None:
    """Let nothing more of a broadcast go out, because another says better; what LINE has accepted stays sent.

    What LINE may have accepted is not asked for again: that would deliver, behind newer word, what holds no more.
    """
    broadcast = await lock(session, broadcast_id)
    if broadcast.state in {State.DONE, State.CANCELLED, State.FAILED}:
        return
    await move(session, broadcast, Event.CANCEL, now_ms, finished_ms=now_ms, failure=reason, paused_by=None)
    await session.execute("outbox.leave_overtaken", {"now": now_ms})
    await note(session, broadcast_id, Event.CANCEL, actor=actor, now_ms=now_ms, detail=reason)


async def note(
    session: Session, broadcast_id: int, event: Event, *, actor: str, now_ms: int, detail: str
) -> None:
    """Note in the audit trail what was done to a broadcast."""
    await record(
        session, AuditEntry(now_ms, actor, f"broadcast.{event}", f"broadcast:{broadcast_id}", detail)
    )


async def units_since(session: Session, since_ms: int) -> int:
    """How many broadcasts that started since then gather statistics under a name."""
    return int((await session.fetch("broadcasts.units_since", {"since": since_ms}))[0]["n"])


async def set_audience(session: Session, broadcast_id: int, upto: int, *, done: bool) -> None:
    """Note how far the audience has been put into batches."""
    await session.execute("broadcasts.set_audience", {"id": broadcast_id, "upto": upto, "done": int(done)})


class Broadcasts:
    """What the rest of the program asks about broadcasts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self,
        broadcast: Broadcast,
        payloads: Payloads,
        frozen_template: str | None = None,
        *,
        beside: Beside | None = None,
    ) -> int:
        """Store a draft and note it in the audit trail, in one transaction with what stands `beside` it; its id."""

        async def work(session: Session) -> int:
            number = await add(session, broadcast, payloads, frozen_template)
            if beside is not None:
                await beside(session, number)
            return number

        return await self._database.write(work)

    async def change(
        self,
        broadcast_id: int,
        event: Event,
        actor: str,
        *,
        check: Callable[[Broadcast], None] | None = None,
        beside: Beside | None = None,
        **changes: Any,
    ) -> Broadcast:
        """Move a broadcast by an event, on somebody's behalf; `check(broadcast)` may refuse it.

        In the same transaction an approved broadcast that has a time is scheduled, the evacuation order it belongs
        to follows, and what stands `beside` is stored.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: its state or `check` forbids it.
        """

        async def work(session: Session) -> Broadcast:
            broadcast = await lock(session, broadcast_id)
            if check is not None:
                check(broadcast)
            now_ms = self._clock.now_ms()
            moved = await move(session, broadcast, event, now_ms, **changes)
            if event is Event.APPROVE and moved.scheduled_ms is not None:
                moved = await move(session, moved, Event.SCHEDULE, now_ms)
            await note(session, broadcast_id, event, actor=actor, now_ms=now_ms, detail=broadcast.title)
            if event is Event.APPROVE:
                await require_still_true(session, broadcast_id, broadcast.context)
            for overtaken in await follow(session, broadcast_id, event, actor, now_ms):
                await overtake(session, overtaken, actor, _OVERTAKEN.format(broadcast_id), now_ms)
            if beside is not None:
                await beside(session, broadcast_id)
            return moved

        return await self._database.write(work)

    async def pause(self, broadcast_id: int, by: str, reason: str) -> Broadcast:
        """Let nothing more go out until it is resumed; what is on its way is seen through.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: it has not been scheduled, or has ended.
        """

        async def work(session: Session) -> None:
            await pause(session, await lock(session, broadcast_id), by, reason, self._clock.now_ms())

        await self._database.write(work)
        return await self.find(broadcast_id)

    async def explain(self, broadcast_id: int, reason: str) -> None:
        """Say more exactly why a broadcast is paused, if it still is."""
        await self._database.append("broadcasts.explain", [{"id": broadcast_id, "reason": reason}])

    async def pause_all(self, by: str, reason: str) -> int:
        """Pause whatever is being sent; how many broadcasts."""

        async def work(session: Session) -> int:
            rows = await session.fetch("broadcasts.lock_sending")
            for row in rows:
                await pause(session, from_row(row), by, reason, self._clock.now_ms())
            return len(rows)

        return await self._database.write(work)

    async def resume(self, broadcast_id: int, by: str) -> Broadcast:
        """Let a paused broadcast go on where it was.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: it is not paused.
        """

        async def work(session: Session) -> Broadcast:
            return await resume(session, await lock(session, broadcast_id), by, self._clock.now_ms())

        return await self._database.write(work)

    async def paused_by(self, by: str) -> list[int]:
        """The broadcasts that somebody paused."""
        return [row["id"] for row in await self._database.fetch("broadcasts.paused_by", {"by": by})]

    async def send_unknown_again(self, broadcast_id: int, actor: str) -> int:
        """Send once more, under new keys, what LINE never answered; to how many residents.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: it has not ended.
        """

        async def work(session: Session) -> int:
            broadcast, now_ms = await lock(session, broadcast_id), self._clock.now_ms()
            await move(session, broadcast, Event.REOPEN, now_ms, finished_ms=None)
            residents = await send_unknown_again(session, broadcast_id, now_ms)
            detail = f"{residents} residents"
            await note(session, broadcast_id, Event.REOPEN, actor=actor, now_ms=now_ms, detail=detail)
            return residents

        return await self._database.write(work)

    async def find(self, broadcast_id: int) -> Broadcast:
        """One broadcast.

        Raises:
            NotFoundError: there is none of that id.
        """
        return _only(await self._database.fetch("broadcasts.find", {"id": broadcast_id}), broadcast_id)

    async def newest(self, limit: int) -> list[Broadcast]:
        """The newest broadcasts, newest first."""
        return [from_row(row) for row in await self._database.fetch("broadcasts.list", {"limit": limit})]

    async def payloads(self, broadcast_id: int) -> dict[str, list[dict[str, Any]]]:
        """What a broadcast says, by language."""
        rows = await self._database.fetch("broadcasts.messages", {"id": broadcast_id})
        return {row["language"]: json.loads(row["payload"]) for row in rows}

    async def frozen_template(self, broadcast_id: int) -> str | None:
        """The template of a personal message as it was approved; None where all get the same."""
        rows = await self._database.fetch("broadcasts.frozen_template", {"id": broadcast_id})
        return rows[0]["template"] if rows else None

    async def due(self, now_ms: int) -> list[Broadcast]:
        """Scheduled broadcasts whose time has come, the most urgent first."""
        return [from_row(row) for row in await self._database.fetch("broadcasts.due", {"now": now_ms})]

    async def gathering(self) -> list[int]:
        """Broadcasts under way whose audience is not complete."""
        return [row["id"] for row in await self._database.fetch("broadcasts.gathering")]

    async def finished(self) -> list[int]:
        """Broadcasts under way of which every batch has ended."""
        return [row["id"] for row in await self._database.fetch("broadcasts.finished")]
