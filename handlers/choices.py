"""Answers chosen from the town's lists: districts, bus stops, taxes, garbage areas."""

from __future__ import annotations

from bot.domain.residents import REFINES, SINGLE_FACTS, Fact
from bot.town.model import Choice
from handlers import departures, helping, questions
from handlers.registration import with_topic_of
from handlers.scene import Action, Card, Scene, Step, names


def add(scene: Scene, words: str) -> Step:
    """Register `FACT VALUE`; a button of a choice the town no longer has does nothing."""
    fact, value = _parts(words)
    chosen = next((choice for choice in _known(scene, fact) if choice.name == value), None)
    if fact is None or chosen is None:
        return helping.old_button(scene)
    scene = with_topic_of(scene, fact)
    scene = scene.become(scene.resident.with_fact(fact, value))
    intro = scene.say("choice.added", value=scene.label(chosen))
    if fact not in SINGLE_FACTS:
        return questions.ask(scene, fact, intro)
    if fact is Fact.GARBAGE_AREA and scene.town.garbage_rule is not None:
        return questions.ask(scene, Fact.GARBAGE_TIME, intro)
    topic = scene.topic_of(fact)
    title = scene.label(topic.choice) if topic else scene.say("menu.title")
    words = f"{intro}\n{scene.say('topic.enough')}{scene.stopped_note}"
    return Step(scene.resident, [Card(title, words, quick=scene.usual)])


def add_all(scene: Scene, words: str) -> Step:
    """Register every choice of `FACT`, which must be one that takes several."""
    fact, _ = _parts(words)
    known = _known(scene, fact)
    if fact is None or not known or fact in SINGLE_FACTS:
        return helping.old_button(scene)
    scene = with_topic_of(scene, fact)
    scene = scene.become(scene.resident.with_values(fact, tuple(choice.name for choice in known)))
    return questions.ask(scene, fact, scene.say("choice.added_all"))


def remove(scene: Scene, words: str) -> Step:
    """Remove `FACT VALUE`, a child's month too."""
    fact, value = _parts(words)
    if fact is None or value not in scene.resident.values(fact):
        return helping.old_button(scene)
    shown = dict(zip(scene.resident.values(fact), scene.values(fact), strict=True))[value]
    scene = scene.become(scene.resident.without_fact(fact, value))
    said = "child.removed" if fact is Fact.BIRTH_MONTH else "choice.removed"
    return questions.ask(scene, fact, scene.say(said, value=shown))


def page(scene: Scene, words: str) -> Step:
    """Another page of the choices of `FACT PAGE`."""
    fact, number = _parts(words)
    if fact is None or not _known(scene, fact) or not (number.isascii() and number.isdecimal()):
        return helping.old_button(scene)
    return questions.ask(scene, fact, "", page=int(number[:6]), keeps=False)


def find(scene: Scene, words: str) -> Step:
    """The choices of `FACT WORDS` whose name holds the words (folded)."""
    fact, part = _parts(words)
    found = search(scene, fact, part)
    if fact is None or not found:
        return helping.old_button(scene)
    return questions.offer(scene, fact, scene.say("choice.found", words=part), found)


def which(scene: Scene, words: str) -> Step:
    """Words that nobody asked for and that name more than one thing, or would replace what is registered: what is meant.

    Nothing is replaced but by a tap: of the district it depends whom an evacuation order reaches.
    """
    meant = {fact: choice for fact, choice in called(scene, words).items() if fact not in REFINES}
    place = scene.bus.named(words) if scene.bus else None
    options = []
    if scene.bus and place:
        shown = scene.bus.label(place, scene.resident.language)
        options.append(scene.action("bus.at_stop", f"departures {place.name}", stop=shown))
    lines = [scene.say("choice.which", words=words)]
    for fact, choice in meant.items():
        if choice.name in scene.resident.values(fact) or (place and fact is Fact.BUS_STOP):
            continue
        if would_replace(scene, fact, choice):
            current = scene.say("topic.current", list=scene.joined(scene.values(fact)))
            lines.append(f"{scene.say(f'choice.kind_{fact}')}: {current}")
        label = scene.say("choice.as", kind=scene.say(f"choice.kind_{fact}"), value=scene.label(choice))
        options.append(Action(label, f"add {fact} {choice.name}"))
    if place and len(options) == 1:
        return departures.show(scene, place.name)
    if not options:
        return helping.nonsense(scene)
    card = Card(scene.say("menu.title"), "\n".join(lines) + scene.stopped_note, options, scene.usual)
    return Step(scene.resident, [card], keeps=False)


def called(scene: Scene, typed: str) -> dict[Fact, Choice]:
    """What is called so (folded), by the fact it would answer."""
    found: dict[Fact, Choice] = {}
    for fact, known in scene.town.choices.items():
        found.update((fact, choice) for choice in reversed(known) if typed in names(choice))
    return found


def would_replace(scene: Scene, fact: Fact, choice: Choice) -> bool:
    """Whether registering it would replace another answer."""
    return fact in SINGLE_FACTS and bool(set(scene.resident.values(fact)) - {choice.name})


def search(scene: Scene, fact: Fact | None, part: str) -> list[Choice]:
    """The choices that are called something with a part in it."""
    return [choice for choice in _known(scene, fact) if part and any(part in name for name in names(choice))]


def _known(scene: Scene, fact: Fact | None) -> tuple[Choice, ...]:
    return tuple(scene.town.choices.get(fact, ())) if fact else ()


def _parts(words: str) -> tuple[Fact | None, str]:
    name, _, rest = words.partition(" ")
    return (Fact(name) if name in list(Fact) else None), rest
