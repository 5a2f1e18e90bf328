"""The chat page: residents' phones in a browser.

The page is three static files and a handful of requests of its own. Stable hooks for tests, all in Japanese
for people and in ``data-*`` attributes for programs:

- ``[data-resident="U…"]``: a resident's button in the list (``aria-current="true"`` on the open one);
  inside it ``[data-unread]`` is the number of the bot's messages not looked at (absent when none).
  ``data-standing`` is ``friend``, ``blocked`` or ``stranger``.
- ``[data-action="add-friend"]`` opens the dialog to add a resident (``[name="name"]``,
  ``[data-action="add-confirm"]``); ``[data-action="block"]`` and ``[data-action="unblock"]`` are in the
  chat's header; the latter is also how a stranger becomes a friend.
- ``[role="log"]``: the open chat, ``data-chat="U…"``. Each line is ``[data-entry="NUMBER"]`` with
  ``data-sender`` (``user``, ``bot``, ``system``), ``data-via`` (``reply``, ``push``, ``multicast``,
  ``broadcast``, ``message`` …) and ``data-type`` (``text``, ``flex``, …).
- Every tappable thing is a ``<button>`` with ``data-action-type`` (``postback``, ``message``, ``uri`` …)
  whose text is its label; quick replies are in ``[data-role="quick-replies"]``, the rich menu's areas in
  ``[data-role="rich-menu"]`` (toggled by ``[data-action="toggle-menu"]``).
- A date picker opens a dialog ``[data-role="picker"]`` with one ``<input>`` and ``[data-action="pick"]``.
- ``[name="text"]`` and ``[data-action="send"]`` write a message.
- ``body[data-live="true"]`` while the live stream is connected.

The first thing in the stream carries an ``epoch``, new at every start of the simulator: what a browser remembers
as read holds only for the same one, since the numbers of the entries begin again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from simulator.phones import Phones

STATIC = Path(__file__).parent / "static"
NEW_USER_PREFIX = "U0de30"
"""Start of the ids of residents made up for the demo, here and in the sample file."""

_HEARTBEAT_SECONDS = 15.0


class Page:
    """The page's routes."""

    def __init__(self, phones: Phones) -> None:
        self._phones = phones
        self._closing = asyncio.Event()
        self._epoch = secrets.token_hex(8)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Routes of the page and of its requests."""
        one = "/page/residents/{user}"
        return [
            web.get("/", self._index),
            web.static("/static", STATIC),
            web.get("/page/stream", self._stream),
            web.get("/page/menus/{menu}", self._menu_image),
            web.post("/page/residents", self._add),
            web.post(f"{one}/say", self._acting(self._say)),
            web.post(f"{one}/tap", self._acting(self._tap)),
            web.post(f"{one}/block", self._acting(self._block)),
            web.post(f"{one}/unblock", self._acting(self._unblock)),
        ]

    def close(self) -> None:
        """End all live streams, so that the server can stop."""
        self._closing.set()

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events: first everything there is, then each new thing as it happens."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        chats = self._phones.chats
        with chats.news.subscribed() as queue, contextlib.suppress(ConnectionError):
            await response.write(_sse(self._everything()))
            while not self._closing.is_set():
                item = await self._next(queue)
                await response.write(b": still here\n\n" if item is None else _sse(item))
        return response

    async def _next(self, queue: asyncio.Queue[dict[str, Any]]) -> dict[str, Any] | None:
        """The next piece of news; None when it is time for a sign of life, or to close."""
        news = asyncio.ensure_future(queue.get())
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait(
                (news, closing), timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            return news.result() if news.done() else None
        finally:
            news.cancel()
            closing.cancel()

    def _everything(self) -> dict[str, Any]:
        platform = self._phones.platform
        return {
            "kind": "everything",
            "epoch": self._epoch,
            "bot": platform.bot,
            "residents": list(platform.chats.users.values()),
            "entries": platform.chats.entries,
            "menus": {"kind": "menus", **platform.menus.snapshot()},
        }

    async def _menu_image(self, request: web.Request) -> web.Response:
        image = self._phones.platform.menus.images.get(request.match_info["menu"])
        if image is None:
            raise web.HTTPNotFound
        return web.Response(body=image[1], content_type=image[0])

    async def _add(self, request: web.Request) -> web.Response:
        """A new resident adds the bot as a friend."""
        name = str((await request.json())["name"]).strip()[:20]
        user_id = NEW_USER_PREFIX + secrets.token_hex(14)[: 33 - len(NEW_USER_PREFIX)]
        user = self._phones.add_user(user_id, name, note="いま友だち追加した人", following=False)
        await self._phones.follow(user)
        return web.json_response({"user_id": user.user_id})

    def _acting(self, act: Callable[[str, dict[str, Any]], Awaitable[object]]) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            user_id = request.match_info["user"]
            if user_id not in self._phones.chats.users:
                raise web.HTTPNotFound
            await act(user_id, await request.json())
            return web.Response(status=204)

        return handle

    async def _say(self, user_id: str, body: dict[str, Any]) -> None:
        await self._phones.say(user_id, str(body["text"]))

    async def _tap(self, user_id: str, body: dict[str, Any]) -> None:
        await self._phones.tap(user_id, body["action"], picked=body.get("picked"))

    async def _block(self, user_id: str, _body: dict[str, Any]) -> None:
        await self._phones.unfollow(user_id)

    async def _unblock(self, user_id: str, _body: dict[str, Any]) -> None:
        await self._phones.follow(user_id)


def _sse(item: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(item, ensure_ascii=False, default=_plain).encode() + b"\n\n"


def _plain(value: object) -> dict[str, Any]:
    assert is_dataclass(value)
    assert not isinstance(value, type)
    return asdict(value)
