"""Faults that a test asks the platform to have: errors, delays and cut connections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a plan may look at to decide about a request.

    Attributes:
        endpoint: ``reply``, ``push``, ``multicast``, ``broadcast``, ``validate/push``, ``richmenu/create`` …
        body: the parsed JSON, or None.
        retry_key: the request's ``X-Line-Retry-Key``.
        attempt: 1 for the first request with this retry key (or without any), 2 for the second …
        number: counts all requests from 1.
    """

    endpoint: str
    body: Any
    retry_key: str | None
    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    ``Fault(status=500)`` answers 500 and does nothing; ``Fault(status=500, accept=True)`` sends the
    messages and still answers 500. ``Fault(cut=True)`` closes the connection without an answer, before or,
    with ``accept``, after the messages are sent. ``Fault(delay=3)`` waits before the request is looked at
    and then treats it normally; with ``accept`` the messages are sent at once and the answer is late.

    Attributes:
        status: answer with this status.
        message: the error's text.
        body: answer with exactly these bytes instead of LINE's JSON.
        delay: seconds to wait before answering.
        cut: close the connection instead of answering.
        accept: carry the request out before all that.
    """

    status: int | None = None
    message: str = "Internal Server Error"
    body: bytes | None = None
    delay: float = 0.0
    cut: bool = False
    accept: bool = False


Plan = Callable[[RequestInfo], Fault | None]


@dataclass(slots=True)
class Faults:
    """The plan in force; a test may put another in its place at any time."""

    plan: Plan = lambda _request: None
