"""The feeds of orders and broadcasts, held ready: however many ask, the database is asked once in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, time

from bot.domain.clock import TOKYO, Clock, to_ms
from bot.feeds import atom, cap, rss, summary
from bot.feeds.broadcasts import DAYS
from bot.feeds.broadcasts import told as told_by
from bot.feeds.messages import Message, Publisher
from bot.feeds.orders import KEPT, OrderMessages
from bot.feeds.published import Published
from bot.rendering import Templates
from bot.store.store import Store

FRESH_SECONDS = 2.0
"""How old what is given out may be."""


class TownAlerts:
    """What the town has published, as Atom, RSS, JSON, and each message as CAP, by the path below `/feeds`."""

    def __init__(self, store: Store, templates: Templates, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._templates = templates
        self._publisher = publisher
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: Mapping[str, Published] = {}
        self._stale_ms = 0

    async def find(self, path: str) -> Published | None:
        """The document of a path, such as `cap.xml`; None if there is none."""
        if self._clock.now_ms() >= self._stale_ms:
            async with self._lock:
                if self._clock.now_ms() >= self._stale_ms:
                    await self._refresh()
        return self._held.get(path)

    async def _refresh(self) -> None:
        stale_ms, now = self._clock.after_ms(FRESH_SECONDS), self._clock.now()
        bodies = await self._bodies(now)
        now_ms = to_ms(now)
        held = {}
        for path, body in bodies.items():
            before = self._held.get(path)
            held[path] = before if before and before.body == body else Published(body, now_ms)
        self._held, self._stale_ms = held, stale_ms

    async def _bodies(self, now: datetime) -> dict[str, bytes]:
        publisher = self._publisher
        record = await self._store.published.since(to_ms(now - KEPT), to_ms(now - DAYS))
        said = {shelter: each.state for shelter, each in (await self._store.shelters.all()).items()}
        messages = OrderMessages(record, self._templates, publisher, now)
        shown = [each for each in messages.public.values() if each.is_active or _ended(each.ended_ms, now)]
        told = {order.id: messages.of(order) for order in shown}
        orders = sorted(shown, key=lambda order: order.issued_ms or 0, reverse=True)
        public = [
            (each, told_by(each, record.messages[each.id], publisher)) for each in reversed(record.broadcasts)
        ]
        broadcasts = [(each, found[-1]) for each, found in public]
        latest = [
            (order, None if messages.is_replaced(order) else next(reversed(told[order.id]), None))
            for order in orders
        ]
        current = [each for _, each in latest if each is not None] + [each for _, each in broadcasts]
        current.sort(key=lambda each: (each.sent, each.identifier), reverse=True)
        updated = _updated(current, now)
        every = [each for found in (*told.values(), *(found for _, found in public)) for each in found]
        return {
            atom.PATH: atom.feed(current, publisher, updated),
            rss.PATH: rss.feed(current, publisher, updated),
            summary.PATH: summary.document(latest, broadcasts, publisher, said, updated),
            **{f"cap/{each.identifier}.xml": cap.alert(each, publisher) for each in every},
        }


def _ended(ended_ms: int | None, now: datetime) -> bool:
    return ended_ms is not None and ended_ms >= to_ms(now - KEPT)


def _updated(messages: list[Message], now: datetime) -> datetime:
    """When the newest was sent; with nothing published, the day's beginning, for a feed must say something."""
    return max((each.sent for each in messages), default=datetime.combine(now.date(), time.min, TOKYO))
