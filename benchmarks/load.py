"""The load generator: signed webhooks over kept-alive connections, one request at a time on each, paced or not.

Written on bare asyncio so that the servers, not the generator, are what is measured.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from benchmarks.programs import SECRET

_RESIDENTS = 10_000
_MOST_PER_SECOND = 25_000
"""Requests are made beforehand: signing them would take the servers' time. A faster server has done when it has them all."""


def request(number: int, run: str, mode: str) -> bytes:
    """A webhook request with one text message event of its own id; `standby` ones are only recorded."""
    event = {
        "type": "message",
        "mode": mode,
        "timestamp": 1_790_000_000_000 + number,
        "source": {"type": "user", "userId": f"U{number % _RESIDENTS:032x}"},
        "webhookEventId": f"{run}{number:012d}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"{number:032x}",
        "message": {"id": str(number), "type": "text", "text": "登録内容", "quoteToken": "q" * 20},
    }
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}, ensure_ascii=False).encode()
    signed = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256))
    head = (
        b"POST /line/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"X-Line-Signature: %b\r\nContent-Length: %d\r\n\r\n" % (signed, len(body))
    )
    return head + body


class Driven(NamedTuple):
    """Requests answered a second, and of each answer when it came, by `time.perf_counter`, and its latency in seconds."""

    rate: float
    answers: list[tuple[float, float]]


def p99_ms(answers: Iterable[tuple[float, float]]) -> float:
    """The 99th percentile of the latencies, in milliseconds."""
    latencies = sorted(seconds for _, seconds in answers)
    return latencies[int(len(latencies) * 0.99)] * 1000


class _Connection(asyncio.Protocol):
    """Sends the next request when the last one has been answered, and not before `pause` seconds after it was due."""

    def __init__(
        self, requests: Iterator[bytes], answers: list[tuple[float, float]], end: float, pause: float
    ) -> None:
        self._requests, self._answers, self._end, self._pause = requests, answers, end, pause
        self._buffer = b""
        self._since = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._since = time.perf_counter()
        self._next()

    def _next(self) -> None:
        following = next(self._requests, None) if self._since < self._end else None
        if following is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._transport.write(following)

    def _after(self) -> None:
        """A paced request counts from when it was due, or a slow answer would hide the wait of those behind it."""
        now = time.perf_counter()
        if not self._pause:
            self._since = now
            self._next()
            return
        self._since += self._pause
        asyncio.get_running_loop().call_later(max(0.0, self._since - now), self._next)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if b"\r\n\r\n" not in self._buffer:
            return
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self._buffer.decode("latin-1")))
            self._transport.close()
            return
        now = time.perf_counter()
        self._answers.append((now, now - self._since))
        self._buffer = b""
        self._after()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def drive(
    port: int, run: str, mode: str, *, connections: int, seconds: float, per_second: float
) -> Driven:
    """Send webhooks for so long.

    `run` makes ids new; `per_second` is the pace of all connections together, 0 for as fast as they go.
    """
    loop = asyncio.get_running_loop()
    answers: list[tuple[float, float]] = []
    most = round((per_second or _MOST_PER_SECOND) * seconds) + connections
    requests = iter([request(number, run, mode) for number in range(most)])
    pause = connections / per_second if per_second else 0.0
    start = time.perf_counter()
    pairs = [
        await loop.create_connection(
            lambda: _Connection(requests, answers, start + seconds, pause), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in pairs))
    return Driven(len(answers) / (time.perf_counter() - start), answers)


def load(
    port: int, run: str, mode: str, *, connections: int, seconds: float, per_second: float = 0
) -> Driven:
    """One round of the load generator, in a process of its own."""
    arguments = [str(value) for value in (port, run, mode, connections, seconds, per_second)]
    command = [sys.executable, "-m", "benchmarks.load", *arguments]
    return Driven(*json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


if __name__ == "__main__":
    port_, run_, mode_, connections_, seconds_, per_second_ = sys.argv[1:]
    driven = drive(
        int(port_),
        run_,
        mode_,
        connections=int(connections_),
        seconds=float(seconds_),
        per_second=float(per_second_),
    )
    print(json.dumps(asyncio.run(driven)))
