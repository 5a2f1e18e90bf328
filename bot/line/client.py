"""The hot paths to the Messaging API, straight over aiohttp: replies and everything sent in bulk.

The SDK serves the control calls; its multicast costs some fifteen times the CPU of this one.
https://developers.line.biz/en/reference/messaging-api/
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.domain.quota import Quota

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
_TIMEOUT = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
_QUOTA_TIMEOUT = aiohttp.ClientTimeout(total=3.0)
_REASON_LENGTH = 300
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Accepted:
    """LINE has the message: 200, or 409 (an earlier request under the same retry key was accepted)."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """400 or 413: LINE will not take this very request, now or later; nobody got it.

    `blames_messages`: the fault is in what is said, so no other recipients would make it right.
    """

    status: int
    reason: str
    blames_messages: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """LINE refuses the channel, whatever is sent: 401, 403, an address that does not exist. Nobody got it."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class QuotaExceeded:
    """The channel's messages of this month are used up. Nobody got it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many requests at once: not accepted, welcome later under the same retry key.

    `is_certain`: in the words LINE has for that; in others it may mean that the monthly quota is used up.
    """

    reason: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Unreached:
    """No connection could be made, so it was not accepted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A server error, a time-out or a cut connection: it may or may not have been accepted."""

    reason: str


Answer = Accepted | Rejected | Refused | QuotaExceeded | Throttled | Unreached | Unanswered


def classify(status: int, body: bytes, headers: Any) -> Answer:
    """What an HTTP answer means for the message.

    By status alone, for LINE may reword its texts; only the two kinds of 429 differ by text alone, and it is told
    whether that is certain. A redirect is no answer of LINE's.
    https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
    """
    if 200 <= status < 300:
        return Accepted(headers.get("x-line-request-id"))
    if status == 409:
        return Accepted(headers.get("x-line-accepted-request-id"))
    reason = f"{status} {_message(body)}".strip()
    if status == 429:
        return (
            QuotaExceeded(reason) if "monthly limit" in reason else Throttled(reason, "rate limit" in reason)
        )
    if status == 408 or status >= 500 or status < 400:
        return Unanswered(reason)
    if status in (400, 413):
        return Rejected(status, reason, blames_messages=status == 400 and _blames_messages(body))
    return Refused(status, reason)


def _details(body: bytes) -> tuple[str, list[tuple[str, str]]]:
    """LINE's own words, and its details as (property, message).

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is not LINE's JSON.
    """
    answer = json.loads(body)
    details = [
        (str(each.get("property", "")), str(each.get("message", ""))) for each in answer.get("details", [])
    ]
    return str(answer["message"]), details


_NOT_LINES = (ValueError, TypeError, KeyError, AttributeError)


def _blames_messages(body: bytes) -> bool:
    """Whether every fault is in the messages; those in a Flex Message are named by a path below its contents."""
    try:
        _, details = _details(body)
    except _NOT_LINES:
        return False
    return bool(details) and all(name.startswith(("messages", "/")) for name, _ in details)


def _message(body: bytes) -> str:
    """LINE's own words: `message` and its details."""
    try:
        words, details = _details(body)
        text = f"{words} {'; '.join(f'{name}: {message}' for name, message in details)}".strip()
    except _NOT_LINES:
        text = body.decode("utf-8", "replace")
    return text[:_REASON_LENGTH]


def content(messages: str, unit: str | None = None) -> bytes:
    """What a request says, whoever gets it: the JSON text of 1 to 5 message objects, and a name for statistics."""
    units = f',"customAggregationUnits":["{unit}"]' if unit else ""
    return f'"messages":{messages}{units}'.encode()


class LineClient:
    """Sends to one channel. `base` is where the Messaging API answers, without a trailing slash."""

    def __init__(self, session: aiohttp.ClientSession, base: str, access_token: str) -> None:
        self._session = session
        self._base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/json"}

    async def multicast(self, user_ids: bytes, content: bytes, retry_key: str) -> Answer:
        """Send to 1 to 500 users, whose ids are JSON strings joined by commas."""
        body = b'{"to":[%b],%b}' % (user_ids, content)
        return await self._post("/v2/bot/message/multicast", body, {"X-Line-Retry-Key": retry_key})

    async def push(self, user_id: bytes, content: bytes, retry_key: str) -> Answer:
        """Send to one user, whose id is a JSON string."""
        body = b'{"to":%b,%b}' % (user_id, content)
        return await self._post("/v2/bot/message/push", body, {"X-Line-Retry-Key": retry_key})

    async def broadcast(self, content: bytes, retry_key: str) -> Answer:
        """Send to every friend of the account."""
        return await self._post(
            "/v2/bot/message/broadcast", b"{%b}" % content, {"X-Line-Retry-Key": retry_key}
        )

    async def reply(self, token: str, messages: str) -> Answer:
        """Answer an event with messages; a reply token works once, within a minute."""
        body = b'{"replyToken":%b,%b}' % (json.dumps(token).encode(), content(messages))
        return await self._post("/v2/bot/message/reply", body, {})

    async def probe(self) -> Answer:
        """Ask something harmless: whether LINE answers, and takes the channel's token."""
        return (await self._call("GET", "/v2/bot/info"))[0]

    async def quota(self) -> Quota | None:
        """How many messages this month still allows; None if LINE does not say."""
        answers = await asyncio.gather(
            self._call("GET", "/v2/bot/message/quota", timeout=_QUOTA_TIMEOUT),
            self._call("GET", "/v2/bot/message/quota/consumption", timeout=_QUOTA_TIMEOUT),
        )
        try:
            quota, consumption = (json.loads(body) for _, body in answers)
            limit = int(quota["value"]) if quota["type"] == "limited" else None
            return Quota(limit, int(consumption["totalUsage"]))
        except _NOT_LINES:
            _log.info("LINE does not say how much of the monthly quota is left")
            return None

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        return (await self._call("POST", path, body, headers))[0]

    async def _call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = _NONE,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,  # noqa: ASYNC109  aiohttp keeps it
    ) -> tuple[Answer, bytes]:
        """One request; what its answer means, and the answer's body."""
        try:
            async with self._session.request(
                method,
                self._base + path,
                data=body,
                headers={**self._headers, **headers},
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                read = await response.read()
                return classify(response.status, read, response.headers), read
        except TimeoutError:
            return Unanswered(f"no answer within {timeout.total:g} s"), b""
        except aiohttp.ClientConnectorError as error:
            return Unreached(f"{type(error).__name__}: {error}"[:_REASON_LENGTH]), b""
        except (aiohttp.ClientError, OSError) as error:
            return Unanswered(f"{type(error).__name__}: {error}"[:_REASON_LENGTH]), b""
