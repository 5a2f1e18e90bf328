"""A primary that vanishes without a word: open connections are dead, new ones reach the one that took its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import parse_qs, urlsplit

import aiohttp

from tests.integration.running import Running, line_simulator, user

RESIDENTS = [user(number) for number in range(1, 4)]


class Proxy:
    """Carries bytes between TCP and a server's socket; those of connections that are frozen go nowhere."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._database = parts.path
        self._user = parts.username or "postgres"
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._carrying: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"postgresql://{self._user}@127.0.0.1:{port}{self._database}"
        try:
            yield self
        finally:
            server.close()
            carrying = tuple(self._carrying)
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)

    def freeze(self) -> None:
        """What is connected hears nothing any more, not even that it was cut off."""
        self._thawed.clear()
        self._thawed = asyncio.Event()
        self._thawed.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._socket)
        thawed = self._thawed

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                await thawed.wait()
                target.write(data)
            target.close()

        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
        except ConnectionError:
            pass  # one side was cut off
        finally:
            self._carrying.discard(task)
            for each in (writer, inner_writer):
                each.transport.abort()


async def test_sending_goes_on_over_new_connections(postgres_url: str) -> None:
    async with line_simulator() as line, Proxy(postgres_url).running() as proxy:
        for resident in RESIDENTS:
            line.add_user(resident)
        staff = Running(line, postgres_url)
        async with Running(line, proxy.url, "web") as web, Running(line, proxy.url, "worker") as worker:
            await staff.residents(*({"user_id": each, "topics": ["bus"]} for each in RESIDENTS))
            await staff.ended(await staff.broadcast("一", "all", "--priority", "emergency"))
            proxy.freeze()
            number = await staff.broadcast("二", "all", "--priority", "emergency")
            await line.until(lambda: len(line.heard(RESIDENTS[0])) == 2, timeout=25)
            assert (await staff.ended(number))["accepted"] == len(RESIDENTS)
            await _ready(worker)
            await line.say(RESIDENTS[0], "ヘルプ")
            await line.until(lambda: len(line.heard(RESIDENTS[0])) == 3, timeout=25)
            proxy.freeze()
            assert await asyncio.gather(web.stop(), worker.stop()) == [0, 0]


async def _ready(service: Running) -> None:
    async with aiohttp.ClientSession(service.address) as session, session.get("/readyz") as answer:
        assert answer.status == 200, await answer.text()
