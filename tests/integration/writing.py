"""A clerk beside a desk: broadcasts written, approved and let go as the commands do it."""

from __future__ import annotations

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer, Draft
from bot.rendering import Templates
from bot.town import templates_for
from tests.integration.delivering import TOWN, Desk, conduct, no_answer


def clerk(desk: Desk, templates: Templates | None = None) -> Composer:
    """The staff's side of a desk; without other templates, with the town's own."""
    return Composer(desk.store, TOWN, templates or templates_for(TOWN), desk.clock, Ceiling(no_answer, 3))


async def written(composer: Composer, draft: Draft) -> int:
    """A broadcast written and approved; one with a time is thereby scheduled."""
    number = await composer.create(draft, "clerk")
    await composer.approve(number, "chief")
    return number


async def let_go(desk: Desk, composer: Composer, draft: Draft) -> int:
    """A broadcast written, approved, sent, and its audience gathered."""
    number = await written(composer, draft)
    await composer.send(number, "clerk")
    await conduct(desk.conductor)
    return number
