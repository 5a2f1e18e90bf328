"""Moves broadcasts along: starts what is due, gathers audiences into batches, ends what is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from bot.broadcasts.audience import Audience
from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.overload import DigestAudience
from bot.broadcasts.reach import condition, count
from bot.domain.broadcasts import BY_SERVICE, Broadcast, Event, Priority, State
from bot.domain.clock import Clock, to_ms
from bot.domain.errors import InvalidInputError, RefusedError
from bot.store import broadcasts as rows
from bot.store.port import Session
from bot.store.residents import newest_id
from bot.store.store import Store
from bot.town.model import Town

_log = logging.getLogger(__name__)

_IDLE_SECONDS = 1.0
_FORGET_SECONDS = 600.0
_UNITS_A_MONTH = 1000
"""Names for statistics that LINE counts within a month; more are sent but not counted.
https://developers.line.biz/en/docs/messaging-api/unit-based-statistics-aggregation/"""


class Conductor:
    """Every step is one transaction, so after a stop at any point the next run goes on from there.

    `ceiling` tells whether the month's quota covers a broadcast.
    """

    def __init__(
        self, store: Store, town: Town, clock: Clock, ceiling: Ceiling, wake_sender: Callable[[], None]
    ) -> None:
        self._store = store
        self._town = town
        self._clock = clock
        self._ceiling = ceiling
        self._wake_sender = wake_sender
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._admitting: dict[int, asyncio.Task[None]] = {}
        self._audiences: dict[int, Audience | DigestAudience] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Something may have to be moved along."""
        self._wake.set()

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(each()) for each in (self._run, self._listen, self._forget)]

    async def stop(self) -> None:
        """Stop after the step under way."""
        tasks = [*self._tasks, *self._admitting.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.step()
            except Exception:
                _log.exception("Broadcasts could not be moved along; trying again")
            await self._wake.wait()

    async def _listen(self) -> None:
        """Look when the database tells of news, and now and then without."""
        while True:
            try:
                await self._store.database.changed(_IDLE_SECONDS)
                self._wake_sender()  # another worker may have gathered what this one can send
            except Exception:
                _log.exception("The database tells no news; looking every second instead")
                await asyncio.sleep(_IDLE_SECONDS)
            self._wake.set()

    async def _forget(self) -> None:
        """Drop what is left of broadcasts that have ended, beside the others: it takes a while after a large one.

        Now and then without being told: a cancelled one may end later, and a stop leaves some for the next start.
        """
        while True:
            self._ended.clear()
            try:
                await self._store.outbox.forget_addresses()
            except Exception:
                _log.exception("Addresses of batches that have ended are dropped later")
            with suppress(TimeoutError):
                async with asyncio.timeout(_FORGET_SECONDS):
                    await self._ended.wait()

    async def step(self) -> None:
        """Do everything that can be done now, the most urgent audience first.

        After each page of an audience it looks again: an emergency must not wait for a million residents.
        """
        gathered = False
        while True:
            await self._start_due()
            waiting = await self._store.broadcasts.gathering()
            if not waiting:
                break
            await self._gather(waiting[0])
            gathered = True
            self._wake_sender()
        for broadcast_id in await self._store.broadcasts.finished():
            await self._store.database.write(partial(self._finish, broadcast_id))
            self._ended.set()
        if not gathered:
            self._audiences.clear()

    async def _start_due(self) -> None:
        now = self._clock.now()
        for broadcast in await self._store.broadcasts.due(to_ms(now)):
            if broadcast.priority is Priority.EMERGENCY:
                await self._store.database.write(partial(self._start, broadcast.id))
            elif broadcast.id not in self._admitting and not self._town.holds_back(broadcast.priority, now):
                task = asyncio.create_task(self._admit(broadcast))
                self._admitting[broadcast.id] = task
                task.add_done_callback(partial(self._admitted, broadcast.id))

    def _admitted(self, broadcast_id: int, _task: asyncio.Task[None]) -> None:
        del self._admitting[broadcast_id]
        self._wake.set()

    async def _admit(self, broadcast: Broadcast) -> None:
        """Start a broadcast if the month's quota covers its audience; this asks LINE, which may take a while."""
        try:
            reason = await self._ceiling.shortage(lambda: self._recipients(broadcast))
            if reason is None:
                await self._store.database.write(partial(self._start, broadcast.id))
            else:
                _log.error("Broadcast %d is paused: %s", broadcast.id, reason)
                with suppress(RefusedError):  # cancelled meanwhile
                    await self._store.broadcasts.pause(broadcast.id, BY_SERVICE, reason)
        except Exception:
            _log.exception("Broadcast %d could not be started; trying again", broadcast.id)
            await asyncio.sleep(_IDLE_SECONDS)

    async def _recipients(self, broadcast: Broadcast) -> int:
        try:
            return await count(self._store, self._town, broadcast, self._clock.now().date())
        except InvalidInputError:
            return 0  # starting it tells what is wrong

    async def _start(self, broadcast_id: int, session: Session) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        if broadcast.state is not State.SCHEDULED:
            return  # cancelled or started meanwhile
        now = self._clock.now()
        unit = await self._unit(session, broadcast, now)
        started = await rows.move(
            session,
            broadcast,
            Event.START,
            to_ms(now),
            started_ms=to_ms(now),
            unit=unit,
            audience_end=await newest_id(session),
        )
        try:
            condition(started, self._town, now.date(), self._store.database.dialect)
        except InvalidInputError as error:
            await self._fail(session, started, error)

    async def _unit(self, session: Session, broadcast: Broadcast, now: datetime) -> str | None:
        """A name to gather statistics under, as long as LINE counts one more this month."""
        if broadcast.everyone:
            return None  # LINE takes none with its broadcast endpoint
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if await rows.units_since(session, to_ms(month)) >= _UNITS_A_MONTH:
            return None
        return f"machi_{now:%Y%m%d}_{broadcast.id}"

    async def _fail(self, session: Session, broadcast: Broadcast, error: InvalidInputError) -> None:
        """Its segment no longer fits the town, or its template a resident."""
        _log.error("Broadcast %d cannot be sent: %s", broadcast.id, error)
        now_ms = self._clock.now_ms()
        await rows.move(session, broadcast, Event.FAIL, now_ms, failure=str(error), finished_ms=now_ms)

    async def _gather(self, broadcast_id: int) -> None:
        """Put the next page of an audience into batches."""
        try:
            if broadcast_id not in self._audiences:
                self._audiences[broadcast_id] = await self._audience(broadcast_id)
            audience = self._audiences[broadcast_id]
            await audience.prepare(await self._store.broadcasts.find(broadcast_id))
            await self._store.database.write(partial(self._gather_page, broadcast_id, audience))
        except InvalidInputError as error:
            await self._store.database.write(partial(self._fail_sending, broadcast_id, error))

    async def _audience(self, broadcast_id: int) -> Audience | DigestAudience:
        broadcast = await self._store.broadcasts.find(broadcast_id)
        frozen = await self._store.broadcasts.frozen_template(broadcast_id)
        if broadcast.digest and frozen is not None:
            return DigestAudience(frozen)
        return Audience(self._store, self._town, self._clock, broadcast, frozen)

    async def _gather_page(
        self, broadcast_id: int, audience: Audience | DigestAudience, session: Session
    ) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        if broadcast.state is State.SENDING and not broadcast.audience_done:
            await audience.gather(session, broadcast)

    async def _fail_sending(self, broadcast_id: int, error: InvalidInputError, session: Session) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        if broadcast.state is State.SENDING:
            await self._fail(session, broadcast, error)

    async def _finish(self, broadcast_id: int, session: Session) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        with suppress(RefusedError):  # cancelled meanwhile
            now_ms = self._clock.now_ms()
            await rows.move(session, broadcast, Event.FINISH, now_ms, finished_ms=now_ms)
