"""The whole simulator in one object: for tests, and for the demo."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from simulator.api import Api, ApiRequest
from simulator.chats import Clock, Entry
from simulator.faults import Faults
from simulator.page import Page
from simulator.phones import Phones
from simulator.platform import BODY_BYTES, Bot, Platform, Violation
from simulator.webhooks import Courier, Delivery

_TURNS_TO_CONNECT = 3
"""Turns of the loop from accepting a connection to aiohttp's knowing of it. A server that is closed in between
forgets the connection and never closes it. https://github.com/python/cpython/issues/109564"""


class Simulator(Phones):
    """The LINE platform in miniature, serving the Messaging API and the chat page on a port of this machine.

    Used as ``async with Simulator(channel_secret="s", channel_access_token="t") as line:``. The webhook URL
    may be set later (``line.webhook_url = …``), once the bot's server knows its own port. What residents do
    is inherited from ``Phones``: ``add_user``, ``follow``, ``unfollow``, ``say``, ``tap``, ``postback``,
    ``chat``, ``heard`` …
    """

    def __init__(
        self,
        *,
        channel_secret: str,
        channel_access_token: str,
        webhook_url: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = time.time,
        monthly_quota: int | None = None,
        bot: Bot | None = None,
    ) -> None:
        """Put the platform together; entering the context starts the server.

        Args:
            channel_secret: key of the webhooks' signatures.
            channel_access_token: the only bearer token the API accepts.
            webhook_url: where events are posted.
            host: address to listen on.
            port: port to listen on; 0 picks a free one.
            clock: seconds since the epoch, for the ages of tokens, keys and rate windows.
            monthly_quota: messages a month; None for a plan without limit.
            bot: the bot's own account.
        """
        platform = Platform(clock, monthly_quota, bot or Bot())
        super().__init__(platform, Courier(channel_secret, platform.bot.user_id, webhook_url))
        self.faults = Faults()
        self._api = Api(platform, self.courier, self.faults, channel_access_token)
        self._address = (host, port)
        self._page: Page | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._page = Page(self)
        app = web.Application(client_max_size=BODY_BYTES)
        app.add_routes([*self._api.routes(), *self._page.routes()])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            self._listener = socket.create_server(self._address, backlog=128)
            await web.SockSite(self._runner, self._listener).start()
        except OSError:
            await self._runner.cleanup()
            raise
        await self.courier.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._page is not None
        assert self._runner is not None
        asyncio.get_running_loop().remove_reader(self._listener)
        for _ in range(_TURNS_TO_CONNECT):
            await asyncio.sleep(0)
        self._page.close()
        await self.courier.close()
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """Address of the API (``LINE_API_BASE``), and with a slash behind it of the chat page."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    @property
    def webhook_url(self) -> str | None:
        """Where events are posted."""
        return self.courier.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.courier.url = url

    @property
    def requests(self) -> list[ApiRequest]:
        """All requests to the API, in order of their answers."""
        return self._api.requests

    @property
    def violations(self) -> list[Violation]:
        """What the bot did although it must not."""
        return self.platform.violations

    @property
    def webhook_errors(self) -> list[Delivery]:
        """The webhooks that failed or were answered late, like LINE's error statistics."""
        return self.courier.failures

    async def arrived(
        self,
        predicate: Callable[[Entry], bool],
        timeout: float = 5.0,  # noqa: ASYNC109 - the waiting is the whole point, and asyncio.timeout does it
    ) -> Entry:
        """Wait for a message of the bot that fits; one that is there already counts.

        Raises:
            TimeoutError: none arrived in time.
        """
        found: list[Entry] = []
        looked_at = 0

        def look() -> bool:
            nonlocal looked_at
            entries = self.chats.entries
            while looked_at < len(entries) and not found:
                entry = entries[looked_at]
                looked_at += 1
                if entry.sender == "bot" and predicate(entry):
                    found.append(entry)
            return bool(found)

        await self.chats.news.until(look, seconds=timeout)
        return found[0]

    async def until(
        self,
        condition: Callable[[], bool],
        timeout: float = 5.0,  # noqa: ASYNC109 - likewise
    ) -> None:
        """Wait until a condition about the simulator is true; it is asked after every message and request.

        Raises:
            TimeoutError: it was not true in time.
        """
        await self.chats.news.until(condition, seconds=timeout)
