"""A LINE in the benchmark's own process, which notes when it is first told certain words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.programs import BareLine


class WatchingLine(BareLine):
    """`words` are what it waits for; `heard` is when they came, by `time.perf_counter`."""

    words: bytes
    heard: asyncio.Future[float]

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not WatchingLine.heard.done() and WatchingLine.words in data:
            WatchingLine.heard.set_result(time.perf_counter())
        super().data_received(data)


def listen_for(words: str) -> asyncio.Future[float]:
    """When LINE is told these words from now on; ASCII, as JSON may escape others."""
    WatchingLine.words = words.encode()
    WatchingLine.heard = asyncio.get_running_loop().create_future()
    return WatchingLine.heard


@asynccontextmanager
async def watching_line() -> AsyncIterator[int]:
    """The port of one while it runs."""
    listen_for("nothing yet")
    server = await asyncio.get_running_loop().create_server(WatchingLine, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
