"""Webhooks: the events the platform sends to the bot's server, and what becomes of each delivery.

Source: https://developers.line.biz/en/reference/messaging-api/#webhooks
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

ANSWER_SECONDS = 2.0
"""The bot's server answers within this time, or the delivery counts as timed out."""

Reason = Literal["could_not_connect", "request_timeout", "error_status_code", "unclassified"]
"""Why a delivery failed, in the words of LINE's error statistics."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to the webhook URL: what was sent and how it ended."""

    body: bytes
    status: int | None
    reason: Reason | None
    answer: str = ""

    @property
    def ok(self) -> bool:
        """Whether the bot's server took it: any status 20x, in time."""
        return self.reason is None

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in the body."""
        events: list[dict[str, Any]] = json.loads(self.body)["events"]
        return events


def sign(channel_secret: str, body: bytes) -> str:
    """The ``x-line-signature`` of a webhook body."""
    return base64.b64encode(hmac.digest(channel_secret.encode(), body, hashlib.sha256)).decode()


def ulid(at: int) -> str:
    """A ULID (26 characters, sortable by time) for a time in milliseconds."""
    value = at << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def event(kind: str, *, user_id: str, at: int, **properties: Any) -> dict[str, Any]:
    """A webhook event from a one-to-one chat.

    Args:
        kind: the event's ``type``.
        user_id: whose chat it happened in.
        at: when, in milliseconds since the epoch.
        properties: further properties; they replace common ones of the same name, such as ``mode`` or
            ``source``.
    """
    return {
        "type": kind,
        "webhookEventId": ulid(at),
        "deliveryContext": {"isRedelivery": False},
        "timestamp": at,
        "source": {"type": "user", "userId": user_id},
        "mode": "active",
        **properties,
    }


@dataclass(slots=True)
class Courier:
    """Posts webhooks, one HTTP request each, and keeps those that failed like LINE's error statistics."""

    channel_secret: str
    destination: str
    url: str | None
    answer_seconds: float = ANSWER_SECONDS
    failures: list[Delivery] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make ready to post."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.answer_seconds))

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def pack(self, events: list[dict[str, Any]]) -> bytes:
        """The body of a webhook with these events."""
        return json.dumps({"destination": self.destination, "events": events}, ensure_ascii=False).encode()

    async def post(self, body: bytes, *, signature: str | None = None, url: str | None = None) -> Delivery:
        """Post a body as it is.

        Args:
            body: usually made by ``pack``.
            signature: sent instead of the right one; an empty one leaves the header out.
            url: posted there instead of to the channel's webhook URL.
        """
        delivery = await self._attempt(
            body, sign(self.channel_secret, body) if signature is None else signature, url
        )
        if not delivery.ok:
            self.failures.append(delivery)
        return delivery

    async def _attempt(self, body: bytes, signature: str, url: str | None) -> Delivery:
        target = url or self.url
        if self._session is None or target is None:
            return Delivery(body, None, "could_not_connect", "no webhook URL")
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "LineBotWebhook/2.0"}
        if signature:
            headers["x-line-signature"] = signature
        try:
            async with self._session.post(target, data=body, headers=headers) as answer:
                words = await answer.text(errors="replace")
                failed = answer.status // 10 != 20
                return Delivery(body, answer.status, "error_status_code" if failed else None, words)
        except TimeoutError:
            return Delivery(body, None, "request_timeout")
        except aiohttp.ClientConnectorError as error:
            return Delivery(body, None, "could_not_connect", str(error))
        except (aiohttp.ClientError, asyncio.IncompleteReadError, ValueError) as error:
            return Delivery(body, None, "unclassified", str(error))
