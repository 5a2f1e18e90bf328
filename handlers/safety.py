"""「安否」: how a resident is, and where; at any time."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.safety import PLACE_LENGTH, SafetyAnswer, SafetyState
from bot.domain.shelters import Place
from bot.domain.spelling import folded
from handlers import helping
from handlers.scene import IN_WORDS, WHEREABOUTS, Action, Card, Scene, Step
from handlers.sheltering import sender

_LABELS = {
    SafetyState.SAFE: "safety.safe",
    SafetyState.HELP: "safety.help",
    SafetyState.EVACUATED: "safety.evacuated",
}


def ask(scene: Scene, _words: str = "") -> Step:
    """「安否」: how are you?"""
    buttons = [scene.action(key, f"safety-is {state}") for state, key in _LABELS.items()]
    words = scene.say("safety.question", days=scene.town.safety_days)
    return Step(scene.resident, [Card(scene.say("safety.title"), words, buttons, scene.usual)], keeps=False)


def answer(scene: Scene, state: str) -> Step:
    """How they are is kept at once; where they are can be told after it, or left open."""
    if state not in list(SafetyState):
        return helping.old_button(scene)
    said = SafetyState(state)
    label = scene.say(_LABELS[said]).partition("|")[0]
    words = [scene.say("safety.kept", state=label)]
    if said is SafetyState.HELP:
        words.append(scene.say("safety.call"))
    words.append(scene.say("safety.where"))
    quick = [sender(scene), scene.action("command.shelters", "shelters"), scene.action("action.done", "done")]
    return _step(scene, words, quick, SafetyAnswer(said), asks=WHEREABOUTS)


def tell_place(scene: Scene, words: str) -> Step:
    """Where they are, in their own words."""
    told = words.strip()[:PLACE_LENGTH]
    if not told:
        return helping.old_button(scene)
    said = [scene.say("safety.place_kept", place=told)]
    if helping.sounds_urgent(folded(told)):
        said.append(scene.say("safety.call"))
    return _step(scene, said, _after(scene), SafetyAnswer(words=told))


def locate(scene: Scene, place: Place, address: str) -> Step:
    """Where they are, on the map."""
    words = address.strip()[:PLACE_LENGTH] or None
    said = [scene.say("safety.located"), scene.say("safety.more")]
    return _step(scene, said, _after(scene), SafetyAnswer(words=words, place=place), asks=IN_WORDS)


def _after(scene: Scene) -> list[Action]:
    return [scene.action("command.shelters", "shelters"), scene.action("command.safety", "safety")]


def _step(
    scene: Scene, words: Sequence[str], quick: Sequence[Action], said: SafetyAnswer, asks: str | None = None
) -> Step:
    actions = list({action.label: action for action in (*quick, *scene.usual)}.values())
    card = Card(scene.say("safety.title"), "\n\n".join(words), quick=actions)
    return Step(scene.resident, [card], asks=asks, safety=said)
