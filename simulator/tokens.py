"""Reply tokens: good for one reply, for a minute after the webhook.

Source: https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from simulator.chats import Clock

LIFETIME_SECONDS = 60
REDELIVERY_SECONDS = 20 * 60
"""A redelivered event renews its token only this long after it happened."""


@dataclass(slots=True)
class _Token:
    user_id: str
    issued: float
    delivered: float


class ReplyTokens:
    """The reply tokens that are still unused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, _Token] = {}

    def issue(self, user_id: str) -> str:
        """A new token that replies to this user."""
        token = secrets.token_hex(16)
        now = self._clock()
        self._tokens[token] = _Token(user_id, now, now)
        return token

    def renew(self, token: str) -> None:
        """Give an unused token another minute, as its event is delivered again."""
        known = self._tokens.get(token)
        now = self._clock()
        if known is not None and now - known.issued <= REDELIVERY_SECONDS:
            known.delivered = now

    def owner(self, token: str) -> str | None:
        """The user a token replies to; None when it is used, expired or was never issued."""
        known = self._tokens.get(token)
        if known is None or self._clock() - known.delivered > LIFETIME_SECONDS:
            return None
        return known.user_id

    def spend(self, token: str) -> None:
        """Use a token up."""
        self._tokens.pop(token, None)
