"""What typed words mean: whatever can be tapped can also be typed, by its label."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.months import parse_month
from bot.domain.residents import LANGUAGES, REFINES, Fact
from bot.domain.safety import PLACE_LENGTH, SafetyState
from bot.domain.spelling import folded
from handlers import choices, garbage, helping, questions
from handlers.dialogue import asked, offered
from handlers.scene import DEPARTURES, IN_WORDS, WHEREABOUTS, Scene, names
from handlers.texts import texts

COMMANDS = {
    "command.settings": "settings",
    "command.summary": "summary",
    "command.stop": "stop",
    "command.resume": "resume",
    "command.erase": "erase",
    "command.language": "language",
    "command.calendar": "calendar",
    "command.help": "help",
    "command.bus": "bus",
    "command.shelters": "shelters",
    "command.safety": "safety",
    "safety.safe": f"safety-is {SafetyState.SAFE}",
    "safety.help": f"safety-is {SafetyState.HELP}",
    "safety.evacuated": f"safety-is {SafetyState.EVACUATED}",
    "command.in_force": "in-force",
    "action.ask_erase": "ask-erase",
    "action.done": "done",
}
"""Labels that mean the same at any time, and what they do."""

_LONGEST = 100
_SHORTEST = 2
"""What is typed without being asked for, and may be a part of a stop's name."""


def meaning(scene: Scene, words: str) -> str:
    """The data of the action that somebody typed."""
    typed = folded(words[:_LONGEST])
    found = (
        offered(scene, typed)
        or _command(scene, typed)
        or _shelters(typed)
        or _whereabouts(scene, words)
        or _month(scene, words)
        or _topic(scene, typed)
        or _stop(scene, typed, whole=asked(scene) != DEPARTURES)
        or _choice(scene, typed)
        or _of_the_resident(scene, typed)
        or _emergency(typed)
        or garbage.asked_for(scene, words[:_LONGEST])
        or _search(scene, typed)
        or _stop(scene, typed, whole=False)
    )
    if found:
        return found
    asks = asked(scene)
    if asks == DEPARTURES:
        return f"look-up {typed}"
    return f"retry {asks}" if asks else "nonsense"


def _languages(scene: Scene) -> Iterator[str]:
    """The resident's own language first."""
    yield scene.resident.language
    yield from (language for language in LANGUAGES if language != scene.resident.language)


def _command(scene: Scene, typed: str) -> str | None:
    for language in _languages(scene):
        for key, data in COMMANDS.items():
            if typed in {folded(wording) for wording in texts(language)[key].split("|")}:
                return data
        if language in scene.town.languages and typed == folded(texts(language)["language.name"]):
            return f"set-language {language}"
    return None


def _shelters(typed: str) -> str | None:
    """A question for shelters, also while it is asked where somebody is: 「避難所どこ」 is no place."""
    for language in LANGUAGES:
        said = texts(language)
        asks = any(folded(word) in typed for word in said["shelters.asking"].split("|"))
        if asks and any(folded(name) in typed for name in said["command.shelters"].split("|")):
            return "shelters"
    return None


def _whereabouts(scene: Scene, words: str) -> str | None:
    """Where somebody is who was asked: any words at all."""
    told = words.strip()[:PLACE_LENGTH]
    return f"safety-at {told}" if told and asked(scene) in {WHEREABOUTS, IN_WORDS} else None


def _month(scene: Scene, words: str) -> str | None:
    """A child's month of birth, when it is asked for, or from somebody who has registered that topic."""
    month = parse_month(words[:_LONGEST])
    expected = asked(scene) == Fact.BIRTH_MONTH or any(t.asks is Fact.BIRTH_MONTH for t in scene.topics)
    return f"born {month}" if month and expected else None


def _topic(scene: Scene, typed: str) -> str | None:
    found = (f"topic {topic.key}" for topic in scene.town.topics if typed in names(topic.choice))
    return next(found, None)


def _choice(scene: Scene, typed: str) -> str | None:
    """A district, stop, tax … by its name: an answer to the open question, or else if it cannot be meant otherwise."""
    meant, asks = choices.called(scene, typed), asked(scene)
    for fact, choice in meant.items():
        if fact == asks:
            return f"add {fact} {choice.name}"
    unasked = {fact: choice for fact, choice in meant.items() if fact not in REFINES}
    if not unasked:
        return None  # 「朝」 alone answers a question, and nothing else
    fact, choice = next(iter(unasked.items()))
    is_clear = len(unasked) == 1 and not choices.would_replace(scene, fact, choice)
    is_a_place = scene.bus is not None and scene.bus.named(typed) is not None
    return f"add {fact} {choice.name}" if is_clear and not is_a_place else f"which {typed}"


def _stop(scene: Scene, typed: str, *, whole: bool) -> str | None:
    """A bus stop whose next bus is wanted, by its name or a part of it; not while another question is open."""
    asks = asked(scene)
    if scene.bus is None or len(typed) < (1 if asks == DEPARTURES else _SHORTEST):
        return None
    if asks != DEPARTURES and (asks == Fact.BUS_STOP or _is_of_a_list(scene, typed)):
        return None
    if place := scene.bus.named(typed):
        return f"departures {place.name}"
    return f"look-up {typed}" if not whole and scene.bus.holding(typed) else None


def _is_of_a_list(scene: Scene, typed: str) -> bool:
    """Whether it names a district, tax or area: a stop that is called the same must be asked for."""
    return any(fact is not Fact.BUS_STOP for fact in choices.called(scene, typed))


def _of_the_resident(scene: Scene, typed: str) -> str | None:
    """Labels that name what is registered: 「2026年3月を消す」, 「子育てをやめる」."""
    for topic in scene.topics:
        leave = scene.say("action.quit", topic=scene.label(topic.choice))
        if typed == folded(leave):
            return f"quit {topic.key}"
    removals = (action for fact in scene.resident.facts for action in questions.removals(scene, fact))
    return next((action.data for action in removals if typed == folded(action.label)), None)


def _emergency(typed: str) -> str | None:
    return "emergency" if helping.sounds_urgent(typed) else None


def _search(scene: Scene, typed: str) -> str | None:
    """A part of a name, where one of a list is asked for."""
    asks = asked(scene)
    if asks is not None and asks in scene.town.choices and choices.search(scene, Fact(asks), typed):
        return f"find {asks} {typed}"
    return None
