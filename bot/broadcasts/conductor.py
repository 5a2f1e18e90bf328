"""Moves broadcasts along: starts what is due, gathers audiences into batches, ends what is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from bot.broadcasts.compose import segment_condition
from bot.domain.broadcasts import Event, Priority, State
from bot.domain.clock import Clock, from_ms
from bot.domain.errors import InvalidInputError, RefusedError
from bot.store import broadcasts as rows
from bot.store.broadcasts import Broadcast
from bot.store.outbox import HELD, add_batches, let_go
from bot.store.port import Session
from bot.store.residents import audience_page, newest_id
from bot.store.store import Store
from bot.town.model import Town
from segments import Condition

_log = logging.getLogger(__name__)

_RANGE = 10_000
"""Ids of residents looked at in one transaction: short enough that webhooks need not wait."""

_IDLE_SECONDS = 1.0


class Conductor:
    """Every step is one transaction, so after a stop at any point the next run goes on from there."""

    def __init__(self, store: Store, town: Town, clock: Clock, wake_sender: Callable[[], None]) -> None:
        self._store = store
        self._town = town
        self._clock = clock
        self._wake_sender = wake_sender
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop after the step under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            try:
                await self.step()
                await self._store.database.changed(_IDLE_SECONDS)
            except Exception:
                _log.exception("Broadcasts could not be moved along; trying again")
                await asyncio.sleep(_IDLE_SECONDS)

    async def step(self) -> None:
        """Do everything that can be done now, the most urgent audience first.

        After each page of an audience it looks again: an emergency must not wait for a million residents.
        """
        write = self._store.database.write
        while True:
            for broadcast_id in await self._store.broadcasts.due(self._clock.now_ms()):
                await write(partial(self._start, broadcast_id))
            waiting = await self._store.broadcasts.gathering()
            if not waiting:
                break
            await write(partial(self._gather, waiting[0]))
            self._wake_sender()
        for broadcast_id in await self._store.broadcasts.finished():
            await write(partial(self._finish, broadcast_id))
        self._wake_sender()

    async def _start(self, broadcast_id: int, session: Session) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        if broadcast.state is not State.SCHEDULED:
            return  # cancelled or started meanwhile
        now_ms = self._clock.now_ms()
        if await self._condition(session, broadcast, now_ms):
            await rows.move(session, broadcast, Event.START, started_ms=now_ms)

    async def _condition(self, session: Session, broadcast: Broadcast, at_ms: int) -> Condition | None:
        """Whom the broadcast is for; None after failing it, because its segment no longer fits the town."""
        try:
            return segment_condition(broadcast.segment, self._town, from_ms(at_ms).date())
        except InvalidInputError as error:
            _log.error("Broadcast %d cannot be sent: %s", broadcast.id, error)
            now_ms = self._clock.now_ms()
            await session.execute("broadcasts.cancel_batches", {"id": broadcast.id, "now": now_ms})
            await rows.move(session, broadcast, Event.FAIL, failure=str(error), finished_ms=now_ms)
            return None

    async def _gather(self, broadcast_id: int, session: Session) -> None:
        """Put the next page of the audience into batches. Who is in the audience is decided here, once.

        What is urgent is sent meanwhile. A normal broadcast is held until its audience is complete: then its
        number is known before the first request, and gathering does not slow down what is being sent.
        """
        broadcast = await rows.lock(session, broadcast_id)
        if broadcast.state is not State.SENDING or broadcast.audience_done:
            return
        condition = await self._condition(session, broadcast, broadcast.started_ms or 0)
        if condition is None:
            return
        upto = broadcast.audience_upto + _RANGE
        groups = await audience_page(session, condition, broadcast.audience_upto, upto)
        languages = await rows.languages(session, broadcast_id)
        now_ms = self._clock.now_ms()
        at_once = broadcast.priority is not Priority.NORMAL
        await add_batches(session, broadcast, languages, groups, now_ms if at_once else HELD)
        done = upto >= await newest_id(session)
        if done and not at_once:
            await let_go(session, broadcast_id, now_ms)
        await rows.set_audience(session, broadcast_id, upto, done=done)

    async def _finish(self, broadcast_id: int, session: Session) -> None:
        broadcast = await rows.lock(session, broadcast_id)
        await session.execute("outbox.forget_addresses")
        with suppress(RefusedError):  # cancelled meanwhile
            await rows.move(session, broadcast, Event.FINISH, finished_ms=self._clock.now_ms())
