"""The small programs the benchmarks compare with, each run as its own process.

`python -m benchmarks.programs bare-webhook|bare-line`: a webhook server that only checks the signature, and a
LINE that accepts everything at once.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import sys

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


def bare_line() -> web.Application:
    """Accepts every request at once, and counts recipients of multicasts."""
    counts = {"requests": 0, "recipients": 0}

    async def accept(request: web.Request) -> web.Response:
        body = await request.read()
        counts["requests"] += 1
        counts["recipients"] += body.count(b'"U')
        return web.Response(body=b"{}", headers={"X-Line-Request-Id": str(counts["requests"])})

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response(counts)

    app = web.Application(client_max_size=1 << 20)
    app.router.add_post("/v2/bot/message/{kind}", accept)
    app.router.add_get("/counts", tell)
    return app


PROGRAMS = {"bare-webhook": bare_webhook, "bare-line": bare_line}


async def serve(name: str) -> None:
    """Run one program on a free port, which it prints, until standard input closes."""
    runner = web.AppRunner(PROGRAMS[name](), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1]))
