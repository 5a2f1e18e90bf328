"""The small programs the benchmarks compare with, each run as its own process.

`python -m benchmarks.programs bare-webhook|bare-line|slow-line`: a webhook server that only checks the signature,
and a LINE that accepts everything, at once or after a tenth of a second.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import sys
from typing import Any

import uvloop
from aiohttp import web

SECRET = "benchmark"  # signs the webhooks that the load generator sends


def bare_webhook() -> web.Application:
    """The least a webhook server must do: read the body, check the signature, answer."""

    async def webhook(request: web.Request) -> web.Response:
        body = await request.read()
        expected = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256))
        genuine = hmac.compare_digest(expected, request.headers["X-Line-Signature"].encode())
        return web.Response(status=200 if genuine else 401)

    app = web.Application()
    app.router.add_post("/line/webhook", webhook)
    return app


class BareLine(asyncio.Protocol):
    """Accepts every request after `latency` seconds and reads as little of it as HTTP allows."""

    latency = 0.0
    _ANSWER = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Line-Request-Id: r\r\n"
        b"Content-Length: %d\r\n\r\n%b"
    )

    def __init__(self) -> None:
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport: Any = transport  # uvloop has transports of its own

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            headers = bytes(self._buffer[:head]).lower()
            length = headers.partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            end = head + 4 + int(length or 0)
            if len(self._buffer) < end:
                return
            del self._buffer[:end]
            body = b'{"type":"none","totalUsage":0}' if headers.startswith(b"get") else b"{}"
            answer = self._ANSWER % (len(body), body)
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


class _SlowLine(BareLine):
    """As far away as LINE may be."""

    latency = 0.1


PROGRAMS = {"bare-webhook": bare_webhook}
PROTOCOLS = {"bare-line": BareLine, "slow-line": _SlowLine}


async def serve(name: str) -> None:
    """Run one program on a free port, which it prints, until standard input closes."""
    if name in PROTOCOLS:
        server = await asyncio.get_running_loop().create_server(PROTOCOLS[name], "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.close()
        return
    runner = web.AppRunner(PROGRAMS[name](), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(sys.argv[1]))
