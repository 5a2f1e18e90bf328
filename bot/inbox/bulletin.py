"""What is in force at the moment, looked up every second, so that no answer to a resident has to wait for it."""

from __future__ import annotations

import asyncio
import logging

from bot.domain.situation import Situation
from bot.store.store import Store

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


class Bulletin:
    """The real orders in force and the state of shelters; while the database fails, the last known."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._current = Situation()
        self._task: asyncio.Task[None] | None = None

    def current(self) -> Situation:
        """What was in force at the last look."""
        return self._current

    async def start(self) -> None:
        """Look, and go on looking."""
        await self._look()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._look()
            except Exception:
                _log.exception("Could not look up what is in force; trying again")

    async def _look(self) -> None:
        """Drills are left out: residents who ask for a shelter mean it."""
        orders = tuple(order for order in await self._store.orders.active() if not order.drill)
        said = await self._store.shelters.all()
        self._current = Situation(orders, {shelter: each.state for shelter, each in said.items()})
