"""What became of broadcasts, read from their batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.broadcasts import BatchState, Endpoint
from bot.store.port import Database, Row

_UNDELIVERED_BATCHES = 200


class BatchReport(NamedTuple):
    """What became of one batch; times are milliseconds since the epoch."""

    id: int
    endpoint: Endpoint
    size: int
    state: BatchState
    attempts: int
    first_attempt_ms: int | None
    ended_ms: int | None
    request_id: str | None
    reason: str | None


class Delivery(NamedTuple):
    """What became of the batch that one resident is in; `ended_ms` is when LINE's answer was final."""

    state: BatchState
    ended_ms: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a broadcast, counted in residents (`requests` in requests).

    `reasons` are (state, reason, residents); `undelivered` are (user id, state, reason). `deferred` residents
    are no recipients: a digest tells them; nor are `lapsed` ones, for whom the digest would come too late.
    """

    counts: Mapping[BatchState, int]
    requests: int
    first_ms: int | None
    last_ms: int | None
    reasons: Sequence[tuple[BatchState, str, int]]
    undelivered: Sequence[tuple[str, BatchState, str]]
    deferred: int
    lapsed: int

    def of(self, *states: BatchState) -> int:
        """How many residents are in batches of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def pending(self) -> int:
        """How many residents have no final answer yet."""
        return pending(self.counts)


def pending(counts: Mapping[BatchState, int]) -> int:
    """How many residents have no final answer yet, of those in batches of each state."""
    return counts.get(BatchState.READY, 0) + counts.get(BatchState.LEASED, 0)


def _counts(tally: Sequence[Row]) -> dict[BatchState, int]:
    return {BatchState(row["state"]): row["residents"] for row in tally}


class Reports:
    """What the rest of the program asks about the outcome of broadcasts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, broadcast_id: int) -> Report:
        """What became of a broadcast so far."""
        key = {"id": broadcast_id}
        tally = await self._database.fetch("reports.tally", key)
        reasons = await self._database.fetch("reports.reasons", key)
        spared = (await self._database.fetch("deferred.spared", {"broadcast": broadcast_id}))[0]
        return Report(
            counts=_counts(tally),
            requests=sum(row["requests"] for row in tally),
            first_ms=min((row["first_ms"] for row in tally if row["first_ms"]), default=None),
            last_ms=max((row["last_ms"] for row in tally if row["last_ms"]), default=None),
            reasons=[(BatchState(row["state"]), row["reason"], row["residents"]) for row in reasons],
            undelivered=await self._undelivered(broadcast_id),
            deferred=spared["deferred"],
            lapsed=spared["lapsed"],
        )

    async def _undelivered(self, broadcast_id: int) -> list[tuple[str, BatchState, str]]:
        found = []
        limit = {"id": broadcast_id, "limit": _UNDELIVERED_BATCHES}
        for batch in await self._database.fetch("reports.undelivered", limit):
            ids = {"ids": f"[{batch['resident_ids']}]"}
            rows = await self._database.fetch("residents.user_ids_of", ids)
            state, reason = BatchState(batch["state"]), batch["reason"] or ""
            found += [(row["user_id"], state, reason) for row in rows]
        return found

    async def of_one(self, broadcast_id: int, user_id: str) -> Delivery | None:
        """What became of a broadcast for one resident; None if they are not among its recipients."""
        rows = await self._database.fetch("reports.batches_of_one", {"id": broadcast_id, "user_id": user_id})
        if not rows:
            return None
        return Delivery(BatchState(rows[-1]["state"]), rows[-1]["ended_ms"], rows[-1]["reason"])

    async def progress(self, broadcast_id: int) -> Mapping[BatchState, int]:
        """How many residents are in batches of each state."""
        return _counts(await self._database.fetch("reports.tally", {"id": broadcast_id}))

    async def batches(self, broadcast_id: int) -> list[BatchReport]:
        """What became of each batch, in the order they were made."""
        rows = await self._database.fetch("reports.batches", {"id": broadcast_id})
        return [
            BatchReport(
                **{**dict(row), "endpoint": Endpoint(row["endpoint"]), "state": BatchState(row["state"])}
            )
            for row in rows
        ]
