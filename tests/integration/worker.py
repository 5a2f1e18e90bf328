"""`machi worker` as it is wired, in the test's own process and on a clock that the test moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime

from bot import wiring
from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer, Draft
from bot.domain.broadcasts import Priority, State
from bot.inbox.intake import Waiting
from bot.metrics import Metrics
from bot.settings import Settings
from bot.town import templates_for
from tests.integration.delivering import TOWN, Desk, eventually
from tests.integration.running import SECRET, TOKEN

_TOWN = replace(TOWN, notices=())
"""The hours jump here, and the town's own notices would go out in between."""


@asynccontextmanager
async def at_work(desk: Desk, **environment: str) -> AsyncIterator[Composer]:
    """Clock, conductor and sender at work on the desk's store; the staff's side of it."""
    channel = {"LINE_CHANNEL_SECRET": SECRET, "LINE_CHANNEL_ACCESS_TOKEN": TOKEN, "MACHI_JMA_BASE": ""}
    settings = Settings.from_environment({**channel, "LINE_API_BASE": desk.line.base_url, **environment})
    templates = templates_for(_TOWN)
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(wiring.line_client(settings))
        ceiling = Ceiling(line.quota, settings.yen_per_message)
        composer = Composer(desk.store, _TOWN, templates, desk.clock, ceiling)
        staff = wiring.Desk(settings, desk.clock, _TOWN, templates, desk.store, composer)
        await wiring._start_worker(staff, line, Waiting(), Metrics(), stack, alone=True)
        yield composer


async def send(
    composer: Composer, text: str, priority: Priority = Priority.NORMAL, at: datetime | None = None
) -> int:
    """Write, approve and send a broadcast to all, or have it wait for its time; its id."""
    draft = Draft(text, "all", text=text, priority=priority, at=at)
    number = await composer.create(draft, "clerk")
    await composer.approve(number, "chief")
    if at is None:
        await composer.send(number, "clerk")
    return number


async def done(desk: Desk, number: int) -> None:
    """Wait until every batch of a broadcast has ended."""

    async def look() -> bool:
        return (await desk.store.broadcasts.find(number)).state is State.DONE

    await eventually(look)


def heard(desk: Desk, text: str) -> Counter[str]:
    """How often each resident has got this text."""
    return Counter(entry.user_id for entry in desk.line.chats.entries if entry.text == text)
