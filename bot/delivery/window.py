"""The window: how many requests are on their way to LINE at a time, the urgent first.

As many as LINE's highest rate limit needs at the latency that is measured (Little's law), and no more. Where LINE is
near, more would only open connections faster than a server takes them (one that is dropped is tried again a second
later: RFC 6298 2.1), and let more answers come in one turn of the event loop than webhooks should wait for.
"""

from __future__ import annotations

import asyncio
import itertools
from heapq import heappop, heappush

from bot.domain.broadcasts import Priority

_PER_SECOND = 2000
"""Pushes. https://developers.line.biz/en/reference/messaging-api/#rate-limits"""
_FEWEST = 24
_SMOOTHED = 16
"""Each answer counts for one in so many of the latency."""


class Window:
    """Up to `most` places for requests, and `reserved` more for what is urgent."""

    def __init__(self, most: int, reserved: int) -> None:
        self._most = most
        self._reserved = reserved
        self._taken = self._taken_by_urgent = 0
        self._latency = 0.0
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def enter(self, priority: int) -> None:
        """Take a place; wait until there is one for this priority, behind what is more urgent or came before."""
        if self._is_room(priority):
            self._take(priority)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (-priority, next(self._numbers), turn))
        await turn

    def leave(self, priority: int, seconds: float) -> None:
        """Give the place back after a request that took so long."""
        self._take(priority, -1)
        self._latency += (seconds - self._latency) / _SMOOTHED
        while self._waiting and self._is_room(-self._waiting[0][0]):
            urgency, _, turn = heappop(self._waiting)
            self._take(-urgency)
            turn.set_result(None)

    def _take(self, priority: int, places: int = 1) -> None:
        self._taken += places
        if priority > Priority.NORMAL:
            self._taken_by_urgent += places

    def _is_room(self, priority: int) -> bool:
        size = min(self._most, max(_FEWEST, round(_PER_SECOND * self._latency)))
        if priority == Priority.NORMAL:
            return self._taken < size
        # What is not urgent may still hold more places than the window has by now.
        return self._taken < size + self._reserved or self._taken_by_urgent < self._reserved
