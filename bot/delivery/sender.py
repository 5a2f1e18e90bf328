"""The sender: the only thing that sends to LINE in bulk.

Every batch carries its own retry key, committed with its recipients before the first request. Whatever
happens in between, the same bytes go out again under the same key until LINE has a final answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import uuid
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from bot.delivery.pace import Pace
from bot.delivery.retry import HORIZON_SECONDS, delay_seconds
from bot.domain.broadcasts import BatchState
from bot.domain.clock import Clock
from bot.line.client import TIMEOUT_SECONDS, Accepted, Answer, LineClient, Rejected, Throttled
from bot.store.broadcasts import Broadcasts
from bot.store.outbox import Batch, Ending, Outbox

_log = logging.getLogger(__name__)

_IN_FLIGHT = 64
"""Requests under way at a time: 200 a second at a fifth of a second each need 40."""
_ROOM = 16
"""Free places that are worth a claim: each is a transaction, so batches are claimed several at a time."""
_LEASE_SECONDS = TIMEOUT_SECONDS * 3
_BREATH_SECONDS = 0.02  # a few batches' worth of the rate limit
_IDLE_SECONDS = 1.0
_MESSAGES_CACHED = 64
_NO_ANSWER = "no answer from LINE within 23 hours"


class Sender:
    """Claims batches, the most urgent first, and sends each until LINE has answered.

    `on_end(state, residents)` is told of every batch that ended.
    """

    def __init__(
        self,
        outbox: Outbox,
        broadcasts: Broadcasts,
        line: LineClient,
        clock: Clock,
        *,
        pace: Pace,
        on_end: Callable[[BatchState, int], None],
    ) -> None:
        self._outbox = outbox
        self._broadcasts = broadcasts
        self._line = line
        self._clock = clock
        self._pace = pace
        self._on_end = on_end
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._in_flight: set[asyncio.Task[None]] = set()
        self._messages: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.healthy = False

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def start(self, *, alone: bool) -> None:
        """Begin; `alone`: no other sender works on this database, so every lease left over is free."""
        self._task = asyncio.create_task(self._run(alone=alone))

    async def stop(self) -> None:
        """Claim nothing more and wait for the answers to what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _run(self, *, alone: bool) -> None:
        release_all = alone
        while True:
            try:
                self._wake.clear()
                if release_all:
                    await self._outbox.release(everything=True)
                    release_all = False
                claimed = await self._claim()
                self.healthy = True
                if not claimed:
                    await self._rest()
            except Exception:
                self.healthy = False
                _log.exception("The sender could not read the outbox; trying again")
                await asyncio.sleep(_IDLE_SECONDS)

    async def _claim(self) -> int:
        places, allowed = _IN_FLIGHT - len(self._in_flight), self._pace.available()
        if places < _ROOM or allowed == 0:
            return 0
        batches = await self._outbox.claim(self._owner, min(places, allowed), _LEASE_SECONDS)
        self._pace.take(len(batches))
        for batch in batches:
            task = asyncio.create_task(self._send(batch))
            self._in_flight.add(task)
            task.add_done_callback(self._landed)
        return len(batches)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _rest(self) -> None:
        """Wait until there is room, or something new, or a retry falls due."""
        if len(self._in_flight) <= _IN_FLIGHT - _ROOM and self._pace.available() == 0:
            await asyncio.sleep(max(_BREATH_SECONDS, self._pace.seconds_to_next()))
            return
        seconds = _IDLE_SECONDS
        if not self._in_flight:
            await self._outbox.release(everything=False)
            await self._outbox.expire(self._clock.after_ms(-HORIZON_SECONDS), _NO_ANSWER)
            due_ms = await self._outbox.next_due_ms()
            if due_ms is not None:
                idle_ms = self._clock.after_ms(_IDLE_SECONDS) - self._clock.now_ms()
                seconds *= min(1.0, max(0.0, due_ms - self._clock.now_ms()) / idle_ms)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _send(self, batch: Batch) -> None:
        try:
            answer: Answer = Accepted(None)  # everyone in it has left: there is nobody to send to
            if batch.user_ids:
                messages = await self._payload(batch)
                answer = await self._line.multicast(batch.user_ids.split(","), messages, batch.retry_key)
            await self._record(batch, answer)
        except Exception:
            _log.exception("Batch %d stays leased and goes out again when its lease ends", batch.id)

    async def _record(self, batch: Batch, answer: Answer) -> None:
        now_ms = self._clock.now_ms()
        match answer:
            case Accepted(request_id):
                ending = Ending(batch.id, BatchState.ACCEPTED, now_ms, request_id, None)
            case Rejected(_, reason):
                ending = Ending(batch.id, BatchState.FAILED, now_ms, None, reason)
                _log.error("LINE refused batch %d (%d residents): %s", batch.id, batch.size, reason)
            case _ if batch.first_attempt_ms <= self._clock.after_ms(-HORIZON_SECONDS):
                ending = Ending(batch.id, BatchState.UNKNOWN, now_ms, None, answer.reason)
                _log.error("Batch %d (%d residents) is unknown: %s", batch.id, batch.size, _NO_ANSWER)
            case _:
                if isinstance(answer, Throttled):
                    self._pace.back_off()
                due_ms = self._clock.after_ms(delay_seconds(batch.attempts))
                await self._outbox.retry(batch, self._owner, due_ms, answer.reason)
                _log.warning("Batch %d, attempt %d: %s", batch.id, batch.attempts, answer.reason)
                return
        await self._outbox.end(ending)
        self._on_end(ending.state, batch.size)

    async def _payload(self, batch: Batch) -> bytes:
        """The messages of a batch as JSON bytes; the same bytes at every attempt."""
        key = (batch.broadcast_id, batch.language)
        if key not in self._messages:
            payloads = await self._broadcasts.payloads(batch.broadcast_id)
            text = json.dumps(payloads[batch.language], ensure_ascii=False, separators=(",", ":"))
            self._messages[key] = text.encode()
            if len(self._messages) > _MESSAGES_CACHED:
                self._messages.popitem(last=False)
        self._messages.move_to_end(key)
        return self._messages[key]
