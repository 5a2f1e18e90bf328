"""Rate limits and retry keys: what LINE remembers about requests that were made before.

Sources: https://developers.line.biz/en/reference/messaging-api/#rate-limits and
https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.chats import Clock

RATES: Mapping[str, tuple[int, float]] = {
    "multicast": (200, 1.0),
    "broadcast": (60, 3600.0),
    "richmenu/list": (10, 1.0),
    "richmenu/create": (100, 3600.0),
    "richmenu/delete": (100, 3600.0),
    "webhook/test": (60, 3600.0),
}
"""(requests, seconds) by endpoint."""

USUAL_RATE = (2000, 1.0)
"""For every endpoint that ``RATES`` does not name."""

RETRY_KEY_SECONDS = 24 * 3600
RETRYABLE = ("push", "multicast", "broadcast")
"""Endpoints that take a retry key; all others refuse a request that brings one."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class RateLimits:
    """Counts the requests to each endpoint over a sliding window, the strictest reading."""

    def __init__(self, clock: Clock, rates: Mapping[str, tuple[int, float]] = RATES) -> None:
        self._clock = clock
        self.rates = dict(rates)
        self._recent: dict[str, deque[float]] = {}

    def allow(self, endpoint: str) -> bool:
        """Count one request; False, and not counted, when it is over the endpoint's limit."""
        most, seconds = self.rates.get(endpoint, USUAL_RATE)
        recent = self._recent.setdefault(endpoint, deque(maxlen=most))
        now = self._clock()
        if len(recent) == most and now - recent[0] < seconds:
            return False
        recent.append(now)
        return True


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was accepted under a retry key."""

    request_id: str
    digest: bytes
    at: float
    sent_messages: list[dict[str, Any]]


class RetryKeys:
    """The retry keys of accepted requests, each remembered for 24 hours."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accepted: dict[str, Accepted] = {}

    @staticmethod
    def is_valid(key: str) -> bool:
        """Whether a key is a UUID in hexadecimal form."""
        return _UUID.fullmatch(key) is not None

    def find(self, key: str) -> Accepted | None:
        """The request accepted under this key in the last 24 hours."""
        accepted = self._accepted.get(key.lower())
        if accepted is None or self._clock() - accepted.at >= RETRY_KEY_SECONDS:
            return None
        return accepted

    def remember(self, key: str, request_id: str, body: bytes, sent_messages: list[dict[str, Any]]) -> None:
        """Record that a request was accepted under this key."""
        self._accepted[key.lower()] = Accepted(request_id, digest(body), self._clock(), sent_messages)


def digest(body: bytes) -> bytes:
    """A fingerprint by which two request bodies are told apart."""
    return hashlib.sha256(body).digest()
