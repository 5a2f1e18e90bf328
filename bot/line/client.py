"""The two hot paths to the Messaging API, straight over aiohttp: replies and multicasts.

The SDK serves the control calls; its multicast costs some fifteen times the CPU of this one.
https://developers.line.biz/en/reference/messaging-api/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

TIMEOUT_SECONDS = 10.0
_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Accepted:
    """LINE has the message: 200, or 409 (an earlier request under the same retry key was accepted)."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """LINE will not take this request, now or later; nobody got it."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests at once: not accepted, welcome later under the same retry key."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A server error, a time-out or a cut connection: it may or may not have been accepted."""

    reason: str


Answer = Accepted | Rejected | Throttled | Unanswered


def classify(status: int, body: bytes, headers: Any) -> Answer:
    """What an HTTP answer means for the message.

    By status alone, for LINE may reword its texts; only the two kinds of 429 differ by text alone.
    https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
    """
    if 200 <= status < 300:
        return Accepted(headers.get("x-line-request-id"))
    if status == 409:
        return Accepted(headers.get("x-line-accepted-request-id"))
    reason = f"{status} {_message(body)}".strip()
    if status == 429:
        return Rejected(status, reason) if "monthly limit" in reason else Throttled(reason)
    if status == 408 or status >= 500:
        return Unanswered(reason)
    return Rejected(status, reason)


def _message(body: bytes) -> str:
    """LINE's own words: `message` and its details."""
    try:
        answer = json.loads(body)
        details = "; ".join(
            f"{d.get('property', '')}: {d.get('message', '')}" for d in answer.get("details", [])
        )
        text = f"{answer['message']} {details}".strip()
    except (ValueError, TypeError, KeyError, AttributeError):
        text = body.decode("utf-8", "replace")
    return text[:_REASON_LENGTH]


class LineClient:
    """Sends to one channel. `base` is where the Messaging API answers, without a trailing slash."""

    def __init__(self, session: aiohttp.ClientSession, base: str, access_token: str) -> None:
        self._session = session
        self._base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/json"}

    async def multicast(self, user_ids: Sequence[str], messages: bytes, retry_key: str) -> Answer:
        """Send messages (the JSON text of 1 to 5 message objects) to 1 to 500 users."""
        recipients = '","'.join(user_ids).encode()
        body = b'{"to":["%b"],"messages":%b}' % (recipients, messages)
        return await self._post("/v2/bot/message/multicast", body, {"X-Line-Retry-Key": retry_key})

    async def push(self, user_id: str, messages: bytes, retry_key: str) -> Answer:
        """Send messages to one user."""
        body = b'{"to":%b,"messages":%b}' % (json.dumps(user_id).encode(), messages)
        return await self._post("/v2/bot/message/push", body, {"X-Line-Retry-Key": retry_key})

    async def reply(self, token: str, messages: bytes) -> Answer:
        """Answer an event with messages; a reply token works once, within a minute."""
        body = b'{"replyToken":%b,"messages":%b}' % (json.dumps(token).encode(), messages)
        return await self._post("/v2/bot/message/reply", body, {})

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        try:
            async with self._session.post(
                self._base + path,
                data=body,
                headers={**self._headers, **headers},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            ) as response:
                return classify(response.status, await response.read(), response.headers)
        except TimeoutError:
            return Unanswered(f"no answer within {TIMEOUT_SECONDS:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Unanswered(f"{type(error).__name__}: {error}"[:_REASON_LENGTH])
