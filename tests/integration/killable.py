"""What one process that sends has, all of it real: it can be started, halted and killed within a test's own."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import aiohttp

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.delivery.answers import Answers
from bot.delivery.sender import Sender
from bot.domain.broadcasts import Priority
from bot.domain.clock import Clock
from bot.line.client import LineClient
from bot.store.store import Store
from bot.town.model import Town
from tests.integration.running import TOKEN
from tests.settling import UNLIMITED


class Service:
    """What one process has: a connection to the database, one to LINE, a sender and a conductor."""

    def __init__(self, store: Store, clock: Clock, town: Town, line_url: str) -> None:
        self.store = store
        self.session = aiohttp.ClientSession()
        line = LineClient(self.session, line_url, TOKEN)
        answers = Answers(store, line, clock, UNLIMITED, yen=3)
        self.sender = Sender(
            store,
            line,
            clock,
            answers,
            UNLIMITED,
            floor=lambda: Priority(town.holds_back(Priority.NORMAL, clock.now())),
            on_idle=self.nudge,
        )
        self.conductor = Conductor(store, town, clock, Ceiling(line.quota, 3), self.sender.wake)

    def start(self, *, alone: bool) -> Self:
        self.sender.start(alone=alone)
        self.conductor.start()
        return self

    def nudge(self) -> None:
        """Real seconds of waiting are over."""
        self.sender.circuit._reopens = 0.0
        self.sender.wake()
        self.conductor.wake()

    async def kill(self) -> None:
        """End at whatever it is waiting for; nothing gets the chance to put anything in order."""
        database: Any = self.store.database
        tasks = {
            *self.sender._tasks,
            *self.sender._in_flight,
            *self.conductor._tasks,
            *self.conductor._admitting.values(),
            database._group._task,
        } - {None}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self.session.close()
        if database.dialect == "postgresql":
            database._pool.terminate()
            if database._listener is not None:
                database._listener.terminate()
        else:
            await database.close()

    async def halt(self) -> None:
        await self.sender.stop()
        await self.conductor.stop()
        await self.session.close()
        await self.store.database.close()
