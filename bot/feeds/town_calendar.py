"""The town's calendar as it is published: whole, and for one resident what concerns them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.clock import TOKYO, Clock, to_ms
from bot.feeds.entries import Entry, entries
from bot.feeds.ical import component, document
from bot.feeds.published import Published
from bot.store.store import Store
from bot.town.model import Town

_BACK_MONTHS = 3
_AHEAD = timedelta(days=550)
_ALL = "*"
"""The UID under which the list of entries itself has a version: it changes when one is taken away."""


@dataclass(frozen=True, slots=True)
class _Part:
    entry: Entry
    body: bytes
    changed_ms: int


@dataclass(frozen=True, slots=True)
class _Month:
    """All that is published in one month; `changed_ms` is when the list of entries last changed."""

    first: date
    parts: tuple[_Part, ...]
    changed_ms: int


class TownCalendar:
    """Holds the entries from three months back to a year and a half ahead, ready to be put together.

    The span moves on with each month, so that between two months the same bytes are published.
    """

    def __init__(self, town: Town, store: Store, clock: Clock) -> None:
        self._town = town
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: _Month | None = None

    async def whole(self) -> Published:
        """Everything, for everybody."""
        month = await self._month()
        return self._published(f"{self._town.name}カレンダー", month, month.parts, 0)

    async def of(self, token: str) -> Published | None:
        """What concerns the resident whose link has this token; None for a link that is dead."""
        found = await self._store.residents.subscriber(token)
        if found is None:
            return None
        resident, changed_ms = found
        month, today = await self._month(), self._clock.now().date()
        parts = [part for part in month.parts if part.entry.concerns(resident, today)]
        return self._published(f"{self._town.name}カレンダー(登録した分野)", month, parts, changed_ms)

    def _published(self, name: str, month: _Month, parts: Iterable[_Part], changed_ms: int) -> Published:
        shown = list(parts)
        newest = max((part.changed_ms for part in shown), default=0)
        body = document(self._town, name, (part.body for part in shown))
        return Published(body, max(changed_ms, month.changed_ms, newest))

    async def _month(self) -> _Month:
        first = self._clock.now().date().replace(day=1)
        async with self._lock:
            if self._held is None or self._held.first != first:
                self._held = await self._gathered(first)
            return self._held

    async def _gathered(self, first: date) -> _Month:
        begin = first
        for _ in range(_BACK_MONTHS):
            begin = (begin - timedelta(days=1)).replace(day=1)
        found = await asyncio.to_thread(entries, self._town, begin, first + _AHEAD)
        digests = {entry.uid: hashlib.sha256(repr(entry.event).encode()).hexdigest() for entry in found}
        listed = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
        versions = await self._store.calendar_entries.note({**digests, _ALL: listed})
        parts = tuple(
            _Part(
                entry, component(entry.uid, entry.event, versions[entry.uid]), versions[entry.uid].changed_ms
            )
            for entry in found
        )
        moved_on = to_ms(datetime(first.year, first.month, 1, tzinfo=TOKYO))
        return _Month(first, parts, max(moved_on, versions[_ALL].changed_ms))
