"""Messages that residents are spared on a day of many, and the digests that tell them later."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import Clock
from bot.store.audit import AuditEntry, record
from bot.store.batches import Part
from bot.store.broadcasts import insert
from bot.store.port import Database, Session

NOTICE = "@digest"
"""Digests in the table of occurrences, by day; no notice can have this name."""


class Digested(NamedTuple):
    """A message that a digest tells; `texts` are what it says, in the language its readers get."""

    title: str
    texts: Sequence[str]


class Spared(NamedTuple):
    """Residents of a language who were spared the same messages; `ids` and `user_ids` are parallel."""

    language: str
    messages: Sequence[int]
    ids: Sequence[str]
    user_ids: Sequence[str]


async def others(session: Session, broadcast_id: int, since_ms: int, until_ms: int) -> list[int]:
    """The other normal broadcasts that have started in a span of time; the order of starts does not matter.

    Audiences are put into batches one after the other: who comes later sees what residents have by then.
    """
    params = {"since": since_ms, "until": until_ms, "id": broadcast_id}
    return [row["id"] for row in await session.fetch("deferred.others", params)]


async def is_exempt(session: Session, broadcast_id: int) -> bool:
    """Whether nobody is spared a broadcast: it is one of JMA's, whose order matters."""
    return bool(await session.fetch("deferred.is_exempt", {"id": broadcast_id}))


async def received(session: Session, broadcasts: Sequence[int], after: int, upto: int) -> Counter[str]:
    """How many of these broadcasts residents with ids above `after`, up to `upto`, got or will surely get."""
    params = {"broadcasts": json.dumps(broadcasts), "after": after, "upto": upto}
    counts: Counter[str] = Counter()
    for row in await session.fetch("deferred.recipients", params):
        counts.update(row["resident_ids"].split(","))
    return counts


async def defer(session: Session, broadcast_id: int, parts: Sequence[Part]) -> None:
    """Note who is spared a broadcast, and the message each would have got."""
    rows = [
        {"resident_id": int(each), "broadcast_id": broadcast_id, "message_id": part.message_id}
        for part in parts
        for each in part.ids
    ]
    await session.execute_many("deferred.defer", rows)


async def spared(session: Session, digest_id: int, after: int, upto: int) -> list[Spared]:
    """Whom a digest has something to tell, within a range of residents, by what it is."""
    params = {"digest": digest_id, "after": after, "upto": upto}
    groups: dict[tuple[str, tuple[int, ...]], tuple[list[str], list[str]]] = {}
    rows = await session.fetch("deferred.page", params)
    for (number, user_id, language), found in groupby(rows, lambda r: (r["id"], r["user_id"], r["language"])):
        messages = tuple(row["message_id"] for row in found)
        ids, user_ids = groups.setdefault((language, messages), ([], []))
        ids.append(str(number))
        user_ids.append(user_id)
    return [Spared(*key, *members) for key, members in groups.items()]


async def told(session: Session, messages: Sequence[int]) -> dict[int, Digested]:
    """What messages say, by id."""
    rows = await session.fetch("deferred.messages", {"ids": json.dumps(messages)})
    return {row["id"]: Digested(row["title"], _texts(row["payload"])) for row in rows}


def _texts(payload: str) -> list[str]:
    return [message["text"] for message in json.loads(payload) if message["type"] == "text"]


async def _lapse(session: Session, goes_ms: int, now_ms: int) -> None:
    for row in await session.fetch("deferred.out_of_date", {"goes": goes_ms}):
        await session.execute("deferred.lapse", {"broadcast": row["id"], "now": now_ms})
        detail = f"{row['residents']} residents: the digest comes too late"
        await record(session, AuditEntry(now_ms, NOTICE, "broadcast.lapse", str(row["id"]), detail))


class Deferred:
    """What the rest of the program asks about messages that residents were spared."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def collect(
        self,
        day: str,
        at_ms: int,
        write: Callable[[Sequence[Digested]], Broadcast],
        frozen_template: str,
        *,
        goes_ms: int,
    ) -> int | None:
        """Make a day's digest of all that no digest has told, once; None if there is none or it was made before.

        `write` makes the broadcast of what it is to tell. `goes_ms` is when it goes out: what is not true any more
        by then is told nobody, and staff find it in the trail.
        """

        async def work(session: Session) -> int | None:
            now_ms = self._clock.now_ms()
            happened = {"notice": NOTICE, "key": day, "at_ms": at_ms, "state": "fired", "reason": None}
            if await session.execute("notices.record", {**happened, "now": now_ms}) != 1:
                return None
            await _lapse(session, goes_ms, now_ms)
            waiting = await session.fetch("deferred.waiting")
            if not waiting:
                return None
            messages = [row["message_id"] for row in waiting]
            said = await told(session, messages)
            digest_id = await insert(session, write([said[each] for each in messages]), {}, frozen_template)
            link = {"notice": NOTICE, "key": day, "broadcast_id": digest_id}
            await session.execute("notices.link", link)
            rows = [{"digest": digest_id, "broadcast": row["id"]} for row in waiting]
            await session.execute_many("deferred.take", rows)
            return digest_id

        return await self._database.write(work)

    async def audience(self, digest_id: int) -> int:
        """How many residents a digest has something to tell."""
        return int((await self._database.fetch("deferred.told_by", {"digest": digest_id}))[0]["n"])

    async def is_spared(self, broadcast_id: int, user_id: str) -> bool:
        """Whether one resident was."""
        params = {"broadcast": broadcast_id, "user_id": user_id}
        return bool(await self._database.fetch("deferred.is_spared", params))
