"""Takes alerts in: who sent them is on the town's list, each becomes one draft, and what is refused is on record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp

from bot.broadcasts.staff_note import tell_of_draft
from bot.cap.drafting import draft, refusal
from bot.cap.feed import LARGEST, Entry, NotAFeedError, read_feed
from bot.cap.reading import Alert, NotCapError, alert_of, read_alert
from bot.domain.broadcasts import Broadcast
from bot.domain.clock import Clock, to_ms
from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.sources.fetching import SECONDS, Fetched, FetchError, fetch
from bot.store.broadcasts import Payloads
from bot.store.cap_alerts import CapRecord
from bot.store.port import Session
from bot.store.store import Store
from bot.town.model import CapSource, Town

_log = logging.getLogger(__name__)

_MOST = 20
"""Alerts of one look; the others are taken at the next."""
_WAKE_SECONDS = 15.0
_PATIENCE = 6
"""After failures the interval doubles, up to so many times itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an alert: it is on record, and `is_new` if it was not before. `earlier` are those it refers to."""

    record: CapRecord
    is_new: bool
    earlier: tuple[CapRecord, ...] = ()


class CapDesk:
    """Takes in the alerts of the sources on a town's list, and tells staff of those that it fetched by itself."""

    def __init__(self, store: Store, town: Town, clock: Clock, *, seconds: float = SECONDS) -> None:
        """`seconds` is how long an answer may take."""
        self._store = store
        self._town = town
        self._sources = town.cap
        self._clock = clock
        self._seconds = seconds

    def source_of(self, sender: str) -> CapSource:
        """The source that names itself so in its alerts.

        Raises:
            InvalidInputError: it is not on the town's list.
        """
        for source in self._sources:
            if source.sender == sender:
                return source
        known = [source.sender for source in self._sources]
        near = did_you_mean(sender, known) if known else ""
        raise InvalidInputError(
            f"発信者(sender)「{sender}」は town.toml の [[cap]] にありません。信頼できる相手なら、書き足してください。{near}"
        )

    def source_at(self, address: str) -> CapSource:
        """The source of an address.

        Raises:
            InvalidInputError: the address is not on the town's list: it is not fetched.
        """
        for source in self._sources:
            if source.address == address:
                return source
        raise InvalidInputError(
            f"アドレス {address} は town.toml の [[cap]] の address にありません。一覧にあるアドレスだけを読みます。"
        )

    async def take_file(self, body: bytes, author: str) -> Taken:
        """Take in the alert of a file that staff bring.

        Raises:
            InvalidInputError: it is no CAP alert, its sender is not on the list, or it is nothing for residents.
        """
        try:
            alert = read_alert(body)
        except NotCapError as error:
            raise InvalidInputError(f"CAP の警報として読めません。\n{error}") from None
        source = self.source_of(alert.sender)
        if reason := refusal(alert):
            raise InvalidInputError(reason)
        return await self._take(alert, source, author, place=None)

    async def take_address(self, session: aiohttp.ClientSession, address: str, author: str) -> list[Taken]:
        """Take in what lies at an address of the list now; what became of each alert that was not seen there before.

        Raises:
            InvalidInputError: the address is not on the list, or cannot be read.
        """
        source = self.source_at(address)
        try:
            fetched = await self._fetch(session, address, None, None)
            taken, failure = await self._entries(session, source, fetched.body or b"", author)
        except (FetchError, NotAFeedError) as error:
            raise InvalidInputError(f"{address} を読めません。{error}") from None
        if failure and not taken:
            raise InvalidInputError(failure)
        return taken

    async def look(self, session: aiohttp.ClientSession, source: CapSource) -> list[Taken] | None:
        """Look at a source's address if it is due; None if it is not, or could not be read."""
        every, address = source.every.total_seconds(), source.address
        feed = await self._store.news.claim(address, self._clock.after_ms(every))
        if feed is None:
            return None
        try:
            fetched = await self._fetch(session, address, feed.etag, feed.modified)
            author = _author(source)
            taken: list[Taken] = []
            failure = ""
            if fetched.body is not None:
                taken, failure = await self._entries(session, source, fetched.body, author)
        except (FetchError, NotAFeedError) as error:
            _log.warning("CAP: %s cannot be read: %s", address, error)
            later = every * min(2 ** min(feed.failures + 1, 10), _PATIENCE)
            await self._store.news.fail(address, str(error), self._clock.after_ms(later))
            return None
        whole = len(taken) < _MOST and not failure  # else the rest is to be asked for again
        etag, modified = (fetched.etag, fetched.modified) if whole else (None, None)
        await self._store.news.take(address, [], etag, modified)
        return taken

    async def _fetch(
        self, session: aiohttp.ClientSession, address: str, etag: str | None, modified: str | None
    ) -> Fetched:
        return await fetch(session, address, etag, modified, seconds=self._seconds, largest=LARGEST)

    async def _entries(
        self, session: aiohttp.ClientSession, source: CapSource, body: bytes, author: str
    ) -> tuple[list[Taken], str]:
        """What became of the alerts not seen before, the oldest first, and why one of them could not be fetched."""
        entries = await asyncio.to_thread(read_feed, body, source.address)
        seen = await self._store.cap_alerts.seen([entry.place for entry in entries])
        new = [entry for entry in entries if entry.place not in seen][:_MOST]
        taken, failure = [], ""
        for entry in reversed(new):
            try:
                taken.append(await self._entry(session, source, entry, author))
            except FetchError as error:  # one that cannot be had keeps no other from being taken
                failure = f"{entry.address} を読めません。{error}"
                _log.warning("CAP: %s", failure)
        return taken, failure

    async def _entry(
        self, session: aiohttp.ClientSession, source: CapSource, entry: Entry, author: str
    ) -> Taken:
        """What becomes of one alert of a feed; what is refused is on record, and not fetched again."""
        try:
            if entry.node is not None:
                alert = alert_of(entry.node)
            else:
                fetched = await self._fetch(session, entry.address, None, None)
                alert = read_alert(fetched.body or b"")
        except NotCapError as error:
            return await self._refuse(source, entry.place, str(error))
        if alert.sender != source.sender:
            reason = f"発信者(sender)が「{alert.sender[:100]}」で、[[cap]] の「{source.sender}」と違います。"
            return await self._refuse(source, entry.place, reason, alert)
        if reason := refusal(alert) or "":
            return await self._refuse(source, entry.place, reason, alert)
        return await self._take(alert, source, author, place=entry.place)

    async def _refuse(self, source: CapSource, place: str, reason: str, alert: Alert | None = None) -> Taken:
        _log.warning("CAP: %s: refused: %s", place, reason)
        found = await self._store.cap_alerts.add(_record(alert, source, "refused", place, reason))
        return Taken(found, is_new=True)

    async def _take(self, alert: Alert, source: CapSource, author: str, *, place: str | None) -> Taken:
        now: datetime = self._clock.now()
        known = await self._store.cap_alerts.find(alert.sender, alert.identifier)
        if known is not None:
            if place is not None:  # it is not to be fetched from here either
                again = _record(alert, source, "again", place)
                await self._store.cap_alerts.add(replace(again, broadcast_id=known.broadcast_id))
            return Taken(known, is_new=False)
        if place is not None and alert.has_expired(now):
            old = _record(alert, source, "old", place, "期限が過ぎています。")
            return Taken(await self._store.cap_alerts.add(old), is_new=True)
        seen: list[CapRecord] = []
        drafted: list[Broadcast] = []

        def write(earlier: Sequence[CapRecord]) -> tuple[Broadcast, Payloads]:
            seen[:] = earlier
            broadcast, payloads = draft(alert, source, earlier, author, now)
            drafted[:] = [broadcast]
            return broadcast, payloads

        async def tell(session: Session, number: int) -> None:
            why = f"「{source.title}」の警報(CAP)が届きました。"
            await tell_of_draft(session, self._town, replace(drafted[0], id=number), why, to_ms(now))

        found = _record(alert, source, "draft", place)
        beside = tell if author == _author(source) else None  # who brings a file knows of its draft
        taken = await self._store.cap_alerts.take(found, alert.references, write, beside=beside)
        if taken is None:  # another process was faster
            known = await self._store.cap_alerts.find(alert.sender, alert.identifier)
            return Taken(known or found, is_new=False)
        _log.info("CAP: draft %s: %s", taken.broadcast_id, taken.headline)
        return Taken(taken, is_new=True, earlier=tuple(seen))


def _author(source: CapSource) -> str:
    """Who drafts what the service fetches by itself."""
    return f"cap:{source.name}"


def _record(
    alert: Alert | None, source: CapSource, outcome: str, place: str | None, reason: str | None = None
) -> CapRecord:
    return CapRecord(
        sender=alert.sender if alert else "",
        identifier=alert.identifier if alert else "",
        sent_ms=to_ms(alert.sent) if alert else None,
        status=alert.status if alert else "",
        message_type=alert.message_type if alert else "",
        headline=alert.headline[:300] if alert else "",
        outcome=outcome,
        source=source.name,
        place=place,
        reason=reason,
    )


class CapWatch:
    """Looks at the addresses of the list; of any number of processes one looks at a time."""

    def __init__(self, desk: CapDesk, sources: Sequence[CapSource]) -> None:
        self._desk = desk
        self._sources = [source for source in sources if source.address]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._run(source)) for source in self._sources]

    async def stop(self) -> None:
        """Stop, also in the midst of a look: what was not recorded is taken at the next."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, source: CapSource) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    await self._desk.look(session, source)
                except Exception:
                    _log.exception("CAP: the look at %s failed; trying again", source.address)
                await asyncio.sleep(_WAKE_SECONDS)
