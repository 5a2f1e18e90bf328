"""What staff say of shelters, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.shelters import ShelterState
from bot.store.audit import AuditEntry, record
from bot.store.port import Database, Session


class Said(NamedTuple):
    """What was last said of a shelter, by whom and when (ms since the epoch)."""

    state: ShelterState
    actor: str
    at_ms: int


class Shelters:
    """What the rest of the program asks about the state of shelters."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set(self, shelters: Mapping[str, str], state: ShelterState, actor: str) -> None:
        """Say the same of some shelters, ids to names, all or none."""
        now_ms = self._clock.now_ms()

        async def work(session: Session) -> None:
            for shelter_id, name in shelters.items():
                row = {"shelter_id": shelter_id, "state": state.value, "actor": actor, "at_ms": now_ms}
                await session.execute("shelters.set", row)
                await record(
                    session, AuditEntry(now_ms, actor, f"shelter.{state}", f"shelter:{shelter_id}", name)
                )

        await self._database.write(work)

    async def all(self) -> dict[str, Said]:
        """What was last said of each shelter, by its id; of those that are missing nothing was."""
        rows = await self._database.fetch("shelters.all")
        return {
            row["shelter_id"]: Said(ShelterState(row["state"]), row["actor"], row["at_ms"]) for row in rows
        }
