"""Opening what a command works with, for as long as it runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from bot.settings import Settings

if TYPE_CHECKING:  # the desk brings the whole service with it, which `machi --help` need not wait for
    from bot.wiring import Desk

T = TypeVar("T")


def settings() -> Settings:
    """The configuration of this process.

    Raises:
        ConfigurationError: a variable cannot be understood.
    """
    return Settings.from_environment(os.environ)


def at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open town, templates and store, do the work, and close them.

    Raises:
        ConfigurationError: the town's folder has faults, or the database cannot be opened.
    """
    from bot.wiring import opened_desk

    async def run() -> T:
        async with opened_desk(settings()) as desk:
            return await work(desk)

    return asyncio.run(run())
