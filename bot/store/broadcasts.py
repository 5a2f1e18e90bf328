"""Broadcasts and their messages in the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.broadcasts import BatchState, Event, Priority, State, advance
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.store.audit import Deed, record
from bot.store.port import Database, Row, Session

_UNDELIVERED_BATCHES = 200


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One message to one audience. Times are milliseconds since the epoch; `id` is 0 before it is stored."""

    title: str
    segment: str
    author: str
    state: State = State.DRAFT
    priority: Priority = Priority.NORMAL
    drill: bool = False
    template: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    approver: str | None = None
    created_ms: int = 0
    approved_ms: int | None = None
    scheduled_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    audience_upto: int = 0
    audience_done: bool = False
    failure: str | None = None
    id: int = 0


Payloads = Mapping[str, Sequence[Mapping[str, Any]]]
"""LINE message objects by language; `ja` is always there."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a broadcast, counted in residents (`requests` in requests).

    `reasons` are (state, reason, residents); `undelivered` are (user id, state, reason).
    """

    counts: Mapping[BatchState, int]
    requests: int
    first_ms: int | None
    last_ms: int | None
    reasons: Sequence[tuple[BatchState, str, int]]
    undelivered: Sequence[tuple[str, BatchState, str]]


def _broadcast(row: Row) -> Broadcast:
    fields = {name: row[name] for name in Broadcast.__dataclass_fields__}
    return Broadcast(
        **{
            **fields,
            "state": State(row["state"]),
            "priority": Priority(row["priority"]),
            "drill": bool(row["drill"]),
            "audience_done": bool(row["audience_done"]),
            "context": json.loads(row["context"]),
        }
    )


async def insert(session: Session, broadcast: Broadcast, payloads: Payloads) -> int:
    """Store a new broadcast and what it says; its id."""
    params = {
        "title": broadcast.title,
        "state": broadcast.state.value,
        "segment": broadcast.segment,
        "priority": int(broadcast.priority),
        "drill": int(broadcast.drill),
        "template": broadcast.template,
        "context": json.dumps(broadcast.context, ensure_ascii=False),
        "author": broadcast.author,
        "approver": broadcast.approver,
        "created_ms": broadcast.created_ms,
        "approved_ms": broadcast.approved_ms,
        "scheduled_ms": broadcast.scheduled_ms,
    }
    broadcast_id = int((await session.fetch("broadcasts.insert", params))[0]["id"])
    rows = [
        {
            "broadcast_id": broadcast_id,
            "language": language,
            "payload": json.dumps(messages, ensure_ascii=False, separators=(",", ":")),
        }
        for language, messages in payloads.items()
    ]
    await session.execute_many("broadcasts.add_message", rows)
    await session.notify()
    return broadcast_id


async def lock(session: Session, broadcast_id: int) -> Broadcast:
    """A broadcast, locked for a change of state.

    Raises:
        NotFoundError: there is none of that id.
    """
    rows = await session.fetch("broadcasts.lock", {"id": broadcast_id})
    if not rows:
        raise NotFoundError(
            f"配信 {broadcast_id} はありません。machi broadcast list で番号を確かめてください。"
        )
    return _broadcast(rows[0])


async def move(session: Session, broadcast: Broadcast, event: Event, **changes: Any) -> Broadcast:
    """Move a locked broadcast by an event of its life, with what else changes.

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
        },
    )
    await session.notify()
    return moved


async def languages(session: Session, broadcast_id: int) -> list[str]:
    """The languages a broadcast has messages in."""
    rows = await session.fetch("broadcasts.languages", {"id": broadcast_id})
    return [row["language"] for row in rows]


async def set_audience(session: Session, broadcast_id: int, upto: int, *, done: bool) -> None:
    """Note how far the audience has been put into batches."""
    await session.execute("broadcasts.set_audience", {"id": broadcast_id, "upto": upto, "done": int(done)})


class Broadcasts:
    """What the rest of the program asks about broadcasts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, broadcast: Broadcast, payloads: Payloads) -> int:
        """Store a draft and note it in the audit trail; its id."""

        async def work(session: Session) -> int:
            broadcast_id = await insert(session, broadcast, payloads)
            await self._note(session, broadcast.author, "broadcast.new", broadcast_id, broadcast.title)
            return broadcast_id

        return await self._database.write(work)

    async def change(
        self,
        broadcast_id: int,
        event: Event,
        actor: str,
        *,
        check: Callable[[Broadcast], None] | None = None,
        **changes: Any,
    ) -> Broadcast:
        """Move a broadcast by an event, on somebody's behalf; `check(broadcast)` may refuse it.

        An approved broadcast that has a time is scheduled in the same transaction.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: its state or `check` forbids it.
        """

        async def work(session: Session) -> Broadcast:
            broadcast = await lock(session, broadcast_id)
            if check is not None:
                check(broadcast)
            moved = await move(session, broadcast, event, **changes)
            if event is Event.APPROVE and moved.scheduled_ms is not None:
                moved = await move(session, moved, Event.SCHEDULE)
            if event is Event.CANCEL:
                await session.execute(
                    "broadcasts.cancel_batches", {"id": broadcast_id, "now": self._clock.now_ms()}
                )
            await self._note(session, actor, f"broadcast.{event}", broadcast_id, broadcast.title)
            return moved

        return await self._database.write(work)

    async def _note(self, session: Session, actor: str, action: str, broadcast_id: int, detail: str) -> None:
        await record(session, Deed(self._clock.now_ms(), actor, action, f"broadcast:{broadcast_id}", detail))

    async def find(self, broadcast_id: int) -> Broadcast:
        """One broadcast.

        Raises:
            NotFoundError: there is none of that id.
        """
        rows = await self._database.fetch("broadcasts.find", {"id": broadcast_id})
        if not rows:
            raise NotFoundError(
                f"配信 {broadcast_id} はありません。machi broadcast list で番号を確かめてください。"
            )
        return _broadcast(rows[0])

    async def newest(self, limit: int) -> list[Broadcast]:
        """The newest broadcasts, newest first."""
        return [_broadcast(row) for row in await self._database.fetch("broadcasts.list", {"limit": limit})]

    async def payloads(self, broadcast_id: int) -> dict[str, list[dict[str, Any]]]:
        """What a broadcast says, by language."""
        rows = await self._database.fetch("broadcasts.messages", {"id": broadcast_id})
        return {row["language"]: json.loads(row["payload"]) for row in rows}

    async def due(self, now_ms: int) -> list[int]:
        """Scheduled broadcasts whose time has come, the most urgent first."""
        return [row["id"] for row in await self._database.fetch("broadcasts.due", {"now": now_ms})]

    async def gathering(self) -> list[int]:
        """Broadcasts under way whose audience is not complete."""
        return [row["id"] for row in await self._database.fetch("broadcasts.gathering")]

    async def finished(self) -> list[int]:
        """Broadcasts under way of which every batch has ended."""
        return [row["id"] for row in await self._database.fetch("broadcasts.finished")]

    async def report(self, broadcast_id: int) -> Report:
        """What became of a broadcast so far."""
        key = {"id": broadcast_id}
        tally = await self._database.fetch("broadcasts.tally", key)
        reasons = await self._database.fetch("broadcasts.reasons", key)
        missing = await self._undelivered(broadcast_id)
        return Report(
            counts={BatchState(row["state"]): row["residents"] for row in tally},
            requests=sum(row["requests"] for row in tally),
            first_ms=min((row["first_ms"] for row in tally if row["first_ms"]), default=None),
            last_ms=max((row["last_ms"] for row in tally if row["last_ms"]), default=None),
            reasons=[(BatchState(row["state"]), row["reason"], row["residents"]) for row in reasons],
            undelivered=missing,
        )

    async def _undelivered(self, broadcast_id: int) -> list[tuple[str, BatchState, str]]:
        found = []
        limit = {"id": broadcast_id, "limit": _UNDELIVERED_BATCHES}
        for batch in await self._database.fetch("broadcasts.undelivered", limit):
            ids = {"ids": f"[{batch['resident_ids']}]"}
            rows = await self._database.fetch("residents.user_ids_of", ids)
            state, reason = BatchState(batch["state"]), batch["reason"] or ""
            found += [(row["user_id"], state, reason) for row in rows]
        return found
