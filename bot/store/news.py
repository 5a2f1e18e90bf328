"""The town's news feed in the database: how the last looks went, and what became of each article."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import Clock
from bot.store.broadcasts import Payloads, add
from bot.store.port import Database, Row, Session


class Feed(NamedTuple):
    """What is known of a feed; times are ms since the epoch.

    `etag` and `modified` are what its server gave with the last answer. `started_ms` is the first look that could be
    read. `failures` counts the looks that could not be since the last that could.
    """

    address: str
    due_ms: int
    etag: str | None
    modified: str | None
    started_ms: int | None
    looked_ms: int | None
    succeeded_ms: int | None
    failures: int
    failure: str | None


class ArticleOnRecord(NamedTuple):
    """An article on record; `outcome` is one of the words that the migration lists."""

    title: str
    summary: str
    link: str
    published_ms: int | None
    seen_ms: int
    outcome: str
    rule: str | None
    broadcast_id: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An article not known before, and what is to become of it.

    `broadcast` with its `payloads` is made with it, in the same transaction.
    """

    key: str
    likeness: str
    title: str
    summary: str
    link: str
    published_ms: int | None
    outcome: str
    rule: str | None = None
    broadcast: Broadcast | None = None
    payloads: Payloads | None = None
    frozen: str | None = None


class News:
    """What the rest of the program asks about news."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, address: str, next_ms: int) -> Feed | None:
        """The feed, if it is due and no other process looks; it is due again at `next_ms`."""

        async def work(session: Session) -> Feed | None:
            now = self._clock.now_ms()
            await session.execute("news.add_feed", {"address": address, "now": now})
            claim = {"address": address, "now": now, "next": next_ms}
            if not await session.execute("news.claim", claim):
                return None
            return _feed((await session.fetch("news.feed", {"address": address}))[0])

        return await self._database.write(work)

    async def feed(self, address: str) -> Feed | None:
        """What is known of a feed; None before the first look."""
        rows = await self._database.fetch("news.feed", {"address": address})
        return _feed(rows[0]) if rows else None

    async def known(
        self, feed: str, keys: Sequence[str], likenesses: Sequence[str]
    ) -> tuple[set[str], set[str]]:
        """Which of these keys and likenesses articles of the feed have had."""
        asked = {"feed": feed, "keys": json.dumps(keys), "likenesses": json.dumps(likenesses)}
        rows = await self._database.fetch("news.known", asked)
        return {row["key"] for row in rows}, {row["likeness"] for row in rows}

    async def take(
        self, address: str, findings: Sequence[Finding], etag: str | None, modified: str | None
    ) -> int:
        """Record a look that could be read, with every article of it, in one transaction; how many were new."""

        async def work(session: Session) -> int:
            now, new = self._clock.now_ms(), 0
            for finding in findings:
                new += await self._add(session, address, finding, now)
            answer = {"address": address, "etag": etag, "modified": modified, "now": now}
            await session.execute("news.succeed", answer)
            return new

        return await self._database.write(work)

    async def _add(self, session: Session, address: str, finding: Finding, now: int) -> int:
        row = {
            "feed": address,
            "key": finding.key,
            "likeness": finding.likeness,
            "title": finding.title,
            "summary": finding.summary,
            "link": finding.link,
            "published_ms": finding.published_ms,
            "now": now,
            "outcome": finding.outcome,
            "rule": finding.rule,
        }
        if not await session.execute("news.add", row):
            return 0
        if finding.broadcast is not None:
            broadcast = finding.broadcast
            number = await add(session, broadcast, finding.payloads or {}, finding.frozen)
            await session.execute("news.link", {"feed": address, "key": finding.key, "broadcast_id": number})
        return 1

    async def fail(self, address: str, failure: str, next_ms: int) -> None:
        """Record a look that could not be read, and when the next is."""
        row = {"address": address, "failure": failure, "next": next_ms}
        await self._database.append("news.fail", [row])

    async def newest(self, limit: int) -> list[ArticleOnRecord]:
        """The latest articles seen, newest first."""
        return [_on_record(row) for row in await self._database.fetch("news.newest", {"limit": limit})]

    async def for_digest(self, first_ms: int, before_ms: int) -> list[ArticleOnRecord]:
        """What was kept for the weekly digest from `first_ms` to before `before_ms`, oldest first."""
        span = {"first": first_ms, "before": before_ms}
        return [_on_record(row) for row in await self._database.fetch("news.for_digest", span)]

    async def outcomes(self, address: str) -> dict[str, int]:
        """How many articles of a feed became what."""
        rows = await self._database.fetch("news.outcomes", {"feed": address})
        return {row["outcome"]: row["n"] for row in rows}


def _feed(row: Row) -> Feed:
    return Feed(*(row[name] for name in Feed._fields))


def _on_record(row: Row) -> ArticleOnRecord:
    return ArticleOnRecord(*(row[name] for name in ArticleOnRecord._fields))
