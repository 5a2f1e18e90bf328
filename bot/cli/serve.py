"""`machi serve`: web server, clock and sender in one process; `machi web` and `machi worker`: in two roles."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from bot.cli.session import settings
from bot.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from aiohttp.web import AppRunner

    from bot.settings import Settings
    from bot.wiring import Role


_PORT = click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="待ち受けるポート(省略すると PORT)"
)


@click.command(help="受付・時計・送信をまとめて動かす")
@_PORT
def serve(port: int | None) -> None:
    """Run until SIGTERM or Ctrl+C, then finish what is under way."""
    from bot.wiring import SERVE

    _start(SERVE, port, "まちプッシュ")


@click.command(help="受付だけを動かす。PostgreSQL で、いくつでも")
@_PORT
def web(port: int | None) -> None:
    """Take webhooks in and answer residents."""
    from bot.wiring import WEB

    _start(WEB, port, "まちプッシュの受付")


@click.command(help="時計と送信だけを動かす。PostgreSQL で、いくつでも")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="監視用に待ち受けるポート(省略すると待ち受けない)",
)
def worker(port: int | None) -> None:
    """Send, and make notices into broadcasts."""
    from bot.wiring import WORKER

    _start(WORKER, port, "まちプッシュの送信")


_SWITCH_SECONDS = 0.0005
"""How long the database's thread waits for the interpreter while the event loop is busy: with Python's own 5 ms a
webhook waits for its commit several times as long when a broadcast is being sent."""
_YOUNG_OBJECTS = 7_000
"""How many new objects there may be before garbage is looked for. A request to LINE is hundreds of them for a moment: to
look after every 700, as Python does by itself, takes a twentieth of the time of a broadcast."""


def _start(role: Role, port: int | None, name: str) -> None:
    import uvloop

    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    configured = settings()
    if role.web and port is None:
        port = configured.port
    sys.setswitchinterval(_SWITCH_SECONDS)
    uvloop.run(_serve(configured, role, port, name))


async def _serve(configured: Settings, role: Role, port: int | None, name: str) -> None:
    from aiohttp import web as aiohttp_web

    from bot.web.app import application
    from bot.wiring import running_service

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = application(partial(running_service, configured, role), webhook=role.web)
    runner = aiohttp_web.AppRunner(app, access_log=None, shutdown_timeout=5)
    try:
        await runner.setup()
        gc.set_threshold(_YOUNG_OBJECTS)
        gc.freeze()  # the town stays: to look through it for garbage again and again stops everything for 60 ms
        where = "" if port is None else f" {await _listen(runner, configured.host, port)} で"
        click.echo(f"{name}が{where}動いています。止めるには Ctrl+C を押します。")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: AppRunner, host: str, port: int) -> str:
    """The address, once the server listens there."""
    from aiohttp import web as aiohttp_web

    try:
        await aiohttp_web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} で待ち受けられません({error.strerror or error})。"
            "ほかのプログラムが使っていないか確かめるか、--port で変えてください。"
        ) from None
    actual_host, actual_port = runner.addresses[0][:2]
    shown = f"[{actual_host}]" if ":" in actual_host else actual_host
    return f"http://{shown}:{actual_port}"
