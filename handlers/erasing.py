"""Erasing a resident: at once for who types the word, after a confirmation for who taps a button."""

from __future__ import annotations

from bot.domain.clock import to_ms
from handlers.scene import Action, Card, Scene, Step

_VALID_MS = 10 * 60 * 1000
"""How long a confirmation can be tapped."""


def erase(scene: Scene, _words: str = "") -> Step:
    """「データ削除」, typed: nothing is kept."""
    return Step(None, [Card(scene.say("erase.title"), scene.say("erase.done"))])


def ask(scene: Scene, _words: str = "") -> Step:
    """A button was tapped: make sure it was meant."""
    buttons = [
        Action(scene.say("action.confirm_erase"), f"confirm-erase {to_ms(scene.now)}"),
        Action(scene.say("action.cancel"), "done"),
    ]
    return Step(
        scene.resident, [Card(scene.say("erase.title"), scene.say("erase.ask"), buttons)], keeps=False
    )


def confirm(scene: Scene, asked_ms: str) -> Step:
    """The confirmation was tapped; one that is too old erases nothing."""
    asked = int(asked_ms) if asked_ms.isascii() and asked_ms.isdecimal() and len(asked_ms) < 16 else 0
    if 0 <= to_ms(scene.now) - asked <= _VALID_MS:
        return erase(scene)
    button = scene.action("action.ask_erase", "ask-erase")
    card = Card(scene.say("erase.title"), scene.say("erase.expired"), [button], scene.usual)
    return Step(scene.resident, [card], keeps=False)
