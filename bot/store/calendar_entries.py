"""When each entry of the town's calendar last changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.store.port import Database, Session


class Version(NamedTuple):
    """How often an entry has changed, and when it last did (ms since the epoch)."""

    sequence: int
    changed_ms: int


class CalendarEntries:
    """The versions of the calendar's entries, which outlive the process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(self, digests: Mapping[str, str]) -> dict[str, Version]:
        """Note what is said of each entry (a digest by UID); the version of each. Others' entries are left alone."""

        async def work(session: Session) -> dict[str, Version]:
            now = self._clock.now_ms()
            known = {row["uid"]: row["digest"] for row in await session.fetch("calendar.versions")}
            changed = [uid for uid, digest in sorted(digests.items()) if known.get(uid) != digest]
            rows = [{"uid": uid, "digest": digests[uid], "now": now} for uid in changed]
            await session.execute_many("calendar.note", rows)
            noted = await session.fetch("calendar.versions")
            return {
                row["uid"]: Version(row["sequence"], row["changed_ms"])
                for row in noted
                if row["uid"] in digests
            }

        return await self._database.write(work)
