"""安否: what residents say of themselves, kept for a set time."""

from __future__ import annotations

from typing import NamedTuple

from bot.domain.clock import Clock
from bot.domain.safety import SafetyAnswer, SafetyState
from bot.domain.shelters import Place
from bot.store.audit import AuditEntry, record
from bot.store.port import Database, Session


class Reported(NamedTuple):
    """A resident's newest answer; `district` is what they have registered."""

    user_id: str
    language: str
    district: str | None
    state: SafetyState
    words: str | None
    place: Place | None
    at_ms: int


async def keep(session: Session, resident_id: int, answer: SafetyAnswer, now_ms: int) -> None:
    """Keep a resident's answer, in the transaction of the event that gave it."""
    row = {"resident_id": resident_id, "at_ms": now_ms}
    words = {"place": answer.words}
    where = {
        "latitude": answer.place.latitude if answer.place else None,
        "longitude": answer.place.longitude if answer.place else None,
    }
    if answer.state is not None:
        await session.execute("safety.answer", {**row, "state": answer.state.value, **words, **where})
        return
    if answer.words is not None:
        await session.execute("safety.add_words", {**row, **words})
    if answer.place is not None:
        await session.execute("safety.add_place", {**row, **where})


class Safety:
    """What the rest of the program asks about these answers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[Reported]:
        """Every answer, who needs help first, then the newest."""
        return [
            Reported(
                row["user_id"],
                row["language"],
                row["district"],
                SafetyState(row["state"]),
                row["place"],
                None if row["latitude"] is None else Place(row["latitude"], row["longitude"]),
                row["at_ms"],
            )
            for row in await self._database.fetch("safety.list")
        ]

    async def counts(self) -> dict[str | None, dict[SafetyState, int]]:
        """How many have answered what, by the district they have registered."""
        found: dict[str | None, dict[SafetyState, int]] = {}
        for row in await self._database.fetch("safety.counts"):
            found.setdefault(row["district"], {})[SafetyState(row["state"])] = row["n"]
        return found

    async def purge(self, before_ms: int) -> None:
        """Erase what was answered before a time."""

        async def work(session: Session) -> int:
            return await session.execute("safety.purge", {"before": before_ms})

        await self._database.write(work)

    async def erase(self, actor: str) -> int:
        """Erase every answer; how many there were."""

        async def work(session: Session) -> int:
            erased = await session.execute("safety.erase")
            deed = AuditEntry(self._clock.now_ms(), actor, "safety.erase", "safety", str(erased))
            await record(session, deed)
            return erased

        return await self._database.write(work)
