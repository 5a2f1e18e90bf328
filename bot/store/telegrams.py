"""JMA's feeds and telegrams in the database, and what is in force for the town."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from bot.domain.broadcasts import Broadcast, State
from bot.domain.clock import Clock
from bot.store.broadcasts import Payloads, add
from bot.store.port import Database, Row, Session


class JmaFeed(NamedTuple):
    """What is known of a feed; times are ms since the epoch. `failures` counts the looks since the last good one."""

    address: str
    due_ms: int
    etag: str | None
    modified: str | None
    looked_ms: int | None
    succeeded_ms: int | None
    failures: int
    failure: str | None


class Kept(NamedTuple):
    """A telegram on record. `outcome` is one of the words that the migration lists, `reason` why it was not understood."""

    address: str
    type: str
    sender: str
    title: str
    reported_ms: int | None
    fetched_ms: int
    outcome: str
    reason: str | None


class Arrival(NamedTuple):
    """A telegram just fetched; `body` is compressed."""

    address: str
    type: str
    sender: str
    body: bytes
    title: str
    reported_ms: int | None
    outcome: str
    reason: str | None = None


class About(NamedTuple):
    """What a message tells: the step of a thread, by which telegram (its key), and what is in force after it.

    `rank` and `name` are that of a claim; 0 and empty: nothing is.
    """

    thread: str
    step: str
    telegram: str
    rank: int = 0
    name: str = ""


class Earlier(NamedTuple):
    """A message of a thread and the state of its broadcast; `telegram`, `rank` and `name` as in `About`.

    Messages of older versions have no rank and no name. `reached`: somebody got it, or may have.
    """

    step: str
    telegram: str
    rank: int | None
    name: str | None
    broadcast_id: int
    state: State
    made_ms: int
    reached: bool

    @property
    def is_out(self) -> bool:
        """Whether residents have heard it or are hearing it."""
        return self.reached or self.state in {State.SENDING, State.PAUSED, State.DONE}

    @property
    def waits(self) -> bool:
        """Whether it may go out by itself, and nothing has yet."""
        return self.state in {State.APPROVED, State.SCHEDULED}

    @classmethod
    def of(cls, row: Row) -> Earlier:
        """A message as its row has it."""
        fields = {name: row[name] for name in cls._fields}
        return cls(**{**fields, "state": State(row["state"]), "reached": bool(row["reached"])})


class Known(NamedTuple):
    """What is in force, as JSON (empty: nothing was ever read), and when that last changed."""

    state: str
    changed_ms: int


Decide = Callable[[Session, str, Sequence[str]], Awaitable[str]]
"""Takes the locked state and the addresses that are new; stores what follows and returns the new state."""


class Telegrams:
    """What the rest of the program asks about telegrams."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, address: str, next_ms: int) -> JmaFeed | None:
        """The feed, if it is due and no other process looks; it is due again at `next_ms`."""
        known = await self.feed(address)
        if known is not None and known.due_ms > self._clock.now_ms():
            return None

        async def work(session: Session) -> JmaFeed | None:
            now = self._clock.now_ms()
            await session.execute("telegrams.add_feed", {"address": address, "now": now})
            row = {"address": address, "now": now, "next": next_ms}
            if not await session.execute("telegrams.claim", row):
                return None
            return _feed((await session.fetch("telegrams.feed", {"address": address}))[0])

        return await self._database.write(work)

    async def feed(self, address: str) -> JmaFeed | None:
        """What is known of a feed; None before the first look."""
        rows = await self._database.fetch("telegrams.feed", {"address": address})
        return _feed(rows[0]) if rows else None

    async def feeds(self) -> list[JmaFeed]:
        """What is known of every feed that was ever looked at."""
        return [_feed(row) for row in await self._database.fetch("telegrams.feeds")]

    async def fail(self, address: str, failure: str) -> None:
        """Record a look that could not be read as a whole: the next asks for everything again."""
        await self._database.append("telegrams.fail", [{"address": address, "failure": failure}])

    async def known(self, addresses: Sequence[str]) -> set[str]:
        """Which of these telegrams have been fetched."""
        asked = {"addresses": json.dumps(list(addresses))}
        return {row["address"] for row in await self._database.fetch("telegrams.known", asked)}

    async def take(self, arrivals: Sequence[Arrival], decide: Decide) -> int:
        """Keep telegrams and what `decide` makes of those that are new, in one transaction; how many were."""

        async def work(session: Session) -> int:
            now = self._clock.now_ms()
            await session.execute("telegrams.begin_state", {"now": now})
            state = (await session.fetch("telegrams.lock_state"))[0]["state"]
            new = [
                each.address
                for each in arrivals
                if await session.execute("telegrams.add", {**each._asdict(), "now": now})
            ]
            if new:
                after = await decide(session, state, new)
                if after != state:
                    await session.execute("telegrams.set_state", {"state": after, "now": now})
            return len(new)

        return await self._database.write(work)

    async def succeed(
        self, feed: JmaFeed, etag: str | None, modified: str | None, failure: str | None = None
    ) -> None:
        """Record a look at a feed that could be read; `failure` says why not every telegram in it could be."""
        row = {
            "address": feed.address,
            "etag": None if failure else etag,
            "modified": None if failure else modified,
            "failures": feed.failures + 1 if failure else 0,
            "failure": failure,
            "now": self._clock.now_ms(),
        }
        await self._database.append("telegrams.succeed", [row])

    async def state(self) -> Known:
        """What is in force."""
        return await state_of(self._database)

    async def unread(self, since_ms: int) -> list[Kept]:
        """Telegrams that were not understood and that nothing later has made up for."""
        return [_kept(row) for row in await self._database.fetch("telegrams.unread", {"since": since_ms})]

    async def newest(self, limit: int) -> list[Kept]:
        """The latest telegrams, newest first."""
        return [_kept(row) for row in await self._database.fetch("telegrams.newest", {"limit": limit})]

    async def purge(self, before_ms: int) -> None:
        """Forget the telegrams that were fetched before a time."""
        await self._database.append("telegrams.purge", [{"before": before_ms}])

    async def outcomes(self) -> dict[str, int]:
        """How many telegrams became what."""
        return {row["outcome"]: row["n"] for row in await self._database.fetch("telegrams.outcomes")}


async def state_of(source: Session | Database) -> Known:
    """What is in force."""
    rows = await source.fetch("telegrams.state")
    return Known(rows[0]["state"], rows[0]["changed_ms"]) if rows else Known("", 0)


async def missed(session: Session, since_ms: int) -> list[Kept]:
    """What concerns the town and was issued since a time, and taken in since, newest first."""
    return [_kept(row) for row in await session.fetch("telegrams.missed", {"since": since_ms})]


def _feed(row: Row) -> JmaFeed:
    return JmaFeed(*(row[name] for name in JmaFeed._fields))


def _kept(row: Row) -> Kept:
    return Kept(*(row[name] for name in Kept._fields))


async def told(session: Session, thread: str) -> list[Earlier]:
    """What was told of a thread, the newest first."""
    return [Earlier.of(row) for row in await session.fetch("telegrams.told", {"thread": thread})]


async def tell(session: Session, broadcast: Broadcast, payloads: Payloads, *, about: About) -> int:
    """Store a broadcast about a thread."""
    number = await add(session, broadcast, payloads)
    row = {**about._asdict(), "broadcast_id": number, "now": broadcast.created_ms}
    await session.execute("telegrams.tell", row)
    return number
