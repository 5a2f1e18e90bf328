"""The open step of a conversation, as it is kept between two messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.spelling import folded
from handlers.scene import Scene, Step


def opened(step: Step) -> dict[str, Any] | None:
    """What must be remembered: the open question, and what was offered (label to data)."""
    actions = [action for card in step.cards for action in (*card.buttons, *card.quick)]
    offers = {action.label: action.data for action in actions if action.data}
    if not offers and step.asks is None:
        return None
    return {"asks": step.asks, "offers": offers}


def asked(scene: Scene) -> str | None:
    """The question that is open, as in `Step.asks`; None also for a dialogue that cannot be read."""
    asks = (scene.resident.dialogue or {}).get("asks")
    return asks if isinstance(asks, str) else None


def offered(scene: Scene, typed: str) -> str | None:
    """The data of what was last offered under a label that somebody typed (already folded)."""
    offers = (scene.resident.dialogue or {}).get("offers")
    if not isinstance(offers, Mapping):
        return None
    return next((str(data) for label, data in offers.items() if folded(str(label)) == typed), None)
