"""The platform's judgement: which requests are accepted, what they do, and how the others are refused."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from simulator.chats import Chats, Clock
from simulator.limits import RETRYABLE, RateLimits, RetryKeys, digest
from simulator.messages import BODIES, VALIDATION_BODY, error_body
from simulator.richmenus import RichMenus
from simulator.schema import Check
from simulator.tokens import ReplyTokens

BODY_BYTES = 2 * 1024 * 1024
"""A longer request body is refused with 413."""

_QUOTABLE = ("text", "textV2", "sticker", "image", "video", "template", "flex")


@dataclass(frozen=True, slots=True)
class Bot:
    """The bot's own account."""

    user_id: str = "Ub0700000000000000000000000000001"
    name: str = "まちプッシュ"
    basic_id: str = "@machipush"


@dataclass(frozen=True, slots=True)
class Violation:
    """Something the bot must never do although LINE does not refuse it outright."""

    kind: str
    detail: str
    request_id: str


class RefusedError(Exception):
    """A request that LINE refuses: the status, body and headers of its answer."""

    def __init__(
        self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.body = {"message": body} if isinstance(body, str) else body
        self.headers = headers or {}
        super().__init__(f"{status} {self.body['message']}")


@dataclass(slots=True)
class Platform:
    """One channel of the LINE platform: its users, chats, tokens, keys, limits and rich menus."""

    clock: Clock
    monthly_quota: int | None = None
    bot: Bot = field(default_factory=Bot)
    used_quota: int = 0
    violations: list[Violation] = field(default_factory=list)
    menus: RichMenus = field(default_factory=RichMenus)
    chats: Chats = field(init=False)
    reply_tokens: ReplyTokens = field(init=False)
    retry_keys: RetryKeys = field(init=False)
    rates: RateLimits = field(init=False)
    _last_message_id: int = 0

    def __post_init__(self) -> None:
        self.chats = Chats(self.clock)
        self.reply_tokens = ReplyTokens(self.clock)
        self.retry_keys = RetryKeys(self.clock)
        self.rates = RateLimits(self.clock)

    def message_id(self) -> str:
        """The next message id: digits, growing."""
        self._last_message_id += 1
        return str(560_000_000_000_000_000 + self._last_message_id)

    def send(self, endpoint: str, raw: bytes, retry_key: str | None, request_id: str) -> dict[str, Any]:
        """Carry out a request to ``/v2/bot/message/{endpoint}``; returns the body of its 200.

        Raises:
            RefusedError: LINE would refuse it; nothing was sent.
        """
        if retry_key is not None:
            self._check_retry_key(endpoint, raw, retry_key, request_id)
        body = parse(raw, BODIES[endpoint])
        deliver = {"reply": self._reply, "push": self._push, "multicast": self._multicast}.get(
            endpoint, self._broadcast
        )
        sent = deliver(body)
        if retry_key is not None:
            self.retry_keys.remember(retry_key, request_id, raw, sent)
        return {"sentMessages": sent} if sent else {}

    def _check_retry_key(self, endpoint: str, raw: bytes, key: str, request_id: str) -> None:
        if endpoint not in RETRYABLE:
            raise RefusedError(400, "The X-Line-Retry-Key header is not supported by this API")
        if not self.retry_keys.is_valid(key):
            raise RefusedError(400, "The retry key is invalid")
        accepted = self.retry_keys.find(key)
        if accepted is None:
            return
        if accepted.digest != digest(raw):
            self.violations.append(Violation("retry key with another body", key, request_id))
        body: dict[str, Any] = {"message": "The retry key is already accepted"}
        if accepted.sent_messages:
            body["sentMessages"] = accepted.sent_messages
        raise RefusedError(409, body, {"x-line-accepted-request-id": accepted.request_id})

    def _reply(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        user_id = self.reply_tokens.owner(body["replyToken"])
        if user_id is None:
            raise RefusedError(400, "Invalid reply token")
        self.reply_tokens.spend(body["replyToken"])
        if self.chats.users[user_id].standing != "blocked":
            self._write([user_id], "reply", body)
        return self._sent(body)

    def _push(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if body["to"] not in self.chats.users:
            raise RefusedError(400, "Failed to send messages")
        self._charge_and_write([body["to"]], "push", body)
        return self._sent(body)

    def _multicast(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._charge_and_write(list(dict.fromkeys(body["to"])), "multicast", body)
        return []

    def _broadcast(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._charge_and_write(self.chats.friends(), "broadcast", body)
        return []

    def _charge_and_write(self, user_ids: list[str], via: str, body: dict[str, Any]) -> None:
        """Deliver to those who follow the bot, skipping others silently; only they count for the quota."""
        reached = [user_id for user_id in user_ids if self.chats.is_friend(user_id)]
        if self.monthly_quota is not None and self.used_quota + len(reached) > self.monthly_quota:
            raise RefusedError(429, "You have reached your monthly limit.")
        self.used_quota += len(reached)
        self._write(reached, via, body)

    def _write(self, user_ids: list[str], via: str, body: dict[str, Any]) -> None:
        for user_id in user_ids:
            for message in body["messages"]:
                self.chats.write(user_id, "bot", via, message)

    def _sent(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        sent = []
        for message in body["messages"]:
            answer = {"id": self.message_id()}
            if message["type"] in _QUOTABLE:
                answer["quoteToken"] = secrets.token_urlsafe(48)
            sent.append(answer)
        return sent


def validate(raw: bytes) -> dict[str, Any]:
    """Carry out a request to ``/v2/bot/message/validate/…``; returns the body of its 200.

    Raises:
        RefusedError: the messages are not valid.
    """
    parse(raw, VALIDATION_BODY)
    return {}


def parse(raw: bytes, check: Check) -> dict[str, Any]:
    """A request body as JSON that passes the check.

    Raises:
        RefusedError: 400, with what is wrong and where.
    """
    try:
        body = json.loads(raw)
    except json.JSONDecodeError as error:
        place = f"line: {error.lineno}, column: {error.colno}"
        raise RefusedError(400, f"The request body could not be parsed as JSON ({place})") from None
    except (UnicodeDecodeError, RecursionError):
        raise RefusedError(400, "The request body could not be parsed as JSON (line: -, column: -)") from None
    problems = list(check(body, ()))
    if problems:
        raise RefusedError(400, error_body(problems))
    assert isinstance(body, dict)
    return body
