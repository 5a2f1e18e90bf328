"""Working off the inbox: in the order of LINE's timestamps for each resident, residents side by side."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from bot.domain.clock import Clock, from_ms
from bot.domain.residents import Resident, ResidentState, masked
from bot.line.client import Accepted, Answer, LineClient, Rejected
from bot.line.events import decode
from bot.store.inbox import Inbox, Outcome, Reply
from handlers.conversation import Conversation

_log = logging.getLogger(__name__)

T = TypeVar("T")

_WORKERS = 32
_RESCAN_SECONDS = 5.0
_LOOKS, _LOOK_SECONDS = 10, 0.05
REPLY_SECONDS = 55.0
"""A reply token lives a minute from the webhook's receipt; some of it goes on the way to LINE.
https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token"""
_PATIENCE_SECONDS = 2.0
"""How long a resident's worker waits for LINE; where LINE is in trouble, others must not wait with them."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 4.0
_REPEATED_AT_ONCE = 32
_LEASE_SECONDS = 15.0
"""Longer than one request and the pause after it: what a process that was killed was sending is sent by another
after this."""
_STOP_SECONDS = 10.0


class Processor:
    """Runs each event once through the conversation and sends the reply."""

    def __init__(
        self,
        inbox: Inbox,
        conversation: Conversation,
        line: LineClient,
        clock: Clock,
        is_busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_busy` says whether webhooks are pouring in: they must be answered within two seconds, so they go first."""
        self._inbox = inbox
        self._conversation = conversation
        self._line = line
        self._clock = clock
        self._is_busy = is_busy
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[Any]] = set()
        self._replying: set[int] = set()
        self._repeating = asyncio.Semaphore(_REPEATED_AT_ONCE)
        self._alone = False

    def wake(self, user_ids: Iterable[str]) -> None:
        """Events of these residents wait."""
        for user_id in user_ids:
            if user_id not in self._queued:
                self._queued.add(user_id)
                self._queue.put_nowait(user_id)

    def start(self, *, alone: bool) -> None:
        """Begin, with what an earlier run of the program left; `alone`: no other process sends replies."""
        self._alone = alone
        self._tasks = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]
        self._tasks.append(asyncio.create_task(self._rescan(alone=alone)))

    async def stop(self) -> None:
        """Take on nothing more, and wait a while for the events and replies under way.

        What remains stays in the inbox for the next start, or for another process.
        """
        await _cancelled(self._tasks)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                while self._under_way:  # an event that ends may leave a reply
                    await asyncio.wait(self._under_way)
        await _cancelled(self._under_way)
        for event in tuple(self._replying):
            await self._inbox.renew_reply(event, self._clock.now_ms())

    async def _rescan(self, *, alone: bool) -> None:
        """Pick up what no wake told of: left over at the start, or by another process."""
        while True:
            try:
                if alone:
                    await self._inbox.release_replies()
                    alone = False
                await asyncio.shield(self._launch(self._take_over()))
                self.wake(await self._inbox.waiting_users())
            except Exception:
                _log.exception("Could not look for waiting events; trying again")
            await asyncio.sleep(_RESCAN_SECONDS)

    async def _take_over(self) -> None:
        for reply in await self._inbox.take_over_replies(self._clock.now_ms(), self._lease_until_ms()):
            self._wake_after(self._launch(self._send(reply)), reply)

    def _wake_after(self, sending: asyncio.Task[None], reply: Reply) -> None:
        """Go on with the resident who waits for a reply once that has ended."""
        user_id = reply.user_id
        if user_id is not None:
            sending.add_done_callback(lambda _: self.wake([user_id]))

    def _launch(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """What has begun is seen through at a stop: a transaction that is cut off may commit all the same."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _lease_until_ms(self) -> int:
        return self._clock.after_ms(_LEASE_SECONDS)

    async def _work(self) -> None:
        while True:
            user_id = await self._queue.get()
            self._queued.discard(user_id)
            if user_id in self._active:
                self._again.add(user_id)  # whoever works for this resident looks again before leaving
                continue
            self._active.add(user_id)
            try:
                while await self._process_next(user_id) or user_id in self._again:
                    self._again.discard(user_id)
            except Exception:
                _log.exception("Events of %s wait for the next look at the inbox", masked(user_id))
            finally:
                self._active.discard(user_id)

    async def _give_way(self) -> None:
        """Let webhooks go first for a while; a few events are processed also in a flood that does not end."""
        for _ in range(_LOOKS):
            if not self._is_busy():
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _process_next(self, user_id: str) -> bool:
        """Whether there may be another event of theirs: while a reply is sent, others leave theirs to us."""
        await self._give_way()
        found, reply, more, sending = await asyncio.shield(self._launch(self._step(user_id)))
        if reply is not None and sending is not None:
            ended, _ = await asyncio.wait({sending}, timeout=_PATIENCE_SECONDS)
            if not ended:
                self._wake_after(sending, reply)
                return False
        return more or (found and not self._alone)

    async def _step(self, user_id: str) -> tuple[bool, Reply | None, bool, asyncio.Task[None] | None]:
        found, reply, more = await self._inbox.process_next(
            user_id, self._decide, self._clock.now_ms(), self._lease_until_ms()
        )
        return found, reply, more, None if reply is None else self._launch(self._send(reply))

    def _decide(self, raw: bytes, resident: Resident | None, state_event_ms: int) -> Outcome:
        event = decode(raw)
        if event.type == "unsend":
            return Outcome(resident, unsent_message_id=event.message_id)
        changes_state = event.type in ("follow", "unfollow")
        if changes_state and event.timestamp_ms < state_event_ms:
            return Outcome(resident)  # it arrived late: a newer follow or unfollow has been applied
        if resident and resident.state is ResidentState.BLOCKED and event.reply_token:
            resident = replace(resident, state=ResidentState.FOLLOWING)  # who writes to us has not blocked us
        try:
            turn = self._conversation.answer(resident, event, self._clock.now())
        except Exception:
            _log.exception("The conversation failed on an event of %s; it is skipped", masked(event.user_id))
            return Outcome(resident)
        return Outcome(
            turn.resident,
            reply_token=event.reply_token,
            reply=turn.messages,
            state_event_ms=event.timestamp_ms if changes_state else None,
            safety=turn.safety,
            is_private=turn.safety is not None or event.place is not None,
        )

    async def _send(self, reply: Reply) -> None:
        """Reply, whatever happens. A reply that cannot be written down waits for the next look at the inbox."""
        self._replying.add(reply.event)
        try:
            answer = await self._answered(reply)
            if not isinstance(answer, Accepted):
                received = from_ms(reply.received_ms).isoformat(timespec="seconds")
                _log.warning(
                    "No reply to event %d received at %s: %s",
                    reply.event,
                    received,
                    answer or "token too old",
                )
            await self._inbox.replied(reply.event)
        except Exception:
            _log.exception("The reply to event %d waits for the next look at the inbox", reply.event)
        self._replying.discard(reply.event)

    async def _answered(self, reply: Reply) -> Answer | None:
        """LINE's last answer while the token lives. A token works once: trying again cannot double the reply."""
        answer, pause = None, _FIRST_PAUSE
        while reply.received_ms > self._clock.after_ms(-REPLY_SECONDS):
            if answer is None:
                answer = await self._line.reply(reply.token, reply.messages)
            else:
                async with self._repeating:
                    await self._inbox.renew_reply(reply.event, self._lease_until_ms())
                    answer = await self._line.reply(reply.token, reply.messages)
            if isinstance(answer, Accepted | Rejected):
                break
            await asyncio.sleep(pause * random.uniform(0.75, 1.0))  # noqa: S311  no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
        return answer


async def _cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
