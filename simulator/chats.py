"""The users of the platform and what stands in their chats with the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

Standing = Literal["friend", "blocked", "stranger"]
"""Whether a user follows the bot, has blocked it, or never added it."""

Sender = Literal["user", "bot", "system"]
"""Who wrote an entry; ``system`` lines are the app's own, such as a failed delivery."""

Clock = Callable[[], float]
"""Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class User:
    """A LINE user as the bot's channel knows them; ``note`` is for the chat page's reader alone."""

    user_id: str
    name: str
    note: str = ""
    language: str = "ja"
    standing: Standing = "friend"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chat.

    Attributes:
        number: counts all entries of the simulator, in order of arrival.
        user_id: whose chat it is in.
        sender: who wrote it.
        via: the sending endpoint for the bot (``reply``, ``push``, ``multicast``, ``broadcast``), the kind of
            event for others (``message``, ``postback``, ``follow``, ``unfollow``, ``undelivered``).
        message: a LINE message object.
        at: milliseconds since the epoch.
    """

    number: int
    user_id: str
    sender: Sender
    via: str
    message: dict[str, Any]
    at: int

    @property
    def text(self) -> str:
        """What the message says: its text, or its alternative text."""
        return str(self.message.get("text") or self.message.get("altText") or "")


class News:
    """Tells waiting tasks that something happened, and streams what happened to subscribers."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self._subscribers: set[asyncio.Queue[dict[str, Any]]] = set()

    def announce(self, item: dict[str, Any] | None = None) -> None:
        """Wake all who wait; hand ``item``, if any, to every subscriber."""
        happened, self._happened = self._happened, asyncio.Event()
        happened.set()
        if item is not None:
            for queue in self._subscribers:
                queue.put_nowait(item)

    async def until(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Wait until the condition, asked again after everything that happens, is true.

        Raises:
            TimeoutError: it was not true within ``seconds``.
        """
        async with asyncio.timeout(seconds):
            while not condition():
                await self._happened.wait()

    @contextmanager
    def subscribed(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """A queue of all items announced while the context is open."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)


class Chats:
    """All users, and every user's chat with the bot."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.news = News()
        self.users: dict[str, User] = {}
        self.entries: list[Entry] = []
        self._by_user: dict[str, list[Entry]] = {}

    def add(self, user: User) -> None:
        """Add a user, or replace the one with the same id."""
        self.users[user.user_id] = user
        self.news.announce({"kind": "resident", "resident": user})

    def stand(self, user_id: str, standing: Standing) -> None:
        """Record that a user follows the bot or blocks it."""
        self.add(replace(self.users[user_id], standing=standing))

    def friends(self) -> list[str]:
        """The ids of all users who follow the bot."""
        return [user.user_id for user in self.users.values() if user.standing == "friend"]

    def is_friend(self, user_id: str) -> bool:
        """Whether this user exists and follows the bot."""
        user = self.users.get(user_id)
        return user is not None and user.standing == "friend"

    def write(self, user_id: str, sender: Sender, via: str, message: dict[str, Any]) -> Entry:
        """Append an entry to a user's chat."""
        entry = Entry(len(self.entries) + 1, user_id, sender, via, message, int(self.clock() * 1000))
        self.entries.append(entry)
        self._by_user.setdefault(user_id, []).append(entry)
        self.news.announce({"kind": "entry", "entry": entry})
        return entry

    def of(self, user_id: str) -> list[Entry]:
        """A user's chat with the bot, oldest first, without the app's own lines."""
        return [entry for entry in self._by_user.get(user_id, ()) if entry.sender != "system"]
