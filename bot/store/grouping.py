"""Group commit: callers queue their changes, one task commits all that are waiting together.

The cost of durability is one fsync a group instead of one a change.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")

_MAX_GROUP = 1000
_GATHER_SECONDS = 0.002
_PATIENCE_SECONDS = 0.02
"""While a broadcast is sent its answers are recorded with the next claim of batches, which comes about as often."""
LATER = object()


class _Queued(NamedTuple, Generic[Item]):
    item: Item
    future: asyncio.Future[Any]
    patient: bool


class GroupCommit(Generic[Item]):
    """Runs `commit(items)` for everything queued meanwhile; each `submit` returns its own item's result.

    `commit` gets the items in order, makes them durable and returns one result for each, which is LATER for those that
    it leaves to the next group; or it raises and leaves nothing. After a failure every item is tried alone, so one bad
    item harms only itself.
    """

    def __init__(self, commit: Callable[[list[Item]], Awaitable[list[Any]]]) -> None:
        self._commit = commit
        self._queue: list[_Queued[Item]] = []
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item, *, patient: bool = False) -> Any:
        """Queue an item; returns its result once it is durable. A `patient` one waits a little for others to join."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append(_Queued(item, future, patient))
        if not patient:
            self._hurry.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Wait until everything queued is durable."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        while self._queue:
            await self._wait_for_company()
            await self._gather()
            group, self._queue = self._queue[:_MAX_GROUP], self._queue[_MAX_GROUP:]
            if not await self._run(group) and len(group) > 1:
                for single in group:
                    await self._run([single])

    async def _wait_for_company(self) -> None:
        self._hurry.clear()
        if all(queued.patient for queued in self._queue):
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._hurry.wait()

    async def _gather(self) -> None:
        """Let everything that is ready in this turn of the loop join: fewer and larger groups."""
        seen, end = 0, time.monotonic() + _GATHER_SECONDS
        while seen < self._hurried() < _MAX_GROUP and time.monotonic() < end:
            seen = self._hurried()
            await asyncio.sleep(0)

    def _hurried(self) -> int:
        return sum(not queued.patient for queued in self._queue)

    async def _run(self, group: list[_Queued[Item]]) -> bool:
        try:
            results = await self._commit([queued.item for queued in group])
        except Exception as error:
            if len(group) == 1 and not group[0].future.done():
                group[0].future.set_exception(error)
            return False
        done = list(zip(group, results, strict=True))
        self._queue[:0] = [queued for queued, result in done if result is LATER]
        for queued, result in done:
            if result is not LATER and not queued.future.done():
                queued.future.set_result(result)
        return True
