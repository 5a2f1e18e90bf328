"""Choosing and leaving topics. A topic is registered the moment it is chosen; its question can wait."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.residents import REFINES, Fact
from handlers import garbage, helping, questions
from handlers.scene import Action, Card, Scene, Step


def with_topic_of(scene: Scene, fact: Fact) -> Scene:
    """The scene with the topic registered whose question the fact answers."""
    topic = scene.topic_of(fact)
    return scene.become(scene.resident.with_fact(Fact.TOPIC, topic.key)) if topic else scene


def choose(scene: Scene, key: str) -> Step:
    """Register a topic and ask its question."""
    topic = scene.town.topic(key)
    if topic is None:
        return helping.old_button(scene)
    name = scene.label(topic.choice)
    said = "topic.already" if topic in scene.topics else "topic.registered"
    scene = scene.become(scene.resident.with_fact(Fact.TOPIC, key))
    intro = scene.say(said, topic=name)
    if topic.asks is not None:
        step = questions.ask(scene, topic.asks, intro)
        collections = garbage.days_card(scene) if topic.asks is Fact.GARBAGE_AREA else None
        return replace(step, cards=[collections, *step.cards]) if collections else step
    words = f"{intro}\n{scene.say('topic.enough')}{scene.stopped_note}"
    leave = scene.action("action.quit", f"quit {key}", topic=name)
    return Step(scene.resident, [Card(name, words, [leave], scene.usual)])


def quit_topic(scene: Scene, key: str) -> Step:
    """Leave a topic; the answers that no other topic needs go with it."""
    topic = scene.town.topic(key)
    if topic is None or topic not in scene.topics:
        return helping.old_button(scene)
    left = scene.resident.without_fact(Fact.TOPIC, key)
    others = {other.asks for other in scene.topics if other is not topic}
    if topic.asks is not None and topic.asks not in others:
        for fact in (topic.asks, *(fact for fact, refined in REFINES.items() if refined is topic.asks)):
            left = left.with_values(fact, ())
    name = scene.label(topic.choice)
    card = Card(name, scene.say("topic.quit", topic=name), quick=scene.usual)
    return Step(left, [card])


def menu(scene: Scene, _words: str = "") -> Step:
    """「受信設定」: every topic, and which are registered."""
    return Step(scene.resident, [menu_card(scene)], keeps=False)


def menu_card(scene: Scene) -> Card:
    """The card of topics."""
    registered = [scene.label(topic.choice) for topic in scene.topics]
    listed = scene.say("menu.registered", list=scene.joined(registered))
    now = listed if registered else scene.say("menu.nothing")
    buttons = [Action(scene.label(topic.choice), f"topic {topic.key}") for topic in scene.town.topics]
    quick = [*scene.usual, scene.action("command.stop", "stop")]
    return Card(
        scene.say("menu.title"), f"{scene.say('menu.words')}\n{now}{scene.stopped_note}", buttons, quick
    )
