"""Residents and their facts in the database, and the audience a segment's condition reaches."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.residents import Fact, Resident, ResidentState
from bot.store.batches import withdraw
from bot.store.port import Database, Row, Session

_PAGE = 2000
_RANGE = 10_000

_ALIKE = 5
"""As many characters of a user id as logs show (see `masked`)."""


class Condition(Protocol):
    """A compiled segment: what stands behind FROM, with residents `r` whose ids are in (`:after`, `:upto`]."""

    @property
    def sql(self) -> str:
        """The clause; parameters are `:name`."""

    @property
    def params(self) -> Mapping[str, str | int]:
        """The values to bind, but for `after` and `upto`."""


class Recipient(NamedTuple):
    """A resident of an audience."""

    id: int
    user_id: str
    language: str


class Group(NamedTuple):
    """Residents of an audience who share a language and the facts asked for; `ids` and `user_ids` are parallel."""

    language: str
    facts: Mapping[Fact, tuple[str, ...]]
    ids: Sequence[str]
    user_ids: Sequence[str]


class Stored(NamedTuple):
    """A resident with what only the database knows."""

    id: int
    resident: Resident
    state_event_ms: int


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common from the beginning."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _facts(rows: Iterable[Row]) -> dict[Fact, tuple[str, ...]]:
    facts: dict[Fact, tuple[str, ...]] = {}
    for row in rows:
        key = Fact(row["key"])
        facts[key] = (*facts.get(key, ()), row["value"])
    return facts


async def load(session: Session, user_id: str) -> Stored | None:
    """A resident, locked against other changes if `session` is a transaction."""
    await session.fetch("residents.lock", {"user_id": user_id})
    rows = await session.fetch("residents.find", {"user_id": user_id})
    if not rows:
        return None
    row = rows[0]
    facts = _facts(await session.fetch("residents.facts", {"id": row["id"]}))
    dialogue: Mapping[str, Any] | None = json.loads(row["dialogue"]) if row["dialogue"] else None
    state, token = ResidentState(row["state"]), row["calendar_token"]
    resident = Resident(user_id, row["language"], state, facts, dialogue, token)
    return Stored(row["id"], resident, row["state_event_ms"])


async def save(
    session: Session, before: Stored | None, after: Resident, now_ms: int, state_event_ms: int | None = None
) -> int:
    """Write a resident as they are now; their id. One who is no longer reachable leaves every waiting batch.

    `state_event_ms` is LINE's timestamp of a follow or unfollow, where that is what changed them.
    """
    old_event = before.state_event_ms if before else 0
    params = _columns(after, old_event if state_event_ms is None else state_event_ms, now_ms)
    if before is None:
        resident_id = int((await session.fetch("residents.insert", params))[0]["id"])
    else:
        resident_id = before.id
        if before.resident != after or state_event_ms is not None:
            await session.execute("residents.update", {**params, "id": resident_id})
    if before is None or before.resident.facts != after.facts:
        if before is not None:
            await session.execute("residents.clear_facts", {"id": resident_id})
        rows = [{**fact, "id": resident_id} for fact in _fact_rows(after)]
        await session.execute_many("residents.add_fact", rows)
    if before is not None and before.resident.state == ResidentState.FOLLOWING != after.state:
        await withdraw(session, resident_id)
    return resident_id


def _columns(resident: Resident, state_event_ms: int, now_ms: int) -> dict[str, Any]:
    dialogue = resident.dialogue
    return {
        "user_id": resident.user_id,
        "language": resident.language,
        "state": resident.state.value,
        "state_event_ms": state_event_ms,
        "dialogue": json.dumps(dialogue, ensure_ascii=False) if dialogue else None,
        "calendar_token": resident.calendar_token,
        "now": now_ms,
    }


def _fact_rows(resident: Resident) -> list[dict[str, Any]]:
    pairs = [(key, value) for key, values in resident.facts.items() for value in values]
    return [
        {"key": key.value, "value": value, "position": position}
        for position, (key, value) in enumerate(pairs)
    ]


async def erase(session: Session, stored: Stored, *, also_new_events: bool) -> None:
    """Remove everything that names a resident, their webhook events included.

    `also_new_events`: those not yet processed too.

    What is being sent this moment keeps the user id until its batch ends: LINE must get the same bytes again.
    """
    forgotten = {"user_id": stored.resident.user_id, "empty": b"", "also_new": int(also_new_events)}
    await session.fetch("residents.hold", {"id": stored.id})
    await withdraw(session, stored.id)
    await session.execute("outbox.forget_addresses_of", {"id": stored.id})
    await session.execute("inbox.forget", forgotten)
    await session.execute("residents.delete", {"id": stored.id})


class Residents:
    """What the rest of the program asks about residents."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def look_up(self, user_id: str) -> Resident | None:
        """One resident, or None."""

        async def work(session: Session) -> Stored | None:
            return await load(session, user_id)

        stored = await self._database.write(work)
        return stored.resident if stored else None

    async def subscriber(self, token: str) -> tuple[Resident, int] | None:
        """Whose calendar a link shows, and when they last changed (ms since the epoch); None for a dead link."""
        rows = await self._database.fetch("residents.subscriber", {"token": token})
        if not rows:
            return None
        row = rows[0]
        facts = _facts(await self._database.fetch("residents.facts", {"id": row["id"]}))
        resident = Resident(row["user_id"], row["language"], ResidentState(row["state"]), facts)
        return resident, row["updated_ms"]

    async def find(self, user_id: str) -> Resident:
        """One resident.

        Raises:
            NotFoundError: no such resident.
        """
        resident = await self.look_up(user_id)
        if resident is None:
            raise NotFoundError(f"住民 {user_id} は登録されていません。{await self._meant(user_id)}")
        return resident

    async def _meant(self, user_id: str) -> str:
        """The registered user id that begins most like an unknown one, in a sentence; empty if none is near."""
        rows = await self._database.fetch("residents.neighbours", {"user_id": user_id})
        alike = max((row["user_id"] for row in rows), key=lambda other: _common(user_id, other), default="")
        return f"「{alike}」ではありませんか。" if _common(user_id, alike) >= _ALIKE else ""

    async def erase(self, user_id: str) -> None:
        """Remove a resident for good.

        Raises:
            NotFoundError: no such resident.
        """

        async def work(session: Session) -> None:
            stored = await load(session, user_id)
            if stored is None:
                raise NotFoundError(f"住民 {user_id} は登録されていません。")
            await erase(session, stored, also_new_events=True)

        await self._database.write(work)

    async def save_all(
        self, changes: Sequence[tuple[str, Callable[[Resident | None], Resident]]]
    ) -> tuple[int, int]:
        """Write many residents: pairs of a user id and what makes the resident (from the one there was).

        Returns the numbers of new and of changed residents. Each page is one transaction; the same
        call again after a stop gives the same end.
        """
        updated = 0
        for start in range(0, len(changes), _PAGE):
            page = changes[start : start + _PAGE]

            async def work(session: Session, page: Sequence[Any] = page) -> int:
                ids = json.dumps([user_id for user_id, _ in page])
                known = {row["user_id"] for row in await session.fetch("residents.known", {"user_ids": ids})}
                await self._insert_all(
                    session, [make(None) for user_id, make in page if user_id not in known]
                )
                for user_id, make in page:
                    if user_id in known and (before := await load(session, user_id)):
                        await save(session, before, make(before.resident), self._clock.now_ms())
                return len(known)

            updated += await self._database.write(work)
        return len(changes) - updated, updated

    async def _insert_all(self, session: Session, residents: Sequence[Resident]) -> None:
        now = self._clock.now_ms()
        await session.execute_many("residents.insert_new", [_columns(r, 0, now) for r in residents])
        await session.execute_many(
            "residents.add_fact_of",
            [{**fact, "user_id": r.user_id} for r in residents for fact in _fact_rows(r)],
        )

    async def all(self) -> AsyncIterator[Resident]:
        """Every resident, by pages, in the order they came."""
        after = 0
        while rows := await self._database.fetch("residents.page", {"after": after, "limit": _PAGE}):
            upto = rows[-1]["id"]
            facts: dict[int, list[Row]] = {}
            for row in await self._database.fetch("residents.page_facts", {"after": after, "upto": upto}):
                facts.setdefault(row["resident_id"], []).append(row)
            for row in rows:
                state = ResidentState(row["state"])
                yield Resident(row["user_id"], row["language"], state, _facts(facts.get(row["id"], ())))
            after = upto

    async def count(self, condition: Condition, session: Session | None = None) -> int:
        """How many residents a condition reaches, as seen by a transaction if one is given."""
        source = session or self._database
        params = {**condition.params, "after": 0, "upto": await newest_id(source)}
        rows = await source.fetch("residents.count", params, condition=condition.sql)
        return int(rows[0]["n"])

    async def audience(self, condition: Condition) -> AsyncIterator[Recipient]:
        """The residents a condition reaches, range by range."""
        newest = await newest_id(self._database)
        for after in range(0, newest, _RANGE):
            params = {**condition.params, "after": after, "upto": after + _RANGE}
            for row in await self._database.fetch("residents.audience", params, condition=condition.sql):
                yield Recipient(row["id"], row["user_id"], row["language"])

    async def totals(self) -> dict[ResidentState, int]:
        """How many residents there are in each state."""
        rows = await self._database.fetch("residents.totals")
        return {ResidentState(row["state"]): row["n"] for row in rows}


async def newest_id(session: Database | Session) -> int:
    """The highest id of a resident; 0 if there is nobody."""
    return int((await session.fetch("residents.newest"))[0]["id"])


async def audience_page(
    session: Database | Session, condition: Condition, after: int, upto: int, facts: Sequence[Fact] = ()
) -> list[Group]:
    """The residents a condition reaches with ids above `after`, up to `upto`, by language and these facts."""
    params = {**condition.params, "after": after, "upto": upto}
    if facts:
        keys = {"keys": json.dumps([fact.value for fact in facts])}
        rows = await session.fetch("residents.personal_page", {**params, **keys}, condition=condition.sql)
    else:
        rows = await session.fetch("residents.audience_page", params, condition=condition.sql)
    return [
        Group(row["language"], _pairs(row["facts"]), row["ids"].split(","), row["user_ids"].split(","))
        for row in rows
    ]


def _pairs(text: str) -> dict[Fact, tuple[str, ...]]:
    """Facts from a JSON list of [key, value]."""
    pairs = json.loads(text) if text else []
    return _facts([{"key": key, "value": value} for key, value in pairs])
