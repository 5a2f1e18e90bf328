"""The LINE platform in miniature: the Messaging API, webhooks, and a page that shows residents' phones.

It accepts what LINE accepts and refuses what LINE refuses, so that the service under it is the real one,
down to its HTTP requests. For the demo and for tests; the service never imports it.
"""

from __future__ import annotations

from simulator.api import ApiRequest
from simulator.chats import Entry, User
from simulator.faults import Fault, Faults, RequestInfo
from simulator.harness import Simulator
from simulator.platform import Bot, Violation
from simulator.webhooks import Delivery

__all__ = [
    "ApiRequest",
    "Bot",
    "Delivery",
    "Entry",
    "Fault",
    "Faults",
    "RequestInfo",
    "Simulator",
    "User",
    "Violation",
]
