"""A sender and a conductor on a store, beside a LINE simulator: started, stopped and abandoned by tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.delivery.answers import Answers
from bot.delivery.sender import Sender
from bot.domain.broadcasts import BatchState, Broadcast, Endpoint, Event, Priority, State
from bot.domain.pace import Limit
from bot.domain.residents import Resident
from bot.line.client import LineClient
from bot.store.store import Store
from bot.town import load
from bot.town.model import Town
from simulator import Simulator
from simulator.api import ApiRequest
from tests.clock import HandClock
from tests.integration.running import TOKEN, Running, user
from tests.settling import UNLIMITED

LIMITED = load(Path(__file__).parents[2] / "towns" / "kahoku")
TOWN = replace(LIMITED, overload=None)
"""Without a day's limit: whoever is meant gets every message. The limit has tests of its own."""
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "ja": [{"type": "text", "text": "断水"}],
    "en": [{"type": "text", "text": "No water"}],
}


T = TypeVar("T")


async def no_answer() -> None:
    """LINE does not tell the quota."""


async def eventually(look: Callable[[], Awaitable[T]], seconds: float = 20) -> T:
    """Look again and again until there is something true to see; that."""
    async with asyncio.timeout(seconds):
        while not (seen := await look()):  # noqa: ASYNC110  it is in a database or another process
            await asyncio.sleep(0.01)
    return seen


async def first_looks(running: Running) -> None:
    """Wait until a service has taken in what there was at its start: it says so in the database."""

    async def look() -> bool:
        return not (await running.json("jma", "status"))["stale"]

    await eventually(look, 40)


async def conduct(conductor: Conductor) -> None:
    """Do everything that can be done now, also what has to ask LINE for the quota first."""
    conductor._wake.set()
    while conductor._admitting or conductor._wake.is_set():
        conductor._wake.clear()
        if conductor._admitting:
            await asyncio.wait(conductor._admitting.values())
        await conductor.step()
    await conductor.step()  # for what was admitted during the last one


class Desk:
    """Residents, broadcasts and a sender that can be started, stopped and abandoned."""

    def __init__(self, line: Simulator, store: Store, clock: HandClock, town: Town = TOWN) -> None:
        self.line, self.store, self.clock = line, store, clock
        self.conductor = Conductor(store, town, clock, Ceiling(no_answer, 3), self.wake)
        self.ended: Counter[BatchState] = Counter()
        self.sender: Sender | None = None
        self.session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def residents(self, count: int, **changes: Any) -> None:
        people = [Resident(user(n), **changes) for n in range(count)]
        await self.store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in people])
        for person in people:
            self.line.add_user(person.user_id)

    async def broadcast(self, priority: Priority = Priority.NORMAL, text: str = "断水") -> int:
        draft = Broadcast(text, "all", "clerk", priority=priority, scheduled_ms=self.clock.now_ms())
        number = await self.store.broadcasts.create(
            draft, {**MESSAGES, "ja": [{"type": "text", "text": text}]}
        )
        await self.store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
        await conduct(self.conductor)
        return number

    def wake(self) -> None:
        if self.sender is not None:
            self.sender.wake()

    async def start(self, rate: float = 1e6, token: str = TOKEN, **more: Any) -> Sender:
        """A sender; `more` is for it, as it is."""
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        client = LineClient(self.session, self.line.base_url, token)
        ended = lambda state, residents: self.ended.update({state: residents})  # noqa: E731  one line says it
        limits = {**UNLIMITED, Endpoint.MULTICAST: Limit(rate)}
        answers = Answers(self.store, client, self.clock, limits, yen=3, on_end=ended)
        self.sender = Sender(
            self.store, client, self.clock, answers, limits, on_idle=self.conductor.wake, **more
        )
        self.sender.start(alone=True)
        return self.sender

    async def stop(self) -> None:
        if self.sender is not None and self.session is not None:
            await self.sender.stop()
            await self.session.close()
            self.sender = None

    async def until(self, count: int) -> None:
        """Wait until so many residents are in ended batches, moving time on so that retries fall due."""
        async with asyncio.timeout(20):
            while self.ended.total() < count:
                self.clock.advance(seconds=1)
                await conduct(self.conductor)
                self.wake()
                await asyncio.sleep(0.01)

    async def paused(self, number: int, why: str = "") -> Broadcast:
        """Wait until a broadcast is paused, and until it says why."""

        async def look() -> Broadcast | None:
            found = await self.store.broadcasts.find(number)
            return found if found.state is State.PAUSED and why in (found.failure or "") else None

        return await eventually(look)

    def heard(self) -> Counter[str]:
        """How many messages in bulk each resident has got."""
        bulk = ("multicast", "push", "broadcast")
        return Counter(entry.user_id for entry in self.line.chats.entries if entry.via in bulk)

    def sent(self) -> list[ApiRequest]:
        """Requests that send in bulk."""
        return [r for r in self.line.requests if r.endpoint in ("multicast", "push", "broadcast")]
