"""The first hello, and the language of everything after it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.residents import ResidentState
from handlers.helping import old_button
from handlers.registration import menu_card
from handlers.scene import Action, Card, Scene, Step
from handlers.texts import texts


def welcome(scene: Scene) -> Step:
    """A new friend, or one who has unblocked the account: what was registered is still there."""
    known = not scene.is_stranger and bool(scene.resident.facts)
    scene = scene.become(replace(scene.resident, state=ResidentState.FOLLOWING))
    title = scene.say(
        "welcome.title", town=scene.town.name if scene.resident.language != "en" else scene.town.romaji
    )
    words = scene.say("welcome.back" if known else "welcome.words")
    return Step(scene.resident, [Card(title, words, _languages(scene)), menu_card(scene)])


def ask(scene: Scene, _words: str = "") -> Step:
    """「言語」."""
    card = Card(scene.say("language.title"), scene.say("language.ask"), _languages(scene), scene.usual)
    return Step(scene.resident, [card], keeps=False)


def choose(scene: Scene, language: str) -> Step:
    """Write in another language from now on."""
    if language not in scene.town.languages:
        return old_button(scene)
    scene = scene.become(replace(scene.resident, language=language))
    said = Card(scene.say("language.title"), scene.say("language.chosen"))
    return Step(scene.resident, [said, menu_card(scene)])


def name(language: str) -> str:
    """A language's own name."""
    return texts(language)["language.name"]


def _languages(scene: Scene) -> list[Action]:
    return [Action(name(language), f"set-language {language}") for language in scene.town.languages]
