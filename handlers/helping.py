"""What can be done here, said when asked and when nothing else fits."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.residents import LANGUAGES, Fact
from bot.domain.spelling import folded
from handlers import questions
from handlers.scene import Action, Card, Scene, Step
from handlers.texts import texts


def general(scene: Scene, _words: str = "") -> Step:
    """「ヘルプ」."""
    office = scene.town.office
    words = scene.say("help.words", office=office.name, phone=office.phone, hours=office.hours)
    if scene.public_url:
        words = f"{scene.say('help.calendar')}\n{words}"
    return _said(scene, "help.title", words, scene.calendar)


def done(scene: Scene, _words: str = "") -> Step:
    """「おわる」: the question stays open to a later day."""
    return _said(scene, "help.done_title", scene.say("help.done") + scene.stopped_note)


def nonsense(scene: Scene, _words: str = "") -> Step:
    """Words that mean nothing here."""
    office = scene.town.office
    words = scene.say("help.nonsense", office=office.name, phone=office.phone)
    return _said(scene, "help.nonsense_title", words)


def retry(scene: Scene, fact: str) -> Step:
    """Words that do not answer the open question: what an answer looks like."""
    if fact not in list(Fact):
        return nonsense(scene)
    unclear = "child.unclear" if fact == Fact.BIRTH_MONTH else "choice.unclear"
    return questions.ask(scene, Fact(fact), scene.say(unclear), keeps=False)


def old_button(scene: Scene) -> Step:
    """A button whose meaning is gone."""
    return _said(scene, "help.nonsense_title", scene.say("help.old"))


def only_text(scene: Scene) -> Step:
    """A picture, a sticker, a place."""
    return _said(scene, "help.nonsense_title", scene.say("help.only_text"))


def emergency(scene: Scene, _words: str = "") -> Step:
    """Somebody who may need help now: nobody reads this account."""
    return _said(scene, "emergency.title", scene.say("emergency.words"))


def sounds_urgent(typed: str) -> bool:
    """Whether words (folded) sound as if somebody needed help now, in any language."""
    signs = {folded(sign) for language in LANGUAGES for sign in texts(language)["emergency.signs"].split("|")}
    return any(sign in typed for sign in signs)


def _said(scene: Scene, title: str, words: str, more: Sequence[Action] = ()) -> Step:
    card = Card(scene.say(title), words, quick=[*scene.usual, *more])
    return Step(scene.resident, [card], keeps=False)
