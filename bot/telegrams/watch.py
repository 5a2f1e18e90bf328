"""Looks at JMA's feeds once a minute and takes in each telegram that may concern the town."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiohttp

from bot.domain.clock import TOKYO, Clock, to_ms
from bot.jma.reading import read, words_of
from bot.jma.values import NotUnderstood, Telegram
from bot.rendering import Templates
from bot.sources.fetching import SECONDS, Fetched, FetchError, fetch
from bot.store.port import Session
from bot.store.store import Store
from bot.store.telegrams import Arrival, JmaFeed
from bot.telegrams.alarm import Alarm, Unread
from bot.telegrams.deciding import Decider, arrived
from bot.telegrams.feed import LARGEST, Entry, FrozenFeedError, NotAFeedError, is_frozen, is_wanted, read_feed
from bot.town.model import Town

_log = logging.getLogger(__name__)

FEEDS = ("extra", "eqvol")
"""随時 (warnings and bulletins) and 地震火山; `_l` behind the name is the long one of several days."""

GAP = timedelta(minutes=10)
"""The short feed holds at least the last ten minutes. https://xml.kishou.go.jp/xmlpull.html"""
STALE = GAP
_AHEAD = timedelta(minutes=10)
"""A telegram of a later time than this from now would outrank all that follow: it is not believed."""
_WAKE_SECONDS = 1.0
_MARGIN_SECONDS = 0.01
"""A timer must not ring a moment before the clock says that a look is due."""
_AT_ONCE = 4
_MOST = 300
"""Telegrams of one look; more are left to the next."""
_LONG_AGAIN = 30
"""Failing looks after which the long feed is read again for what fell out of the short one meanwhile."""


class JmaWatch:
    """One of any number of processes looks at a time; what each look brings is one transaction.

    A stop at any point loses nothing: what was not recorded is fetched once more.
    """

    def __init__(
        self,
        store: Store,
        town: Town,
        templates: Templates,
        clock: Clock,
        base: str,
        *,
        poll: float,
        seconds: float = SECONDS,
    ) -> None:
        """`poll` is how many real seconds lie between looks, `seconds` how long an answer may take."""
        self._store = store
        self._town = town
        self._clock = clock
        self._base = base
        self._poll = poll
        self._seconds = seconds
        self._decider = Decider(town, templates, clock)
        self._alarm = Alarm(store, town, clock)
        self._owed: dict[str, list[Entry]] = {name: [] for name in FEEDS}
        self._issued: dict[str, datetime | None] = {}
        """When the newest word in each feed is from, where this process has read it."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._run(name)) for name in FEEDS]

    async def stop(self) -> None:
        """Stop, also in the midst of a look."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, name: str) -> None:
        """Wake for the own next look when it is due, and every so often to take over another process's."""
        loop = asyncio.get_running_loop()
        due = 0.0
        async with aiohttp.ClientSession() as session:
            while True:
                start = loop.time()
                try:
                    if await self.look(session, name) is not None:
                        due = start + self._poll + _MARGIN_SECONDS
                except Exception:
                    _log.exception("JMA: the look at %s failed; trying again", name)
                pause = min(_WAKE_SECONDS, self._poll / 2)
                left = due - loop.time()
                await asyncio.sleep(min(pause, left) if left > 0 else pause)

    async def look(self, session: aiohttp.ClientSession, name: str) -> int | None:
        """Look at a feed if it is due; how many telegrams were new, None if it is not due or could not be read."""
        address = f"{self._base}/feed/{name}.xml"
        feed = await self._store.telegrams.claim(address, self._clock.after_ms(self._poll))
        if feed is None:
            return None
        new = None
        try:
            new = await self._take(session, name, feed)
        except (FetchError, FrozenFeedError, NotAFeedError) as error:
            _log.error("JMA: %s cannot be read: %s", address, error)
            await self._store.telegrams.fail(address, str(error))
        except Exception:
            await self._alarm.check(name, address)
            raise
        await self._alarm.check(name, address)
        return new

    async def _take(self, session: aiohttp.ClientSession, name: str, feed: JmaFeed) -> int:
        now = self._clock.now()
        gap = feed.succeeded_ms is None or to_ms(now - GAP) > feed.succeeded_ms
        known_age = name in self._issued and not is_frozen(name, self._issued[name], now)
        etag, modified = (None, None) if gap or not known_age else (feed.etag, feed.modified)
        short = await self._fetch(session, feed.address, etag, modified)
        entries: list[Entry] = []
        if short.body is not None:
            entries, self._issued[name] = await asyncio.to_thread(read_feed, short.body, self._base)
        frozen = is_frozen(name, self._issued.get(name), now)
        again = feed.failures % _LONG_AGAIN == _LONG_AGAIN - 1
        if again or (gap and not (frozen and feed.failures)):  # a frozen one is never without a gap
            long = await self._fetch(session, f"{self._base}/feed/{name}_l.xml", None, None)
            entries += (await asyncio.to_thread(read_feed, long.body or b"", self._base)).entries
        entries += self._owed[name]
        wanted = {e.address: e for e in entries if is_wanted(e, self._town.places, now)}
        known = await self._store.telegrams.known(list(wanted))
        missing = [entry for address, entry in wanted.items() if address not in known]
        new, failure = await self._bring(session, name, missing, silent=feed.succeeded_ms is None)
        if failure:
            _log.error("JMA: not every telegram of %s could be fetched: %s", name, failure)
        issued = self._issued.get(name)
        if frozen and issued is not None:
            since = issued.astimezone(TOKYO)
            raise FrozenFeedError(f"フィードが{since:%m月%d日 %H:%M}から新しくなっていません。")
        await self._store.telegrams.succeed(feed, short.etag, short.modified, failure or None)
        return new

    async def _fetch(
        self, session: aiohttp.ClientSession, address: str, etag: str | None, modified: str | None
    ) -> Fetched:
        return await fetch(session, address, etag, modified, seconds=self._seconds, largest=LARGEST)

    async def _bring(
        self, session: aiohttp.ClientSession, name: str, missing: Sequence[Entry], *, silent: bool
    ) -> tuple[int, str]:
        """Fetch and record telegrams, those that can be had together; how many, and why others could not be.

        Those are asked for again at every look, also when the feed no longer names them.
        """
        failure = f"1度に {_MOST} 通までです。残りは次に読みます。" if len(missing) > _MOST else ""
        gate = asyncio.Semaphore(_AT_ONCE)
        failures: list[str] = []

        async def one(entry: Entry) -> tuple[Arrival, Telegram | None] | None:
            async with gate:
                try:
                    fetched = await self._fetch(session, entry.address, None, None)
                except FetchError as error:
                    failures.append(f"{entry.address}: {error}")
                    return None
                return await asyncio.to_thread(self._read, entry, fetched.body or b"")

        found = [each for each in await asyncio.gather(*map(one, missing[:_MOST])) if each is not None]
        telegrams = {arrival.address: telegram for arrival, telegram in found if telegram is not None}

        async def decide(session: Session, known: str, new: Sequence[str]) -> str:
            unread = [each for arrival, _ in found if (each := _unread(arrival)) and each.address in new]
            await self._alarm.not_understood(session, unread)
            return await self._decider.decide(session, known, arrived(telegrams, new), silent=silent)

        new = await self._store.telegrams.take([arrival for arrival, _ in found], decide) if found else 0
        had = {arrival.address for arrival, _ in found}
        self._owed[name] = [entry for entry in missing if entry.address not in had]
        return new, failures[0] if failures else failure

    def _read(self, entry: Entry, body: bytes) -> tuple[Arrival, Telegram | None]:
        """A telegram as it is kept, and what it says if that was understood."""
        what = read(body, entry.type, self._town.places, entry.sender)
        if isinstance(what, Telegram) and what.heading.reported > self._clock.now() + _AHEAD:
            what = NotUnderstood(entry.type, f"先の時刻の電文です: {what.heading.reported.isoformat()}")
        packed = zlib.compress(body)
        if isinstance(what, NotUnderstood):
            _log.error("JMA: %s was not understood: %s", entry.address, what.reason)
            title, _ = words_of(body)
            arrival = Arrival(
                entry.address, entry.type, entry.sender, packed, title, None, "not_understood", what.reason
            )
            return arrival, None
        heading = what.heading
        outcome = "drill" if not what.is_real else "elsewhere" if what.concerns is False else "counted"
        reported_ms = to_ms(heading.reported)
        arrival = Arrival(
            entry.address, entry.type, entry.sender, packed, heading.title, reported_ms, outcome
        )
        return arrival, what


def _unread(arrival: Arrival) -> Unread | None:
    """What staff are told of a telegram that was not understood."""
    if arrival.outcome != "not_understood":
        return None
    title, headline = words_of(zlib.decompress(arrival.body))
    return Unread(arrival.address, arrival.type, title, headline, arrival.reason or "")
