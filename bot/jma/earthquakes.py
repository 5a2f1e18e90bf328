"""Earthquakes: VXSE51 (first intensities by region), 52 (hypocentre), 53 (both, by town), 61 (a better hypocentre)."""

from __future__ import annotations

from dataclasses import replace

from bot.jma.values import INTENSITIES, Claim, Hazard, Heading, Places, Telegram, UnforeseenError, plain
from bot.sources.xml_tree import Node

_WRITTEN = {"1": 1, "2": 2, "3": 3, "4": 4, "5-": 5, "5+": 6, "6-": 7, "6+": 8, "7": 9}
_MISSING = "震度5弱以上未入電"
"""The value of a station has not come in, but is 5弱 or more by what others measured."""
_AT_LEAST_5_LOWER = 5
_TITLES = {
    "VXSE51": "震度速報",
    "VXSE52": "震源に関する情報",
    "VXSE53": "震源・震度に関する情報",
    "VXSE61": "顕著な地震の震源要素更新のお知らせ",
}


def read_earthquake(heading: Heading, root: Node, places: Places) -> Telegram:
    """What is known of an earthquake; its EventID is the thread."""
    if plain(heading.control_title) != _TITLES[heading.type]:
        raise UnforeseenError(f"種類 {heading.type} の表題ではありません: {heading.control_title[:40]}")
    body = root.first("Body")
    assert body is not None
    series = f"{heading.type}/{heading.event}"
    hypocentre = body.say("Earthquake", "Hypocenter", "Area", "Name")
    found = body.first("Earthquake", "Magnitude")
    magnitude = found.attributes.get("description", "") if found is not None else ""
    claim = Claim(
        Hazard.EARTHQUAKE,
        0,
        "",
        "",
        "",
        thread=heading.event,
        text=body.say("Comments", "ForecastComment", "Text"),
        hypocentre=hypocentre,
        magnitude=magnitude,
        settled=False,
    )
    observation = body.first("Intensity", "Observation")
    if heading.type == "VXSE51":
        if observation is None:
            raise UnforeseenError("震度速報に震度がありません。")
        claim = _by_region(observation, places, claim)
        claims = (claim,) if claim.rank else ()
        return Telegram(heading, series, (Hazard.EARTHQUAKE,), claims)
    if heading.type == "VXSE53" and (hypocentre or observation is not None):
        claim = _by_town(observation, places, replace(claim, settled=True))
    elif not hypocentre:
        raise UnforeseenError("震源も震度もありません。")
    return Telegram(heading, series, (Hazard.EARTHQUAKE,), (claim,))


def _by_region(observation: Node, places: Places, claim: Claim) -> Claim:
    for prefecture in observation.all("Pref"):
        if prefecture.say("Code") != places.quake_prefecture:
            continue
        if not places.quake_area:
            return _with_intensity(claim, prefecture, wide=True)
        for area in prefecture.all("Area"):
            if area.say("Code") == places.quake_area:
                return _with_intensity(claim, area, wide=True)
    return claim


def _by_town(observation: Node | None, places: Places, claim: Claim) -> Claim:
    """The town's value; a town that is not listed observed none."""
    if observation is not None:
        for city in observation.all("Pref", "Area", "City"):
            if city.say("Code") == places.class20:
                return _with_intensity(claim, city, wide=False)
    return claim


def _with_intensity(claim: Claim, place: Node, *, wide: bool) -> Claim:
    """The greatest intensity at a place, where a missing value counts as 5弱."""
    written, condition = plain(place.say("MaxInt")), plain(place.say("Condition"))
    if condition not in {"", _MISSING}:
        raise UnforeseenError(f"知らない震度の状態です: {condition[:30]}")
    missing = _MISSING in (condition, written)
    if not missing and written not in _WRITTEN:
        raise UnforeseenError(f"知らない震度です: {written[:20]}")
    rank = _WRITTEN.get(written, 0)
    missing = missing and rank < _AT_LEAST_5_LOWER
    rank = max(rank, _AT_LEAST_5_LOWER) if missing else rank
    name = "震度" + ("5弱以上(未入電)" if missing else INTENSITIES[rank])
    return replace(
        claim, rank=rank, code=written, name=name, area=place.say("Name"), wide=wide, missing=missing
    )
