"""Which occurrences of the standing notices have been dealt with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import Clock
from bot.store.audit import AuditEntry, record
from bot.store.broadcasts import Payloads, insert
from bot.store.port import Database, Session


class Happened(NamedTuple):
    """An occurrence on record; `state` is `fired` or `missed`."""

    notice: str
    key: str
    at_ms: int
    state: str
    broadcast_id: int | None
    recorded_ms: int
    reason: str | None


class Notices:
    """What the clock asks about occurrences."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def birth_ms(self) -> int:
        """When this database was first set up or last restored; before that no notice was due from it."""
        return int((await self._database.fetch("schema.birth"))[0]["at_ms"])

    async def checked(self) -> dict[str, int]:
        """Up to when (milliseconds since the epoch) each notice has been dealt with."""
        return {row["name"]: row["checked_ms"] for row in await self._database.fetch("notices.checked")}

    async def fire(
        self,
        notice: str,
        key: str,
        broadcast: Broadcast,
        payloads: Payloads,
        frozen_template: str | None = None,
        *,
        told: Sequence[str] = (),
    ) -> int | None:
        """Make an occurrence, at the broadcast's time, a broadcast, once: a second call with the same key returns None.

        `told` are the keys of the items it tells.
        """

        async def work(session: Session) -> int | None:
            if not await self._record(session, notice, key, broadcast.scheduled_ms or 0):
                return None
            broadcast_id = await insert(session, broadcast, payloads, frozen_template)
            link = {"notice": notice, "key": key, "broadcast_id": broadcast_id}
            await session.execute("notices.link", link)
            rows = [{"notice": notice, "key": item, "now": self._clock.now_ms()} for item in told]
            await session.execute_many("notices.tell", rows)
            return broadcast_id

        return await self._database.write(work)

    async def told(self, notice: str, keys: Sequence[str]) -> set[str]:
        """Which of these items a notice has told already."""
        params = {"notice": notice, "keys": json.dumps(keys, ensure_ascii=False)}
        return {row["key"] for row in await self._database.fetch("notices.told", params)}

    async def last_fired_ms(self, notice: str) -> int | None:
        """The time (milliseconds since the epoch) of the latest occurrence of a notice that went out."""
        rows = await self._database.fetch("notices.last_fired", {"notice": notice})
        last_ms: int | None = rows[0]["at_ms"]
        return last_ms

    async def miss(self, notice: str, key: str, at_ms: int, why: str) -> None:
        """Record that an occurrence did not go out, and why."""

        async def work(session: Session) -> None:
            if await self._record(session, notice, key, at_ms, missed=why):
                deed = AuditEntry(self._clock.now_ms(), f"notice:{notice}", "notice.missed", key, why)
                await record(session, deed)

        await self._database.write(work)

    async def _record(
        self, session: Session, notice: str, key: str, at_ms: int, *, missed: str | None = None
    ) -> bool:
        now = self._clock.now_ms()
        occurrence = {
            "notice": notice,
            "key": key,
            "at_ms": at_ms,
            "state": "fired" if missed is None else "missed",
            "now": now,
            "reason": missed,
        }
        return await session.execute("notices.record", occurrence) == 1

    async def set_checked(self, checked: dict[str, int]) -> None:
        """Note up to when notices have been dealt with, once every occurrence up to then is on record."""
        rows = [{"name": name, "checked_ms": ms} for name, ms in checked.items()]
        await self._database.append("notices.set_checked", rows)

    async def history(self, limit: int, *, missed: bool = False) -> list[Happened]:
        """The latest occurrences on record, or those alone that were missed, newest first; with why they were."""
        rows = await self._database.fetch("notices.history", {"limit": limit, "missed": int(missed)})
        return [Happened(*(row[name] for name in Happened._fields)) for row in rows]

    async def latest(self, notice: str, limit: int) -> list[Happened]:
        """The latest occurrences of one notice on record, newest first."""
        rows = await self._database.fetch("notices.latest", {"notice": notice, "limit": limit})
        return [Happened(*(row[name] for name in Happened._fields)) for row in rows]
