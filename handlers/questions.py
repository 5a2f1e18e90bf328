"""The question that refines a topic: asked after it is chosen, and again after each answer."""

from __future__ import annotations

from bot.domain.residents import REFINES, SINGLE_FACTS, Fact
from bot.town.model import Choice
from handlers.scene import Action, Card, Scene, Step

PAGE = 10
"""Choices shown at a time; more come with 「つぎへ」, or are searched for by name."""


def ask(scene: Scene, fact: Fact, intro: str, *, page: int = 0, keeps: bool = True) -> Step:
    """The question about a fact, with what is registered for it and how to remove it."""
    if fact is Fact.BIRTH_MONTH:
        options, question = (
            [Action(scene.say("action.pick_month"), "pick", picks_a_date=True)],
            "child.question",
        )
    else:
        options, question = _page(scene, fact, page), f"choice.{fact}"
    return _asked(scene, fact, intro, scene.say(question), options, keeps=keeps)


def offer(scene: Scene, fact: Fact, intro: str, found: list[Choice]) -> Step:
    """The question with the choices that a search found."""
    options = [_option(scene, fact, choice) for choice in found[:PAGE]]
    return _asked(scene, fact, intro, "", options, keeps=False)


def _asked(
    scene: Scene, fact: Fact, intro: str, question: str, options: list[Action], *, keeps: bool
) -> Step:
    topic = scene.topic_of(fact)
    current = scene.values(fact)
    lines = [intro, scene.say("topic.current", list=scene.joined(current)) if current else "", question]
    title = scene.label(topic.choice) if topic else scene.say("menu.title")
    leave = (
        [scene.action("action.quit", f"quit {topic.key}", topic=title)]
        if topic in scene.topics and topic
        else []
    )
    card = Card(
        title,
        "\n".join(line for line in lines if line) + scene.stopped_note,
        [*options, *removals(scene, fact), *leave],
        [scene.action("action.done", "done"), *scene.usual],
    )
    return Step(scene.resident, [card], asks=fact, keeps=keeps)


def removals(scene: Scene, fact: Fact) -> list[Action]:
    """A button for each registered value, to remove it; of what refines another fact there is always one."""
    if fact in REFINES:
        return []
    return [
        scene.action("action.remove", f"remove {fact} {value}", value=shown)
        for value, shown in zip(scene.resident.values(fact), scene.values(fact), strict=True)
    ][:PAGE]


def _page(scene: Scene, fact: Fact, page: int) -> list[Action]:
    registered = scene.resident.values(fact)
    known = [choice for choice in scene.town.choices.get(fact, ()) if choice.name not in registered]
    start = page * PAGE if page * PAGE < len(known) else 0
    options = [_option(scene, fact, choice) for choice in known[start : start + PAGE]]
    if len(known) > PAGE:
        following = (start // PAGE + 1) % -(-len(known) // PAGE)
        options.append(scene.action("action.next", f"page {fact} {following}"))
    elif fact not in SINGLE_FACTS and len(known) > 1:
        options.append(scene.action("action.all", f"add-all {fact}"))
    return options


def _option(scene: Scene, fact: Fact, choice: Choice) -> Action:
    return Action(scene.label(choice), f"add {fact} {choice.name}")
