"""The sender: the only thing that sends to LINE in bulk.

Every batch carries its own retry key, committed with its recipients before the first request. Whatever
happens in between, the same bytes go out again under the same key until LINE has a final answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from bot.delivery.answers import Answers
from bot.delivery.circuit import Circuit
from bot.delivery.window import Window
from bot.domain.broadcasts import HORIZON_SECONDS, Endpoint, Priority
from bot.domain.clock import Clock
from bot.domain.pace import Limits
from bot.line.client import Accepted, Answer, LineClient, Refused, Unanswered, Unreached, content
from bot.store.outbox import Batch
from bot.store.store import Store

_log = logging.getLogger(__name__)

NORMAL_PLACES = 160
"""Requests under way at a time: 200 a second at half a second each need 100."""
_RESERVED_PLACES = 32
"""More places for what is urgent, so that it need not wait for answers to what is not."""
_UNRECORDED = 160
"""Answers that may wait for their commit; more take places, so that nothing piles up if they cannot be recorded."""
_ROOM, _URGENT_ROOM = 48, 16
"""Free places that are worth a claim: each is a transaction, so batches are claimed several at a time."""
_LAUNCHED_AT_ONCE = 8
"""Requests made in one turn of the event loop: webhooks have theirs in between."""
LEASE_SECONDS = 5.0
"""A sender renews its leases while it lives; one that was killed is taken over when they have run out."""
_TEND_SECONDS = 1.0
SEEN_SECONDS = 5.0
_FORGET_SECONDS = 3600.0
_IDLE_SECONDS = 1.0
_SHORTEST_SECONDS = 0.01
_RECORD_ATTEMPTS = 30
_MESSAGES_CACHED = 256
_NO_ANSWER = "no answer from LINE within 23 hours"
_UNREADABLE = "the outbox could not be read"

Contents = Awaitable[Mapping[int, bytes]]
"""What batches say, by message; read once for all that are claimed together."""


async def _at_once() -> None:
    """There is nothing to give way to."""


class Sender:
    """Claims batches, the most urgent first, and sends each until LINE has answered.

    `floor()` is the lowest priority that may go out now; `on_idle()` is called when nothing is left to send;
    `give_way()` waits a moment if there is something that should go before what is not urgent.
    """

    def __init__(
        self,
        store: Store,
        line: LineClient,
        clock: Clock,
        answers: Answers,
        limits: Limits,
        *,
        floor: Callable[[], Priority] = lambda: Priority.NORMAL,
        on_idle: Callable[[], None] = lambda: None,
        give_way: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.circuit = Circuit()
        self._window = Window()
        self._store = store
        self._line = line
        self._clock = clock
        self._answers = answers
        self._limits = limits
        self._floor = floor
        self._on_idle = on_idle
        self._give_way = give_way
        self._in_flight: dict[asyncio.Task[None], Batch] = {}
        self._unanswered = 0
        self._contents: dict[int, bytes] = {}
        self._wake = asyncio.Event()
        self._asked = False
        self._hurrying = False
        self._paced = False
        self._busy = True
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []
        self.healthy = False

    @property
    def fault(self) -> str | None:
        """What keeps it from sending; that it has not read the outbox yet as well."""
        return self.circuit.fault if self.healthy else _UNREADABLE

    def wake(self) -> None:
        """There may be something to send, perhaps urgent."""
        self._asked = True
        self._wake.set()

    def start(self, *, alone: bool) -> None:
        """Begin; `alone`: no other sender works on this database, so every lease left over is free."""
        self._tasks = [asyncio.create_task(self._run(alone=alone)), asyncio.create_task(self._tend())]

    async def stop(self) -> None:
        """Claim nothing more, wait for the answers to what is under way, and leave nothing leased."""
        self._stopping = True
        self._wake.set()
        if not self._tasks:
            return
        run, tend = self._tasks
        await asyncio.wait({run})
        if self._in_flight:
            await asyncio.wait(set(self._in_flight))
        tend.cancel()
        await asyncio.wait({tend})
        with suppress(Exception):  # the leases run out by themselves
            await self._store.outbox.release_own(self.owner)

    async def _run(self, *, alone: bool) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                if alone:
                    await self._store.outbox.release_all()
                    alone = False
                seconds = await self._round()
                self.healthy = True
            except Exception:
                self.healthy = False
                _log.exception("The sender could not read the outbox; trying again")
                seconds = _IDLE_SECONDS
            if seconds:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._wake.wait()

    async def _round(self) -> float:
        """Claim what may go now; how many seconds to rest until there is more to do, unless woken."""
        asked, self._asked = self._asked, False
        floor, places = self._places(asked=asked)
        if places <= 0:
            self._paced = False  # now it is the next answer that says when to look again
            return _IDLE_SECONDS
        if self.circuit.is_open:
            return await self._probe()
        if not asked:
            await self._give_way()
        if not self.healthy:
            places = 1  # what it cannot read is not kept from other senders, nor what LINE allows in a second
        outbox = self._store.outbox
        batches, wait = await outbox.claim(self.owner, places, LEASE_SECONDS, self._limits, floor)
        self._hurrying = any(batch.priority > Priority.NORMAL for batch in batches)
        self._paced = wait is not None and len(batches) < places
        if batches:
            self._busy = True
            await self._launch_all(batches)
            return min(_IDLE_SECONDS, wait or 0.0)
        if self._busy and not self._in_flight:
            self._busy = False
            self._on_idle()
        return min(_IDLE_SECONDS if wait is None else wait, await self._until_due(floor))

    def _places(self, *, asked: bool) -> tuple[int, int]:
        """The lowest priority that has free places, and how many are worth a claim now."""
        floor = int(self._floor())
        free = self._free()
        if free - _RESERVED_PLACES >= _ROOM:
            return floor, free - _RESERVED_PLACES if not self._hurrying else free
        if free >= _URGENT_ROOM or asked:
            return max(floor, Priority.URGENT), free if asked or self._hurrying else 0
        return floor, 0

    async def _until_due(self, floor: int) -> float:
        due_ms = await self._store.outbox.next_due_ms(floor)
        if due_ms is None:
            return _IDLE_SECONDS
        idle_ms = self._clock.after_ms(_IDLE_SECONDS) - self._clock.now_ms()
        seconds = (due_ms - self._clock.now_ms()) / idle_ms * _IDLE_SECONDS
        return min(_IDLE_SECONDS, max(_SHORTEST_SECONDS, seconds))

    async def _launch_all(self, batches: Sequence[Batch]) -> None:
        contents = asyncio.create_task(self._contents_of(batches))
        for number, batch in enumerate(batches, 1):
            self._launch(batch, contents)
            if number % _LAUNCHED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _launch(self, batch: Batch, contents: Contents) -> None:
        task = asyncio.create_task(self._send(batch, contents))
        self._in_flight[task] = batch
        self._unanswered += 1
        task.add_done_callback(self._recorded)

    def _recorded(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        self._wake_if_worth()

    def _free(self) -> int:
        return NORMAL_PLACES + _RESERVED_PLACES - max(self._unanswered, len(self._in_flight) - _UNRECORDED)

    def _wake_if_worth(self) -> None:
        if self._paced:
            return  # there is room enough: it is the rate limit that says when to look again
        worth = _URGENT_ROOM if self._hurrying else _ROOM + _RESERVED_PLACES
        if self._free() >= worth or not self._in_flight:  # the last of a broadcast, perhaps
            self._wake.set()

    async def _send(self, batch: Batch, contents: Contents) -> None:
        try:
            answer = await self._ask(batch, contents)
        except Exception:
            _log.exception("Batch %d stays leased and goes out again when its lease ends", batch.id)
            answer = None
        self._unanswered -= 1
        self._wake_if_worth()
        if answer is not None:
            await self._record(batch, answer)

    async def _ask(self, batch: Batch, contents: Contents) -> Answer | None:
        """LINE's answer; None if it is too late to ask."""
        if not batch.user_ids and batch.endpoint is not Endpoint.BROADCAST:
            return Accepted(None)  # everyone in it has left: there is nobody to send to
        says = (await contents)[batch.message_id]
        async with self._window.place(batch.priority):
            if batch.priority == Priority.NORMAL:
                await self._give_way()
            if batch.first_attempt_ms <= self._clock.after_ms(-HORIZON_SECONDS):
                return None  # the machine slept since the claim: when the lease ends it is unknown
            answer = await self._request(batch, says)
        await self._observe(answer)
        return answer

    async def _request(self, batch: Batch, says: bytes) -> Answer:
        match batch.endpoint:
            case Endpoint.BROADCAST:
                return await self._line.broadcast(says, batch.retry_key)
            case Endpoint.PUSH:
                return await self._line.push(batch.user_ids, says, batch.retry_key)
            case Endpoint.MULTICAST:
                return await self._line.multicast(batch.user_ids, says, batch.retry_key)

    async def _record(self, batch: Batch, answer: Answer) -> None:
        """Make an answer durable. If the database is away for long the lease ends, and LINE is asked again."""
        for _ in range(_RECORD_ATTEMPTS):
            try:
                await self._answers.record(batch, answer, self.owner)
            except Exception:
                _log.exception("The answer to batch %d could not be recorded; trying again", batch.id)
                await asyncio.sleep(_IDLE_SECONDS)
            else:
                return

    async def _contents_of(self, batches: Iterable[Batch]) -> Mapping[int, bytes]:
        """What some batches say, by message, as JSON bytes; the same bytes at every attempt."""
        wanted = {batch.message_id for batch in batches}
        contents = {number: self._contents[number] for number in wanted & self._contents.keys()}
        if unknown := wanted - contents.keys():
            for number, message in (await self._store.outbox.messages(unknown)).items():
                contents[number] = self._contents[number] = content(*message)
            while len(self._contents) > _MESSAGES_CACHED:
                del self._contents[next(iter(self._contents))]
        return contents

    async def _observe(self, answer: Answer) -> None:
        """What an answer says about LINE as a whole."""
        match answer:
            case Unanswered(reason) | Unreached(reason):
                opened = self.circuit.failed(reason)
            case Refused(_, reason):
                opened = self.circuit.refuse(reason)
            case _:
                opened = False
                if self.circuit.answered():
                    await self._recovered()
        if opened:
            _log.error("%s; sending waits and probes", self.circuit.fault)

    async def _probe(self) -> float:
        """While the circuit is open: now and then ask LINE something harmless; how long to wait then."""
        if not self.circuit.seconds_to_probe():
            reason = _fault_in(await self._line.probe())
            if reason is None:
                self.circuit.close()
                await self._recovered()
                await self._answers.resume_refused()
            else:
                self.circuit.probe_failed(reason)
        return self.circuit.seconds_to_probe()

    async def _recovered(self) -> None:
        _log.info("LINE answers again")
        await self._store.outbox.hasten()
        self.wake()

    async def _tend(self) -> None:
        """Renew what is held, take over what others have left, and show that this sender is alive."""
        outbox, rounds = self._store.outbox, 0
        while True:
            try:
                if self._in_flight:
                    held = [batch.id for batch in self._in_flight.values()]
                    await outbox.renew_leases(self.owner, held, LEASE_SECONDS)
                if await outbox.tend(self._clock.after_ms(-HORIZON_SECONDS), _NO_ANSWER):
                    self.wake()
                if rounds % SEEN_SECONDS == 0:
                    # At the start it may not have read the outbox yet: that is no fault for others to see.
                    fault = self.fault if rounds else self.circuit.fault
                    await outbox.seen(self.owner, fault, _FORGET_SECONDS)
                    await self._look_for_refused()
            except Exception:
                _log.exception("The sender could not tend the outbox; trying again")
            rounds += 1
            await asyncio.sleep(_TEND_SECONDS)

    async def _look_for_refused(self) -> None:
        """Broadcasts that LINE refused may go on if it takes this sender's token, as after a new start."""
        if self.circuit.is_open or not await self._answers.are_refused():
            return
        if _fault_in(await self._line.probe()) is None:
            await self._answers.resume_refused()


def _fault_in(probed: Answer) -> str | None:
    """Why an answer to a probe means that sending makes no sense; None if it may."""
    match probed:
        case Unanswered(reason) | Unreached(reason) | Refused(401 | 403, reason):
            return reason
        case _:
            return None
