"""The window: how fast requests set out for LINE, the urgent first.

Each holds a place until LINE has answered, and no longer than LINE's highest rate limit needs: so it never slows a
channel down, however slow LINE is. Where LINE is near, more at a time would only open connections faster than a server
takes them (one that is dropped is tried again a second later: RFC 6298 2.1), and let more answers come in one turn of
the event loop than webhooks should wait for.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush

_PLACES = 24
_PER_SECOND = 2000
"""Pushes. https://developers.line.biz/en/reference/messaging-api/#rate-limits"""


class Window:
    """Places for requests; who finds none waits for one, behind what is more urgent or came before."""

    def __init__(self, seconds: float = _PLACES / _PER_SECOND) -> None:
        """`seconds`: how long a place is held at most."""
        self._seconds = seconds
        self._free = _PLACES
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def place(self, priority: int) -> AsyncIterator[None]:
        """Hold a place for a request of this priority."""
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            turn: asyncio.Future[None] = loop.create_future()
            heappush(self._waiting, (-priority, next(self._numbers), turn))
            await turn
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            if is_held:
                is_held = False
                self._give_back()

        end = loop.call_later(self._seconds, give_back)
        try:
            yield
        finally:
            end.cancel()
            give_back()

    def _give_back(self) -> None:
        self._free += 1
        while self._waiting and self._free:
            turn = heappop(self._waiting)[2]
            if not turn.done():  # cancelled
                self._free -= 1
                turn.set_result(None)
