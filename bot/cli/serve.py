"""`machi serve`: web server, clock and sender in one process."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from bot.cli.session import settings
from bot.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.settings import Settings


@click.command(help="受付・時計・送信をまとめて動かす")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="待ち受けるポート(省略すると PORT)")
def serve(port: int | None) -> None:
    """Run until SIGTERM or Ctrl+C, then finish what is under way."""
    import uvloop

    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    configured = settings()
    uvloop.run(_serve(configured, configured.port if port is None else port))


async def _serve(configured: Settings, port: int) -> None:
    from aiohttp import web

    from bot.web.app import application
    from bot.wiring import running_service

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = application(partial(running_service, configured))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, configured.host, port).start()
        except OSError as error:
            raise ConfigurationError(
                f"{configured.host}:{port} で待ち受けられません({error.strerror or error})。"
                "ほかのプログラムが使っていないか確かめるか、--port で変えてください。"
            ) from None
        host, actual = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"まちプッシュが http://{shown}:{actual} で動いています。止めるには Ctrl+C を押します。")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
