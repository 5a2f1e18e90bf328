"""Children by their months of birth; nothing else of them is kept."""

from __future__ import annotations

from bot.domain.months import age_in_months, parse_month
from bot.domain.residents import Fact
from handlers import helping, questions
from handlers.for_child import open_now
from handlers.registration import with_topic_of
from handlers.scene import Scene, Step

AHEAD_MONTHS, BACK_YEARS = 10, 20
"""How far ahead of today, and how far back, a month of birth may lie."""


def pick(scene: Scene, day: str) -> Step:
    """A day chosen in the calendar; without one (the label was typed), the question again."""
    month = parse_month(day[:7])
    if month is None:
        return questions.ask(with_topic_of(scene, Fact.BIRTH_MONTH), Fact.BIRTH_MONTH, "")
    return add(scene, month)


def add(scene: Scene, month: str) -> Step:
    """A child born in a month `YYYY-MM`."""
    if parse_month(month) != month:
        return helping.old_button(scene)
    age = age_in_months(month, scene.now.date())
    if not -AHEAD_MONTHS <= age <= BACK_YEARS * 12:
        out = scene.say("child.range", value=scene.month(month), oldest=BACK_YEARS)
        return questions.ask(scene, Fact.BIRTH_MONTH, out, keeps=False)
    scene = with_topic_of(scene, Fact.BIRTH_MONTH)
    is_new = month not in scene.resident.values(Fact.BIRTH_MONTH)
    scene = scene.become(scene.resident.with_fact(Fact.BIRTH_MONTH, month))
    told = scene.say("child.added", value=scene.month(month))
    if is_new and (found := open_now(scene, month)):
        told += "\n" + scene.say("child.open_now", list="\n".join(f"・{line}" for line in found))
    return questions.ask(scene, Fact.BIRTH_MONTH, told + "\n" + scene.say("child.more"))
