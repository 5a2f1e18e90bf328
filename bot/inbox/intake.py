"""Durable intake: a webhook's events are committed before LINE gets its 200.

LINE's redelivery is off by default, so what is lost after a 200 is lost for good.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from bot.domain.clock import Clock
from bot.domain.errors import InvalidInputError
from bot.line.events import LineEvent, decode
from bot.store.inbox import Arrival, Inbox

_EVENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_MAX_MS = 2**53
_MANY = 8
_MOMENT_SECONDS = 0.01


class NotAWebhookError(InvalidInputError):
    """The body is signed but is no webhook body."""


class _Envelope(msgspec.Struct):
    """All that is required of a body; LINE's Verify button once sent none but `events`."""

    events: list[msgspec.Raw]


class _Parsed(msgspec.Struct):
    """The same, of which nothing is raw any more."""

    events: list[Any]


_ENVELOPE = msgspec.json.Decoder(_Envelope)


class Waiting:
    """The webhooks that wait for their commit: other work lets them go first."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    def __enter__(self) -> None:
        self._count += 1
        self._none.clear()

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self._none.set()

    def are_many(self) -> bool:
        """Whether they are pouring in."""
        return self._count >= _MANY

    async def passed(self) -> None:
        """Wait until there are none any more; in a flood that does not end, for a moment."""
        if self._count:
            with suppress(TimeoutError):
                async with asyncio.timeout(_MOMENT_SECONDS):
                    await self._none.wait()


class Intake:
    """Takes webhook bodies in; those under way are among `waiting`. `wake` is told whose events are durable and wait."""

    def __init__(
        self, inbox: Inbox, clock: Clock, wake: Callable[[Iterable[str]], None], waiting: Waiting
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._wake = wake
        self._waiting = waiting

    async def accept(self, body: bytes) -> int:
        """Keep every event of a genuine body; returns how many there were, once they are durable.

        Raises:
            NotAWebhookError: the body is not `{"events": […]}`.
        """
        events = _events(body)
        if not events:
            return 0
        now_ms = self._clock.now_ms()
        arrivals = [_arrival(event, now_ms) for event in events]
        with self._waiting:
            await self._inbox.add(arrivals, now_ms)
        self._wake(_waiting_users(arrivals))
        return len(arrivals)


def _events(body: bytes) -> list[bytes]:
    """The events of a body. Half an emoji (an escaped lone surrogate), which JSON allows, becomes a question mark."""
    try:
        body.decode("utf-8")
        try:
            return [bytes(event) for event in _ENVELOPE.decode(body).events]
        except msgspec.DecodeError:
            whole = msgspec.convert(json.loads(body), _Parsed)
            return [
                json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") for event in whole.events
            ]
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise NotAWebhookError(f"not a webhook body: {error}") from error


def _waiting_users(arrivals: Sequence[Arrival]) -> list[str]:
    return [arrival.user_id for arrival in arrivals if arrival.waits and arrival.user_id]


def _arrival(raw: bytes, now_ms: int) -> Arrival:
    event = decode(raw)
    return Arrival(
        event_id=_event_id(raw, event),
        user_id=event.user_id,
        message_id=_plain(event.message_id),
        timestamp_ms=event.timestamp_ms if 0 < event.timestamp_ms < _MAX_MS else now_ms,
        raw=raw,
        waits=event.user_id is not None and event.mode == "active",
    )


def _plain(text: str | None) -> str | None:
    return text if text and _EVENT_ID.fullmatch(text) else None


def _event_id(raw: bytes, event: LineEvent) -> str:
    """LINE's id; for an event without one, a digest of its bytes, so that the same bytes are one event."""
    return _plain(event.id) or f"sha256:{hashlib.sha256(raw).hexdigest()}"
