"""The outbox: batches waiting, leased and ended, and what remains of LINE's rate limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bot.domain.broadcasts import HORIZON_SECONDS, BatchState, Endpoint
from bot.domain.clock import Clock
from bot.domain.pace import Bucket, Limits
from bot.store.batches import divide
from bot.store.broadcasts import lock
from bot.store.port import Database, Params, Session

_WORTH = 0.8
"""How much of a burst is worth a claim: each is a transaction."""
_SOON_SECONDS = 1.0
"""What is urgent and due this soon keeps the less urgent from taking its place."""
_FORGOTTEN_AT_ONCE = 10
"""Batches whose addresses, some 20 KB each, are dropped in one transaction."""
_UNHURRIED_SECONDS = 0.01
_UNREADABLE = "its addresses could not be read"


class Batch(NamedTuple):
    """A leased batch: up to 500 residents who get byte-identical messages under one retry key.

    `user_ids` are JSON strings joined by commas, at every attempt in the same order; empty if everybody has left, or
    if the endpoint needs none.
    """

    id: int
    broadcast_id: int
    message_id: int
    retry_key: str
    priority: int
    size: int
    attempts: int
    first_attempt_ms: int
    user_ids: bytes
    endpoint: Endpoint


class Claim(NamedTuple):
    """Batches to send now; `wait_seconds`: until the rate limit lets more of what waits go (None: no limit)."""

    batches: list[Batch]
    wait_seconds: float | None = None


class Ending(NamedTuple):
    """The final answer to a batch."""

    id: int
    retry_key: str
    state: BatchState
    now: int
    request_id: str | None
    reason: str | None


class SenderSeen(NamedTuple):
    """A sender that is alive; `fault` is what keeps it from sending."""

    owner: str
    fault: str | None


class Outbox:
    """What senders ask about batches."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(
        self, owner: str, limit: int, lease_seconds: float, limits: Limits, floor: int = 0
    ) -> Claim:
        """Lease up to `limit` batches, the most urgent first, as far as the rate limits allow.

        Nothing below the priority `floor` is taken, nor what is less urgent than the most urgent that waits:
        that takes every place. The attempt is on record before any request.
        """
        params = {
            "owner": owner,
            "now": self._clock.now_ms(),
            "soon": self._clock.after_ms(_SOON_SECONDS),
            "lease_until": self._clock.after_ms(lease_seconds),
            "horizon": self._clock.after_ms(-HORIZON_SECONDS),
        }

        async def work(session: Session) -> tuple[list[int], float | None]:
            waiting = await session.fetch("outbox.work", params)
            endpoints = [Endpoint(row["endpoint"]) for row in waiting if row["endpoint"]]
            if not endpoints:
                return [], None
            most_urgent = max(floor, *(row["priority"] for row in waiting))
            return await _claim(session, endpoints, limit, limits, {**params, "floor": most_urgent})

        leased, wait = await self._database.write(work)
        try:
            return Claim(await self._leased(owner, leased), wait)
        except Exception:
            rows = await self._database.fetch("outbox.broadcasts_of", {"ids": json.dumps(leased)})
            broadcasts = [row["broadcast_id"] for row in rows]
            await self._give_back(leased, broadcasts, owner, self._clock.now_ms(), _UNREADABLE)
            raise  # perhaps another sender can read them

    async def _leased(self, owner: str, batch_ids: Sequence[int]) -> list[Batch]:
        """Batches with their addresses, the most urgent first. Read after their claim: on SQLite webhooks wait for its end."""
        if not batch_ids:
            return []
        rows = await self._database.fetch("outbox.leased", {"owner": owner, "ids": json.dumps(batch_ids)})
        batches = [Batch._make((*columns, Endpoint(endpoint))) for *columns, endpoint in rows]
        return sorted(batches, key=lambda batch: (-batch.priority, batch.id))

    async def slow_down(self, endpoint: Endpoint, limits: Limits) -> None:
        """LINE answered 429: all senders send more slowly for a while."""

        async def work(session: Session) -> None:
            await _save(session, endpoint, (await _buckets(session, limits))[endpoint].slowed())

        await self._database.write(work)

    async def messages(self, message_ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
        """The JSON text of each message's objects, and the name its statistics are gathered under."""
        rows = await self._database.fetch("outbox.messages", {"ids": json.dumps(list(message_ids))})
        return {row["id"]: (row["payload"], row["unit"]) for row in rows}

    async def end(self, ending: Ending) -> None:
        """Record a final answer, perhaps together with others; returns once durable."""
        row = {
            "id": ending.id,
            "retry_key": ending.retry_key,
            "state": ending.state.value,
            "now": ending.now,
            "request_id": ending.request_id,
            "reason": ending.reason,
        }
        await self._database.append("outbox.end", [row], patient=True)

    async def retry(self, batch: Batch, owner: str, due_ms: int, reason: str) -> None:
        """Put back a batch that LINE may have accepted, to go out again under the same key."""
        row = {"id": batch.id, "owner": owner, "due_ms": due_ms, "reason": reason}

        async def work(session: Session) -> None:
            await lock(session, batch.broadcast_id)  # nobody overtakes it meanwhile
            await session.execute("outbox.retry", row)
            await session.execute("outbox.leave_overtaken", {"now": self._clock.now_ms()})

        await self._database.write(work)

    async def give_back(self, batch: Batch, owner: str, due_ms: int, reason: str) -> None:
        """Put back a batch whose request LINE surely did not accept."""
        await self._give_back([batch.id], [batch.broadcast_id], owner, due_ms, reason)

    async def _give_back(
        self, batch_ids: Sequence[int], broadcasts: Sequence[int], owner: str, due_ms: int, reason: str
    ) -> None:
        """Put back what LINE surely did not accept; `broadcasts`: those it is of, in order."""
        rows = [{"id": number, "owner": owner, "due_ms": due_ms, "reason": reason} for number in batch_ids]

        async def work(session: Session) -> None:
            for broadcast_id in broadcasts:
                await lock(session, broadcast_id)  # nobody cancels it meanwhile
            await session.execute_many("outbox.give_back", rows)
            for broadcast_id in broadcasts:
                await self._cancel_if_called_off(session, broadcast_id)
            await session.execute("outbox.leave_overtaken", {"now": self._clock.now_ms()})

        await self._database.write(work)

    async def divide(self, batch: Batch, reason: str) -> None:
        """Send a refused batch as two halves, each under a new key."""
        now_ms = self._clock.now_ms()

        async def work(session: Session) -> None:
            await lock(session, batch.broadcast_id)  # nobody cancels it meanwhile
            if await divide(session, batch.id, batch.retry_key, now_ms, reason):
                await self._cancel_if_called_off(session, batch.broadcast_id)

        await self._database.write(work)

    async def _cancel_if_called_off(self, session: Session, broadcast_id: int) -> None:
        row = {"broadcast_id": broadcast_id, "now": self._clock.now_ms()}
        await session.execute("outbox.cancel_if_called_off", row)

    async def renew_leases(self, owner: str, batch_ids: Iterable[int], lease_seconds: float) -> None:
        """Hold on to what is being sent."""
        lease_until = self._clock.after_ms(lease_seconds)
        row = {"owner": owner, "ids": json.dumps(list(batch_ids)), "lease_until": lease_until}
        await self._database.append("outbox.renew_leases", [row])

    async def release_all(self) -> None:
        """Put back every leased batch, after a restart of the only sender, and let nothing wait for its back-off.

        The clock may stand earlier than when the back-off began.
        """
        now = {"now": self._clock.now_ms()}
        for name in ("outbox.release_all", "outbox.leave_overtaken", "outbox.hasten"):
            await self._database.append(name, [now])

    async def release_own(self, owner: str) -> None:
        """Put back what a sender that stops still holds, and forget the sender."""
        now_ms = self._clock.now_ms()

        async def work(session: Session) -> None:
            await session.execute("outbox.release_own", {"owner": owner, "now": now_ms})
            await session.execute("outbox.leave_overtaken", {"now": now_ms})
            await session.execute("outbox.forget_senders", {"owner": owner, "before": 0})
            await session.notify()

        await self._database.write(work)

    async def tend(self, horizon_ms: int, reason: str) -> bool:
        """Take over leases that have run out; end as unknown what waited past the horizon without an answer.

        Whether there was anything to do.
        """
        params = {"now": self._clock.now_ms(), "horizon": horizon_ms}
        if not await self._database.fetch("outbox.overdue", params):
            return False

        async def work(session: Session) -> None:
            await session.execute("outbox.release_expired", params)
            await session.execute("outbox.leave_overtaken", params)
            await session.execute("outbox.expire", {**params, "reason": reason})
            await session.notify()

        await self._database.write(work)
        return True

    async def hasten(self) -> None:
        """LINE answers again: let go out at once what waited for its next attempt."""
        await self._database.append("outbox.hasten", [{"now": self._clock.now_ms()}])

    async def forget_addresses(self) -> None:
        """Drop the user ids of batches that have ended, a few at a time and without hurry: others want to write meanwhile."""

        async def work(session: Session) -> int:
            return await session.execute("outbox.forget_addresses", {"most": _FORGOTTEN_AT_ONCE})

        while await self._database.write(work) == _FORGOTTEN_AT_ONCE:  # noqa: ASYNC110  it is a pause
            await asyncio.sleep(_UNHURRIED_SECONDS)

    async def next_due_ms(self, floor: int = 0) -> int | None:
        """When the next waiting batch of at least that priority may go, if any waits."""
        rows = await self._database.fetch("outbox.next_due", {"floor": floor})
        due_ms: int | None = rows[0]["due_ms"]
        return due_ms

    async def backlog(self) -> dict[BatchState, tuple[int, int]]:
        """Batches not yet ended, and their residents, by state."""
        rows = await self._database.fetch("outbox.backlog")
        return {BatchState(row["state"]): (row["batches"], row["residents"]) for row in rows}

    async def seen(self, owner: str, fault: str | None, forget_seconds: float) -> None:
        """A sender is alive; forget those not seen for so long."""
        row = {"owner": owner, "now": self._clock.now_ms(), "fault": fault}

        async def work(session: Session) -> None:
            before = {"before": self._clock.after_ms(-forget_seconds), "owner": ""}
            await session.execute("outbox.forget_senders", before)
            await session.execute("outbox.seen", row)

        await self._database.write(work)

    async def senders(self, within_seconds: float) -> list[SenderSeen]:
        """The senders seen within so many seconds."""
        since = {"since": self._clock.after_ms(-within_seconds)}
        rows = await self._database.fetch("outbox.senders", since)
        return [SenderSeen(row["owner"], row["fault"]) for row in rows]


async def _claim(
    session: Session, endpoints: Iterable[Endpoint], limit: int, limits: Limits, params: Params
) -> tuple[list[int], float | None]:
    """Lease what each endpoint's bucket allows, and take it from there; which batches, and how long to wait for more."""
    buckets = await _buckets(session, limits)
    leased: list[int] = []
    waits = []
    for endpoint in endpoints:
        bucket = buckets[endpoint]
        allowed = min(limit - len(leased), int(bucket.tokens))
        if allowed > 0:
            these = await _lease(session, endpoint, {**params, "limit": allowed})
            leased += these
            bucket = bucket.take(len(these))
            await _save(session, endpoint, bucket)
        if bucket.tokens < 1:
            worth = max(1.0, limits[endpoint].burst * _WORTH)
            waits.append(bucket.seconds_to(worth, limits[endpoint]))
    return leased, min(waits, default=None)


async def _lease(session: Session, endpoint: Endpoint, params: Params) -> list[int]:
    """Lease what waits for one endpoint."""
    found = await session.fetch("outbox.next", {**params, "endpoint": endpoint.value})
    batch_ids: list[int] = json.loads(found[0]["ids"])
    if batch_ids:
        await session.execute("outbox.claim", {**params, "ids": found[0]["ids"]})
    return batch_ids


async def _buckets(session: Session, limits: Limits) -> Mapping[Endpoint, Bucket]:
    """The buckets as they are now; on PostgreSQL no other sender sees them until this transaction ends."""
    rows = await session.fetch("outbox.rates")
    if len(rows) < len(Endpoint):
        full = [{"endpoint": each.value, "tokens": limits[each].burst} for each in Endpoint]
        await session.execute_many("outbox.open_rates", full)
        rows = await session.fetch("outbox.rates")
    return {
        (endpoint := Endpoint(row["endpoint"])): Bucket(
            row["tokens"], row["share"], row["at_us"], row["slowed_us"]
        ).filled(limits[endpoint], row["now_us"])
        for row in rows
    }


async def _save(session: Session, endpoint: Endpoint, bucket: Bucket) -> None:
    row: dict[str, Any] = {
        "endpoint": endpoint.value,
        "tokens": bucket.tokens,
        "share": bucket.share,
        "at_us": bucket.at_us,
        "slowed_us": bucket.slowed_us,
    }
    await session.execute("outbox.set_rate", row)
