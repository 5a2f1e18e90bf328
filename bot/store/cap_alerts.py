"""Alerts of others (CAP) in the database: each is taken in once, with the draft that it became."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import Clock
from bot.store.broadcasts import Beside, Payloads, add
from bot.store.port import Database, Row, Session


@dataclass(frozen=True, slots=True)
class CapRecord:
    """An alert on record; times are ms since the epoch.

    `place` is where a feed had it, None for one that staff brought. `source` is its name in the town's list, None for
    one that is not on it. `outcome` is `draft`, `old` (it had expired), `again` (it was on record from elsewhere) or
    `refused`, for which `reason` says why.
    """

    sender: str
    identifier: str
    sent_ms: int | None
    status: str
    message_type: str
    headline: str
    outcome: str
    source: str | None = None
    place: str | None = None
    reason: str | None = None
    received_ms: int = 0
    broadcast_id: int | None = None


Write = Callable[[Sequence[CapRecord]], tuple[Broadcast, Payloads]]
"""Makes the draft of an alert, knowing those on record that it refers to."""


class CapAlerts:
    """What the rest of the program asks about alerts of others."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def seen(self, places: Sequence[str]) -> set[str]:
        """Which of these places have been looked at."""
        asked = {"places": json.dumps(list(places))}
        return {row["place"] for row in await self._database.fetch("cap.seen", asked)}

    async def find(self, sender: str, identifier: str) -> CapRecord | None:
        """An alert that was taken in; None for one that was not, or was refused."""
        return await _find(self._database, sender, identifier)

    async def newest(self, limit: int) -> list[CapRecord]:
        """The latest alerts, newest first."""
        return [_record(row) for row in await self._database.fetch("cap.newest", {"limit": limit})]

    async def add(self, found: CapRecord) -> CapRecord:
        """Record an alert that becomes nothing; as it is on record."""
        found = replace(found, received_ms=self._clock.now_ms())
        await self._database.append("cap.add", [asdict(found)])
        return found

    async def take(
        self,
        found: CapRecord,
        references: Sequence[tuple[str, str]],
        write: Write,
        *,
        beside: Beside | None = None,
    ) -> CapRecord | None:
        """Record an alert with its draft, in one transaction; None if it is on record already.

        `references` are the senders and identifiers of the alerts it refers to; `write` is given those on record, and
        `beside` the draft's id.
        """

        async def work(session: Session) -> CapRecord | None:
            if await _find(session, found.sender, found.identifier) is not None:
                return None
            known = [await _find(session, *reference) for reference in references]
            now_ms = self._clock.now_ms()
            taken = replace(found, received_ms=now_ms)
            if not await session.execute("cap.add", asdict(taken)):
                return None  # another process is faster
            broadcast, payloads = write([each for each in known if each is not None])
            number = await add(session, broadcast, payloads)
            link = {"sender": found.sender, "identifier": found.identifier, "broadcast_id": number}
            await session.execute("cap.link", link)
            if beside is not None:
                await beside(session, number)
            return replace(taken, broadcast_id=number)

        return await self._database.write(work)


async def _find(source: Session | Database, sender: str, identifier: str) -> CapRecord | None:
    rows = await source.fetch("cap.find", {"sender": sender, "identifier": identifier})
    return _record(rows[0]) if rows else None


def _record(row: Row) -> CapRecord:
    return CapRecord(**{name: row[name] for name in CapRecord.__dataclass_fields__})
