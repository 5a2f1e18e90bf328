"""The outbox: batches waiting, leased and ended."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.broadcasts import BATCH_SIZE, BatchState
from bot.domain.clock import Clock
from bot.store.broadcasts import Broadcast
from bot.store.port import Database, Session
from bot.store.residents import Group

HELD = 2**53
"""The due time of batches that wait until the audience is complete."""


class Batch(NamedTuple):
    """A leased batch: up to 500 residents who get byte-identical messages under one retry key.

    `user_ids` are joined by commas, at every attempt in the same order; empty if everybody has left.
    """

    id: int
    broadcast_id: int
    language: str
    retry_key: str
    priority: int
    size: int
    attempts: int
    first_attempt_ms: int
    user_ids: str


class Ending(NamedTuple):
    """The final answer to a batch."""

    id: int
    state: BatchState
    now: int
    request_id: str | None
    reason: str | None


async def add_batches(
    session: Session, broadcast: Broadcast, languages: Sequence[str], groups: Sequence[Group], due_ms: int
) -> None:
    """Put residents into batches, apart by the language their message is in.

    `languages` are those the broadcast has messages in; everyone else gets Japanese. The batches may be sent
    from `due_ms` on, or when `let_go` is called (HELD).
    """
    rows = []
    for language in dict.fromkeys(_written(group, languages) for group in groups):
        joined = [group for group in groups if _written(group, languages) == language]
        ids = [number for group in joined for number in group.ids]
        user_ids = [user_id for group in joined for user_id in group.user_ids]
        for start in range(0, len(ids), BATCH_SIZE):
            members = ids[start : start + BATCH_SIZE]
            numbers = list(map(int, members))
            rows.append(
                {
                    "broadcast_id": broadcast.id,
                    "language": language,
                    "retry_key": str(uuid.uuid4()),
                    "priority": int(broadcast.priority),
                    "size": len(members),
                    "first_resident": min(numbers),
                    "last_resident": max(numbers),
                    "resident_ids": ",".join(members),
                    "user_ids": ",".join(user_ids[start : start + BATCH_SIZE]),
                    "due_ms": due_ms,
                }
            )
    for statement in ("outbox.add_batch", "outbox.add_recipients", "outbox.add_addresses"):
        await session.execute_many(statement, rows)
    await session.notify()


async def let_go(session: Session, broadcast_id: int, now_ms: int) -> None:
    """Allow the batches of a broadcast that were held."""
    await session.execute("outbox.let_go", {"id": broadcast_id, "now": now_ms})
    await session.notify()


def _written(group: Group, languages: Sequence[str]) -> str:
    return group.language if group.language in languages else "ja"


class Outbox:
    """What the sender asks about batches."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, owner: str, limit: int, lease_seconds: float) -> list[Batch]:
        """Lease up to `limit` batches, the most urgent first. The attempt is on record before any request."""
        params = {
            "owner": owner,
            "now": self._clock.now_ms(),
            "lease_until": self._clock.after_ms(lease_seconds),
            "limit": limit,
        }

        async def work(session: Session) -> list[Batch]:
            rows = await session.fetch("outbox.claim", params)
            ids = json.dumps([row["id"] for row in rows])
            addresses = await session.fetch("outbox.addresses", {"ids": ids}) if rows else []
            user_ids = {row["batch_id"]: row["user_ids"] for row in addresses}
            return [Batch(**{**dict(row), "user_ids": user_ids[row["id"]]}) for row in rows]

        batches = await self._database.write(work)
        return sorted(batches, key=lambda batch: (-batch.priority, batch.id))

    async def end(self, ending: Ending) -> None:
        """Record a final answer; returns once durable."""
        row = {**ending._asdict(), "state": ending.state.value}
        await self._database.append("outbox.end", [row], notify=True)

    async def retry(self, batch: Batch, owner: str, due_ms: int, reason: str) -> None:
        """Put a leased batch back, to go out again under the same key."""
        row = {"id": batch.id, "owner": owner, "due_ms": due_ms, "reason": reason}
        await self._database.append("outbox.retry", [row])

    async def release(self, *, everything: bool) -> None:
        """Put back batches whose lease has run out; `everything`: all, after a restart of the only sender."""
        name = "outbox.release_all" if everything else "outbox.release_expired"
        now_ms = self._clock.now_ms()

        async def work(session: Session) -> int:
            return await session.execute(name, {"now": now_ms})

        await self._database.write(work)

    async def expire(self, horizon_ms: int, reason: str) -> None:
        """End as unknown what was first attempted before the horizon and waits without an answer."""
        params = {"now": self._clock.now_ms(), "horizon": horizon_ms, "reason": reason}

        async def work(session: Session) -> int:
            return await session.execute("outbox.expire", params)

        await self._database.write(work)

    async def forget_addresses(self) -> None:
        """Drop the user ids of batches that have ended, such as those of a cancelled broadcast."""

        async def work(session: Session) -> int:
            return await session.execute("outbox.forget_addresses")

        await self._database.write(work)

    async def next_due_ms(self) -> int | None:
        """When the next waiting batch may go, if any waits."""
        due_ms: int | None = (await self._database.fetch("outbox.next_due"))[0]["due_ms"]
        return due_ms

    async def backlog(self) -> dict[BatchState, tuple[int, int]]:
        """Batches not yet ended, and their residents, by state."""
        rows = await self._database.fetch("outbox.backlog")
        return {BatchState(row["state"]): (row["batches"], row["residents"]) for row in rows}
