"""「登録内容」: everything that is registered."""

from __future__ import annotations

from bot.domain.residents import REFINES, Fact, ResidentState
from handlers.language import name
from handlers.scene import Card, Scene, Step


def show(scene: Scene, _words: str = "") -> Step:
    """Topics with their answers, answers without a topic, language, and whether messages are stopped."""
    lines = [scene.say("summary.language", value=name(scene.resident.language))]
    for topic in scene.topics:
        values = [*scene.values(topic.asks), *_garbage_time(scene, topic.asks)] if topic.asks else []
        label = scene.label(topic.choice)
        listed = scene.say("summary.line", topic=label, list=scene.joined(values))
        lines.append(listed if values else scene.say("summary.bare", topic=label))
    asked = {topic.asks for topic in scene.topics} | {Fact.TOPIC}
    others = [fact for fact in scene.resident.facts if REFINES.get(fact, fact) not in asked]
    lines += [scene.say("summary.other", list=scene.joined(scene.values(fact))) for fact in others]
    if not scene.resident.facts:
        lines.append(scene.say("summary.nothing"))
    stopped = scene.resident.state is ResidentState.STOPPED
    change = [] if stopped else [scene.action("command.stop", "stop")]
    quick = [*scene.usual, *scene.calendar, *change, scene.action("action.ask_erase", "ask-erase")]
    card = Card(scene.say("summary.title"), "\n".join(lines) + scene.stopped_note, quick=quick)
    return Step(scene.resident, [card], keeps=False)


def _garbage_time(scene: Scene, fact: Fact) -> list[str]:
    """When they are told of the collections in their area: the evening before, if nothing else was chosen."""
    if fact is not Fact.GARBAGE_AREA or not scene.values(fact) or scene.town.garbage_rule is None:
        return []
    times = scene.town.choices.get(Fact.GARBAGE_TIME, ())
    return scene.values(Fact.GARBAGE_TIME) or [scene.label(times[0])]
