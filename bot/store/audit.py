"""The audit trail: who did what, when."""

from __future__ import annotations

from typing import NamedTuple

from bot.store.port import Database, Session


class AuditEntry(NamedTuple):
    """One line of the trail."""

    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str


async def record(session: Session, deed: AuditEntry) -> None:
    """Add a line, in the transaction of the deed itself."""
    await session.execute("audit.add", deed._asdict())


class Audit:
    """What the rest of the program asks about the trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, since_ms: int) -> list[AuditEntry]:
        """What was done from a time on, oldest first."""
        rows = await self._database.fetch("audit.since", {"since": since_ms})
        return [
            AuditEntry(row["at_ms"], row["actor"], row["action"], row["subject"], row["detail"])
            for row in rows
        ]

    async def add(self, deed: AuditEntry) -> None:
        """Add a line for a deed that changes nothing else in the database."""

        async def work(session: Session) -> None:
            await record(session, deed)

        await self._database.write(work)
