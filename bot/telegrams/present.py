"""What is in force for the town, as residents and staff are answered: never "nothing" when nobody can know."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from bot.domain.clock import Clock, from_ms, to_ms
from bot.store.store import Store
from bot.telegrams.encoding import decoded
from bot.telegrams.watch import FEEDS, STALE
from bot.town.hazards import Known, Presence

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 2.0
_UNREAD = timedelta(hours=24)
"""How long a telegram that was not understood makes an answer uncertain."""


async def look_up(store: Store, clock: Clock, base: str) -> Presence:
    """What the database knows; `base` is empty where no telegrams are fetched."""
    if not base:
        return Presence()
    feeds = {feed.address: feed for feed in await store.telegrams.feeds()}
    asked = [feeds.get(f"{base}/feed/{name}.xml") for name in FEEDS]
    succeeded = [feed.succeeded_ms for feed in asked if feed is not None and feed.succeeded_ms is not None]
    oldest = from_ms(min(succeeded)) if len(succeeded) == len(FEEDS) else None
    now = clock.now()
    partial = any(feed is not None and feed.failure for feed in asked)
    unread = await store.telegrams.unread(to_ms(now - _UNREAD))
    state = decoded((await store.telegrams.state()).state)
    return Presence(Known(state, oldest, STALE, is_partial=partial or bool(unread)))


class PresentState:
    """The same, kept in memory and looked up every so often: the conversation asks no database."""

    def __init__(self, store: Store, clock: Clock, base: str) -> None:
        self._store = store
        self._clock = clock
        self._base = base
        self._presence = Presence()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, with a first look."""
        if self._base:
            await self._look()
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self._look()
            except Exception:
                _log.exception("What is in force could not be looked up; trying again")

    async def _look(self) -> None:
        self._presence = await look_up(self._store, self._clock, self._base)

    def __call__(self) -> Presence:
        """What was last known; it tells itself whether that is too old at a moment."""
        return self._presence
