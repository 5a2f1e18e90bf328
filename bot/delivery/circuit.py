"""The circuit: opens when LINE is down or refuses the channel, and then lets one probe through at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

_FAILURES = 8
"""Requests in a row without an answer that mean LINE is down, not one request unlucky."""
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 15.0
_REFUSED_SECONDS, _LONGEST_REFUSED_SECONDS = 10.0, 300.0
_SAYS_REFUSED = "LINE refuses the channel: "
_SAYS_DOWN = "LINE does not answer: "


class Circuit:
    """One sender's view of LINE. Waits real seconds, twice as long after each failed probe, with jitter."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._probes = 0
        self._reopens = 0.0
        self.refused = False
        self.fault: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing but probes may be sent."""
        return self.fault is not None

    def seconds_to_probe(self) -> float:
        """How long until the next probe may go; 0: now."""
        return max(0.0, self._reopens - self._monotonic()) if self.is_open else 0.0

    def answered(self) -> bool:
        """LINE has answered a request of some use. Whether that closed the circuit."""
        if self.refused:  # a late answer to what was sent before
            return False
        self._probes = 0
        return self.close()

    def close(self) -> bool:
        """A probe went well: send again, but wait longer if that fails at once. Whether it was open."""
        was_open = self.is_open
        self._failures = 0
        self.refused, self.fault = False, None
        return was_open

    def failed(self, reason: str) -> bool:
        """A request had no answer. Whether that opened the circuit."""
        self._failures += 1
        if self.is_open or self._failures < _FAILURES:
            return False
        self._open(reason)
        return True

    def refuse(self, reason: str) -> bool:
        """LINE refused the channel. Whether that opened the circuit."""
        if self.refused:
            return False
        self.refused = True
        self._open(reason)
        return True

    def probe_failed(self, reason: str) -> None:
        """A probe had no better answer."""
        self._open(reason)

    def _open(self, reason: str) -> None:
        if self.refused:
            says, first, longest = _SAYS_REFUSED, _REFUSED_SECONDS, _LONGEST_REFUSED_SECONDS
        else:
            says, first, longest = _SAYS_DOWN, _FIRST_SECONDS, _LONGEST_SECONDS
        seconds = min(longest, first * 2.0 ** min(self._probes, 10))
        self._probes += 1
        self._reopens = self._monotonic() + seconds * random.uniform(0.5, 1)  # noqa: S311  no secret
        self.fault = says + reason
