"""Garbage: when it is collected in the resident's area, and where a thing goes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from bot.domain.residents import LANGUAGES, Fact
from bot.town.model import Garbage, GarbageItem
from handlers import helping, questions
from handlers.garbage_search import find, plain
from handlers.scene import Action, Card, Scene, Step
from handlers.texts import texts

_HITS, _CANDIDATES = 5, 8
_DAYS = 8
"""Today and a week."""
_LABEL = 20
"""Of a candidate's name; what is kept of the last reply has little room."""
_NOTICE = 300
_PARTICLES = re.compile(r"^(?:の|を)+|(?:の|は|を|って)+$")


def days(scene: Scene, _words: str = "") -> Step:
    """「ごみの日」: the next collections; without an area, the question for it."""
    card = days_card(scene)
    if card is not None:
        return Step(scene.resident, [card], keeps=False)
    if scene.town.choices.get(Fact.GARBAGE_AREA):
        return questions.ask(scene, Fact.GARBAGE_AREA, "", keeps=False)
    return helping.old_button(scene)


def days_card(scene: Scene) -> Card | None:
    """The collections of today and the week that follows; None if no area is registered."""
    garbage, area = scene.town.garbage, area_of(scene)
    if garbage is None or area is None:
        return None
    today = scene.now.date()
    coming = [
        scene.say("garbage.line", day=_named_day(scene, day), list=_categories(scene, garbage, names))
        for day, names in garbage.plan.coming(area, today, _DAYS)
    ]
    deadline = f"{garbage.plan.deadline.hour}:{garbage.plan.deadline.minute:02d}"
    lines = (
        [*coming, scene.say("garbage.deadline", time=deadline)]
        if coming
        else [scene.say("garbage.none_soon")]
    )
    change = [scene.action("garbage.change_time", "garbage-time")] if scene.town.garbage_rule else []
    title = scene.say("garbage.of_area", area=scene.values(Fact.GARBAGE_AREA)[0])
    return Card(title, "\n".join(lines) + scene.stopped_note, change, scene.usual)


def ask_time(scene: Scene, _words: str = "") -> Step:
    """「お知らせの時」: the evening before, or the morning."""
    if scene.town.garbage_rule is None:
        return helping.old_button(scene)
    return questions.ask(scene, Fact.GARBAGE_TIME, "", keeps=False)


def area_of(scene: Scene) -> str | None:
    """The resident's area, if the town still has it."""
    known = {choice.name for choice in scene.town.choices.get(Fact.GARBAGE_AREA, ())}
    return next((area for area in scene.resident.values(Fact.GARBAGE_AREA) if area in known), None)


def dispose(scene: Scene, words: str) -> Step:
    """Where a thing goes: up to five things that fit, else candidates to tap."""
    garbage = scene.town.garbage
    if garbage is None or not garbage.items:
        return helping.old_button(scene)
    found = find(garbage.items, words)
    if found.items and found.is_sure and len(found.items) <= _HITS:
        said = "\n\n".join(_told(scene, garbage, item) for item in found.items)
        area = "" if area_of(scene) else "\n\n" + scene.say("garbage.no_area")
        return _reply(scene, said + area, found.others)
    office = scene.town.office
    if found.items:
        said = scene.say("garbage.many" if found.is_sure else "garbage.near", words=words)
        return _reply(scene, said, found.items)
    return _reply(
        scene, scene.say("garbage.unknown", words=words, office=office.name, phone=office.phone), ()
    )


def _reply(scene: Scene, words: str, candidates: Iterable[GarbageItem]) -> Step:
    names = [_item_name(scene, item)[:_LABEL] for item in candidates]
    buttons = [Action(name, f"dispose {name}") for name in dict.fromkeys(names)][:_CANDIDATES]
    card = Card(scene.say("garbage.title"), words + scene.stopped_note, buttons, scene.usual)
    return Step(scene.resident, [card], keeps=False)


def _item_name(scene: Scene, item: GarbageItem) -> str:
    return item.name.label(scene.resident.language)


def _told(scene: Scene, garbage: Garbage, item: GarbageItem) -> str:
    language, area = scene.resident.language, area_of(scene)
    category = garbage.kinds[item.category].label(language)
    lines = [scene.say("garbage.goes_to", name=_item_name(scene, item), category=category)]
    if notice := item.notice.label(language):
        lines.append(notice[:_NOTICE])
    first = scene.now.date() + timedelta(days=1 if _is_late(scene, garbage) else 0)
    day = garbage.plan.next_day(area, item.category, first) if area else None
    if day is not None:
        lines.append(scene.say("garbage.next", day=_named_day(scene, day)))
    return "\n".join(lines)


def _categories(scene: Scene, garbage: Garbage, names: Iterable[str]) -> str:
    return scene.joined(garbage.kinds[name].label(scene.resident.language) for name in names)


def _named_day(scene: Scene, day: date) -> str:
    """A day, with what today and tomorrow are called."""
    written, today = scene.day(day), scene.now.date()
    if day == today:
        late = scene.town.garbage is not None and _is_late(scene, scene.town.garbage)
        return scene.say("garbage.too_late" if late else "garbage.today", day=written)
    return scene.say("garbage.tomorrow", day=written) if day == today + timedelta(days=1) else written


def _is_late(scene: Scene, garbage: Garbage) -> bool:
    """Whether today's garbage had to be out by now."""
    return scene.now.time() >= garbage.plan.deadline


def asked_for(scene: Scene, words: str) -> str | None:
    """The data of what words ask about garbage: 「ごみ 電池」「電池の捨て方」「ごみの日」; None if they do not."""
    garbage = scene.town.garbage
    typed = plain(words)
    if garbage is None or not typed:
        return None
    if typed in _wordings("garbage.days"):
        return "garbage-days"
    thing = _thing(words, garbage)
    if thing is None:
        return None
    if not thing or plain(thing) in _wordings("garbage.when"):
        return "garbage-days"
    return f"dispose {thing}" if garbage.items else None


def _wordings(key: str) -> set[str]:
    """What a text says in every language, one wording beside the other."""
    return {plain(wording) for language in LANGUAGES for wording in texts(language)[key].split("|")}


def _thing(words: str, garbage: Garbage) -> str | None:
    """What stands before or behind a word for garbage, possibly nothing; None if there is no such word."""
    signs = _wordings("garbage.signs")
    tokens = unicodedata.normalize("NFKC", words).split()
    if plain(tokens[0]) in signs:
        return _PARTICLES.sub("", " ".join(tokens[1:]).strip("?。!"))
    if plain(tokens[-1]) in signs:
        return _PARTICLES.sub("", " ".join(tokens[:-1]))
    text = "".join(tokens).strip("?。!")
    for thing, begins in _joined(text, [sign for sign in signs if not sign.isascii()]):
        if (found := find(garbage.items, thing)).items and (found.is_sure or begins):
            return thing
    return None


def _joined(text: str, signs: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """What may be asked for without a space, and whether the sign came first.

    「ごみ電池」, 「電池の捨て方」; but 「生ごみ」 is a thing itself.
    """
    for sign in sorted(signs, key=len, reverse=True):
        for begins, rest in ((True, text[len(sign) :]), (False, text[: -len(sign)])):
            cut = text[: len(sign)] if begins else text[-len(sign) :]
            if plain(cut) == sign and rest:
                yield text, False
                yield _PARTICLES.sub("", rest), begins
