"""APScheduler as the clock: it calls one function every second and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.domain.clock import TOKYO

_log = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it would tell of every tick

_OVERDUE_SECONDS = 30.0
"""How late a tick may be before the clock counts as stuck."""


class Ticker:
    """Calls `tick` at once and then every `seconds`, never twice at a time; a tick that fails is logged."""

    def __init__(self, tick: Callable[[], Awaitable[None]], seconds: float = 1.0) -> None:
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone=TOKYO)
        self._running: asyncio.Task[None] | None = None
        self._stopped = False
        self._succeeded: float | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last tick succeeded and the next is not overdue; False before the first has ended."""
        if self._succeeded is None:
            return False
        return time.monotonic() - self._succeeded < self._seconds + _OVERDUE_SECONDS

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.add_job(
            self._fire, "interval", seconds=self._seconds, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, after the tick under way: when this returns, no tick runs and none will."""
        self._stopped = True  # the scheduler itself shuts down a turn of the event loop later
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)
        if self._running is not None:
            await asyncio.wait({self._running})

    async def _fire(self) -> None:
        """Tick, unless the last tick is still at it: APScheduler would log each one it has to leave out."""
        if not self._stopped and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._tick()
        except Exception:
            self._succeeded = None
            _log.exception("A tick of the clock failed; the next one tries again")
        else:
            self._succeeded = time.monotonic()
