"""What the templates are given: JMA's own words, when and by whom they were issued, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.clock import TOKYO
from bot.jma.state import Change, InForce, Step
from bot.jma.values import LEVELLED, Hazard, Telegram
from bot.town.model import Town

RETRACTED = "jma_retracted"
_TEMPLATES: Mapping[Hazard, str] = {
    Hazard.RIVER: "jma_flood",
    Hazard.TORNADO: "jma_tornado",
    Hazard.RECORD_RAIN: "jma_bulletin",
    Hazard.RAIN_BAND: "jma_bulletin",
    Hazard.SHORT_SNOW: "jma_bulletin",
    Hazard.HEAT: "jma_heat",
    Hazard.EARTHQUAKE: "jma_earthquake",
}
_ENGLISH: Mapping[Hazard, str] = {
    Hazard.HEAVY_RAIN: "heavy rain",
    Hazard.LANDSLIDE: "landslides",
    Hazard.FLOOD: "floods",
    Hazard.RIVER: "river flooding",
    Hazard.WIND: "strong wind",
    Hazard.BLIZZARD: "snow storm",
    Hazard.HEAVY_SNOW: "heavy snow",
    Hazard.THUNDER: "thunderstorms",
    Hazard.SNOW_MELT: "melting snow",
    Hazard.FOG: "dense fog",
    Hazard.DRY_AIR: "dry air",
    Hazard.AVALANCHE: "avalanches",
    Hazard.COLD: "low temperature",
    Hazard.FROST: "frost",
    Hazard.ICING: "ice accretion",
    Hazard.SNOW_ACCRETION: "snow accretion",
    Hazard.OTHER: "other dangers",
    Hazard.TORNADO: "tornadoes",
    Hazard.RECORD_RAIN: "record-breaking rain",
    Hazard.RAIN_BAND: "a band of heavy rain that stays in place",
    Hazard.SHORT_SNOW: "heavy snow in a short time",
    Hazard.HEAT: "heat stroke",
    Hazard.EARTHQUAKE: "earthquake",
    Hazard.VOLCANO: "volcano",
}
"""What each is about, in plain words: official titles are never translated."""
_STEPS = {
    Step.NEW: "発表",
    Step.RAISED: "発表",
    Step.UPDATED: "続報",
    Step.LOWERED: "切り替え",
    Step.LIFTED: "解除",
    Step.RETRACTED: "取り消し",
}


def template(change: Change) -> str:
    """The template that tells of a change."""
    found = change.after or change.before
    assert found is not None
    return _TEMPLATES.get(found.claim.hazard, "jma_warning")


def title(change: Change, town: Town) -> str:
    """The broadcast's title, as staff see it."""
    found = change.after if change.step is not Step.RETRACTED else change.before
    found = found or change.before
    assert found is not None
    name = found.claim.name or found.claim.hazard.value
    return f"気象庁: {name} {_STEPS[change.step]}({town.name})"


def context(change: Change) -> dict[str, str]:
    """The variables of the templates; empty texts where there is nothing to say."""
    found = change.after or change.before
    assert found is not None
    claim, heading = found.claim, _source(change, found).heading
    before = change.before.claim if change.before else None
    reported = heading.reported.astimezone(TOKYO)
    words = {
        "step": change.step.value,
        "hazard": claim.hazard.value,
        "hazard_en": english(claim.hazard),
        "name": name(found) if change.after else "",
        "before": name(change.before) if change.before else "",
        "level": level(change.after),
        "level_before": level(change.before),
        "area": claim.area,
        "wide": "1" if claim.wide else "",
        "headline": heading.headline,
        "text": claim.text if change.after else "",
        "date": f"{reported:%Y-%m-%d}",
        "time": f"{reported:%H:%M}",
        "source": source(replace(found, telegram=_source(change, found))),
        "hypocentre": claim.hypocentre,
        "magnitude": claim.magnitude,
        "settled": "1" if claim.settled else "",
        "missing": "1" if claim.missing else "",
        "felt": "1" if claim.rank else "",
    }
    words |= _until(claim.until)
    if claim.hazard is Hazard.EARTHQUAKE and before is not None and change.step is Step.RETRACTED:
        words["headline"] = ""
    return words


def _source(change: Change, found: InForce) -> Telegram:
    """The telegram to quote: of what falls, ends or was a mistake the one that says so."""
    return change.cause if change.step in {Step.LOWERED, Step.LIFTED, Step.RETRACTED} else found.telegram


def _until(until: datetime | None) -> dict[str, str]:
    if until is None:
        return {"until_date": "", "until_time": ""}
    last = until.astimezone(TOKYO)
    if not last.hour and not last.minute:  # the end of a day is better named by the day
        return {"until_date": f"{last - timedelta(days=1):%Y-%m-%d}", "until_time": ""}
    return {"until_date": f"{last:%Y-%m-%d}", "until_time": f"{last:%H:%M}"}


def name(found: InForce) -> str:
    """What is in force, by its official name."""
    return found.claim.name or found.claim.hazard.value


def english(hazard: Hazard) -> str:
    """What a hazard is, in plain English."""
    return _ENGLISH[hazard]


def level(found: InForce | None) -> str:
    """The 警戒レベル that it corresponds to; empty where it has none."""
    if found is None or found.claim.hazard not in LEVELLED or found.claim.rank < 2:
        return ""
    return str(int(found.claim.rank))


def source(found: InForce) -> str:
    """Whom to credit: of a river or the heat the offices that issue it together, else the agency."""
    heading = found.telegram.heading
    if found.claim.hazard in {Hazard.RIVER, Hazard.HEAT} and heading.publisher:
        return f"{'、'.join(heading.publisher.split())}(気象庁防災情報XML)"
    return f"気象庁({heading.office})"


def plain_words(words: str, context: Mapping[str, object]) -> str:
    """The bare facts, where no template can say them."""
    parts = [words, context["area"], context["headline"], context["text"], f"出典: {context['source']}"]
    return "\n".join(str(part) for part in parts if part)[:2000]
