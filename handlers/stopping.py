"""Stopping all messages, taking them up again, and being blocked."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.residents import Resident, ResidentState
from handlers.scene import Card, Scene, Step


def stop(scene: Scene, _words: str = "") -> Step:
    """「配信停止」: at once; what is registered stays."""
    scene = scene.become(replace(scene.resident, state=ResidentState.STOPPED))
    buttons = [scene.action("command.resume", "resume"), scene.action("action.ask_erase", "ask-erase")]
    card = Card(scene.say("stop.title"), scene.say("stop.words"), buttons, scene.usual)
    return Step(scene.resident, [card])


def resume(scene: Scene, _words: str = "") -> Step:
    """「配信を再開」."""
    scene = scene.become(replace(scene.resident, state=ResidentState.FOLLOWING))
    return Step(
        scene.resident, [Card(scene.say("stop.resumed_title"), scene.say("stop.resumed"), quick=scene.usual)]
    )


def block(resident: Resident) -> Resident:
    """The resident unfollowed or blocked the account."""
    return replace(resident, state=ResidentState.BLOCKED, dialogue=None)
