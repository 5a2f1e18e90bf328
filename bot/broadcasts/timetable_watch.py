"""Tells staff in time that the bus timetable ends, also in a service that runs for months."""

from __future__ import annotations

import asyncio
import logging
from datetime import date

from bot.broadcasts.staff_note import tell_staff
from bot.domain.broadcasts import Priority
from bot.domain.clock import Clock
from bot.store import alarms
from bot.store.port import Session
from bot.store.store import Store
from bot.town.model import Town
from bot.transit import Feed, read_feed

_log = logging.getLogger(__name__)


class TimetableWatch:
    """Called at every tick, it looks once a day; staff are told once that it ends soon, and once that it has ended.

    What was told is stored with the note, so it does not matter how many processes look.
    """

    def __init__(self, store: Store, town: Town, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._clock = clock
        self._feed: Feed | None = None
        self._looked: date | None = None

    async def tick(self) -> None:
        """Look at a day's first tick."""
        today = self._clock.now().date()
        if self._looked == today:
            return
        if self._feed is None:
            self._feed = await asyncio.to_thread(read_feed, self._town.folder)
        timetable, warning = self._feed.timetable, self._feed.warning(today)
        if timetable is not None and warning is not None:
            stage = "over" if timetable.is_over(today) else "soon"
            await self._tell(f"timetable:{timetable.ends}:{stage}", warning)
        self._looked = today

    async def _tell(self, subject: str, warning: str) -> None:
        now_ms = self._clock.now_ms()

        async def work(session: Session) -> bool:
            await alarms.begin(session, subject, now_ms)
            if not await alarms.is_due(session, subject, now_ms, after_ms=0, again_ms=now_ms):
                return False
            title = "バスの時刻表の期限"
            await tell_staff(session, self._town, title, warning, now_ms, priority=Priority.NORMAL)
            return True

        if await self._store.database.write(work):
            _log.info("Staff are told: %s", warning)
