"""Drills in the database: what was issued when, and which broadcasts came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.broadcasts import Broadcast, State
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError, RefusedError
from bot.store.audit import AuditEntry, record
from bot.store.broadcasts import Payloads, add
from bot.store.port import Database, Row, Session
from bot.store.telegrams import About, Earlier

_GONE_SECONDS = 60
"""After so long without a sign the process of a drill is gone."""


class Drill(NamedTuple):
    """One replay; times are ms since the epoch. `state` is one of the words that the migration lists."""

    id: int
    folder: str
    speed: float
    actor: str
    reach: str
    state: str
    reason: str | None
    started_ms: int
    seen_ms: int
    ended_ms: int | None


class Step(NamedTuple):
    """The telegrams of one official time (`reported_ms`, their own), and when what was done with them.

    `files` have `name`, `type` and `title`.
    """

    id: int
    files: Sequence[dict[str, str]]
    reported_ms: int
    issued_ms: int
    decided_ms: int
    written_ms: int | None


class Message(NamedTuple):
    """A broadcast of a drill; `step_id` is None for its closing words."""

    step_id: int | None
    step: str
    broadcast_id: int
    state: State
    audience_done: bool
    started_ms: int | None


class Drills:
    """What the rest of the program does with drills."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, folder: str, speed: float, actor: str, reach: str) -> int:
        """Store a new drill; its id.

        Raises:
            RefusedError: another one is under way.
        """
        since = self._clock.after_ms(-_GONE_SECONDS)

        async def work(session: Session) -> int:
            now = self._clock.now_ms()
            await session.fetch("drills.lock")
            if others := await session.fetch("drills.under_way", {"since": since}):
                raise RefusedError(
                    f"訓練 {others[0]['id']} をいま行っています。終わるのを待つか、そちらを Ctrl+C で終えてください。"
                )
            row = {"folder": folder, "speed": speed, "actor": actor, "reach": reach, "now": now}
            number = int((await session.fetch("drills.begin", row))[0]["id"])
            await record(
                session, AuditEntry(now, actor, "drill.begin", f"drill:{number}", f"{folder} ({reach})")
            )
            return number

        return await self._database.write(work)

    async def seen(self, drill_id: int) -> None:
        """Note that the process of a drill is there."""
        await self._database.append("drills.seen", [{"id": drill_id, "now": self._clock.now_ms()}])

    async def written(self, step_id: int) -> None:
        """Note that the broadcasts of a step are durable."""
        await self._database.append("drills.written", [{"id": step_id, "now": self._clock.now_ms()}])

    async def find(self, drill_id: int) -> Drill:
        """One drill.

        Raises:
            NotFoundError: there is none of that id.
        """
        rows = await self._database.fetch("drills.find", {"id": drill_id})
        if not rows:
            raise NotFoundError(f"訓練 {drill_id} はありません。machi drill list で番号を確かめてください。")
        return _drill(rows[0])

    async def newest(self, limit: int) -> list[Drill]:
        """The newest drills, newest first."""
        return [_drill(row) for row in await self._database.fetch("drills.list", {"limit": limit})]

    async def steps(self, drill_id: int) -> list[Step]:
        """The steps of a drill, oldest first."""
        return [
            Step(
                row["id"],
                json.loads(row["files"]),
                row["reported_ms"],
                row["issued_ms"],
                row["decided_ms"],
                row["written_ms"],
            )
            for row in await self._database.fetch("drills.steps", {"id": drill_id})
        ]

    async def messages(self, drill_id: int) -> list[Message]:
        """The broadcasts of a drill, oldest first."""
        return await messages(self._database, drill_id)


def _drill(row: Row) -> Drill:
    return Drill(*(row[name] for name in Drill._fields))


async def messages(source: Session | Database, drill_id: int) -> list[Message]:
    """The broadcasts of a drill, oldest first."""
    return [
        Message(
            row["step_id"],
            row["step"],
            row["broadcast_id"],
            State(row["state"]),
            bool(row["audience_done"]),
            row["started_ms"],
        )
        for row in await source.fetch("drills.messages", {"id": drill_id})
    ]


async def end(session: Session, drill: Drill, state: str, reason: str | None, now_ms: int) -> None:
    """Store that a drill is over, and why."""
    row = {"id": drill.id, "state": state, "reason": reason, "now": now_ms}
    await session.execute("drills.end", row)
    detail = f"{state}: {reason}" if reason else state
    await record(session, AuditEntry(now_ms, drill.actor, "drill.end", f"drill:{drill.id}", detail))


async def add_step(
    session: Session, drill_id: int, files: Sequence[dict[str, str]], reported_ms: int, issued_ms: int
) -> int:
    """Store that telegrams of one time are issued; the step's id."""
    row = {
        "drill_id": drill_id,
        "files": json.dumps(files, ensure_ascii=False),
        "reported_ms": reported_ms,
        "issued_ms": issued_ms,
    }
    return int((await session.fetch("drills.add_step", row))[0]["id"])


async def decided(session: Session, step_id: int, now_ms: int) -> None:
    """Note when it was decided what follows from a step."""
    await session.execute("drills.decided", {"id": step_id, "now": now_ms})


async def told(session: Session, drill_id: int, thread: str) -> list[Earlier]:
    """What was told of a thread in a drill, the newest first."""
    row = {"drill_id": drill_id, "thread": thread}
    return [Earlier.of(each) for each in await session.fetch("drills.told", row)]


async def tell(
    session: Session,
    drill_id: int,
    broadcast: Broadcast,
    payloads: Payloads,
    *,
    about: About,
    step_id: int | None,
) -> int:
    """Store a broadcast of a drill about a thread; its id."""
    number = await add(session, broadcast, payloads)
    row = {**about._asdict(), "drill_id": drill_id, "step_id": step_id, "broadcast_id": number}
    await session.execute("drills.tell", row)
    return number
