"""A restore as `machi db restore` does it, in the test's own process and at the hour of its clock."""

from __future__ import annotations

from pathlib import Path

from bot.broadcasts.lapse import lapse
from bot.domain.clock import from_ms
from bot.store.restoring import checked, copied_ms, restore, upgraded
from bot.store.settling import Restored
from bot.store.store import sqlite_path
from bot.town.model import Town
from tests.clock import HandClock


def named(folder: Path, *patterns: str) -> list[str]:
    """The names of the files there that fit one of the patterns."""
    return sorted(path.name for pattern in patterns for path in folder.glob(pattern))


async def go_back(url: str, file: Path, clock: HandClock, town: Town | None = None) -> Restored:
    """Put a copy in the place of a database that nobody has open; without a town, anything may have been sent."""
    with checked(url, file) as temporary:
        await upgraded(temporary, clock)
        made_ms = copied_ms(temporary, clock.now_ms())
        return await restore(
            url,
            temporary,
            clock,
            copied_ms=made_ms,
            actor="chief",
            lapse=lapse(town, from_ms(made_ms), clock.now()),
            keep_beside=sqlite_path(url) or file,
        )
