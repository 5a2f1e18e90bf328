"""APScheduler as the clock: it calls one function every second and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.domain.clock import TOKYO

_log = logging.getLogger(__name__)
logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it would tell of every tick

_OVERDUE_SECONDS = 30.0


class Ticker:
    """Calls `tick` at once and then every `seconds`, never twice at a time; a tick that fails is logged."""

    def __init__(self, tick: Callable[[], Awaitable[None]], seconds: float = 1.0) -> None:
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone=TOKYO)
        self._running: asyncio.Task[None] | None = None
        self._succeeded: float | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last tick succeeded and none is overdue."""
        return self._succeeded is not None and time.monotonic() - self._succeeded < _OVERDUE_SECONDS

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.add_job(
            self._fire, "interval", seconds=self._seconds, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, after the tick under way."""
        self._scheduler.shutdown(wait=False)
        if self._running is not None:
            with suppress(asyncio.CancelledError):
                await self._running

    async def _fire(self) -> None:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._tick()
        except Exception:
            self._succeeded = None
            _log.exception("A tick of the clock failed; the next one tries again")
        else:
            self._succeeded = time.monotonic()
