"""Warnings and advisories: VPWW55 to 61, and of the scheme before them VPWW54 and VXWW50."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.jma.areas import of_town
from bot.jma.values import Claim, Hazard, Heading, Places, Rank, Telegram, UnforeseenError, plain
from bot.sources.xml_tree import Node


@dataclass(frozen=True, slots=True)
class Kind:
    """What the code of a warning means."""

    hazard: Hazard
    rank: Rank


_A, _W, _D, _S = Rank.ADVISORY, Rank.WARNING, Rank.DANGER, Rank.SPECIAL
_RAIN = {
    "10": Kind(Hazard.HEAVY_RAIN, _A),
    "03": Kind(Hazard.HEAVY_RAIN, _W),
    "43": Kind(Hazard.HEAVY_RAIN, _D),
    "33": Kind(Hazard.HEAVY_RAIN, _S),
}
_LANDSLIDE = {
    "29": Kind(Hazard.LANDSLIDE, _A),
    "09": Kind(Hazard.LANDSLIDE, _W),
    "49": Kind(Hazard.LANDSLIDE, _D),
    "39": Kind(Hazard.LANDSLIDE, _S),
}
_WIND = {
    "15": Kind(Hazard.WIND, _A),
    "05": Kind(Hazard.WIND, _W),
    "35": Kind(Hazard.WIND, _S),
    "13": Kind(Hazard.BLIZZARD, _A),
    "02": Kind(Hazard.BLIZZARD, _W),
    "32": Kind(Hazard.BLIZZARD, _S),
}
_SNOW = {
    "12": Kind(Hazard.HEAVY_SNOW, _A),
    "06": Kind(Hazard.HEAVY_SNOW, _W),
    "36": Kind(Hazard.HEAVY_SNOW, _S),
}
_OTHERS = {
    "14": Kind(Hazard.THUNDER, _A),
    "17": Kind(Hazard.SNOW_MELT, _A),
    "20": Kind(Hazard.FOG, _A),
    "21": Kind(Hazard.DRY_AIR, _A),
    "22": Kind(Hazard.AVALANCHE, _A),
    "23": Kind(Hazard.COLD, _A),
    "24": Kind(Hazard.FROST, _A),
    "25": Kind(Hazard.ICING, _A),
    "26": Kind(Hazard.SNOW_ACCRETION, _A),
    "27": Kind(Hazard.OTHER, _A),
}
_FLOOD = {"18": Kind(Hazard.FLOOD, _A), "04": Kind(Hazard.FLOOD, _W)}
_RAIN_BEFORE = {code: _RAIN[code] for code in ("10", "03", "33")}
_AT_SEA = frozenset({"07", "16", "37", "08", "19", "38", "48"})
"""波浪 and 高潮: the transitional telegram has them in one with all others; no inland town is told."""

SNAPSHOTS: Mapping[str, Mapping[str, Kind]] = {
    "VPWW55": _RAIN,
    "VPWW56": _LANDSLIDE,
    "VPWW58": _WIND,
    "VPWW60": _SNOW,
    "VPWW61": _OTHERS,
    "VPWW54": {**_RAIN_BEFORE, **_FLOOD, **_WIND, **_SNOW, **_OTHERS},
}
"""The codes of each type. https://www.jma.go.jp/jma/kishou/know/bosai/keiho-update2026/ and 技術情報第634号"""

TRANSITIONAL = frozenset({"VPWW54", "VXWW50", "VPOA50"})
_ENDS = {"VPWW55": (Hazard.FLOOD,)}
"""The new scheme for rain has no 洪水警報: where it is in use, the old one's no longer count."""

_OVER = frozenset({"解除", "発表警報・注意報はなし"})
_IN_FORCE = frozenset(
    {
        "発表",
        "継続",
        "特別警報から危険警報",
        "特別警報から警報",
        "特別警報から注意報",
        "危険警報から警報",
        "危険警報から注意報",
        "警報から注意報",
    }
)
_LEVEL = re.compile(r"レベル(\d)")


def read_warnings(heading: Heading, root: Node, places: Places) -> Telegram:
    """A complete picture of what a type is about: what it does not name is not in force."""
    known = SNAPSHOTS[heading.type]
    if not plain(heading.control_title).startswith("気象警報・注意報"):
        raise UnforeseenError(f"種類 {heading.type} の表題ではありません: {heading.control_title[:40]}")
    hazards = tuple(dict.fromkeys(kind.hazard for kind in known.values())) + _ENDS.get(heading.type, ())
    name = f"{heading.type}/{heading.office}/"
    transitional = heading.type in TRANSITIONAL
    body = root.first("Body")
    found = of_town(body, places) if body is not None else None
    if found is None:
        return Telegram(heading, name, concerns=False, transitional=transitional)
    graves: dict[Hazard, Claim] = {}
    for item in found.items:
        for node in item.all("Kind"):
            claim = _claim(node, known, found.name, wide=found.wide, transitional=transitional)
            if claim is not None and (claim.hazard not in graves or claim.rank > graves[claim.hazard].rank):
                graves[claim.hazard] = claim
    return Telegram(heading, name, hazards, tuple(graves.values()), transitional=transitional)


def _claim(
    node: Node, known: Mapping[str, Kind], area: str, *, wide: bool, transitional: bool
) -> Claim | None:
    """What a Kind says is in force; None where it says that something is not."""
    code, name, status = plain(node.say("Code")), node.say("Name"), plain(node.say("Status"))
    if status not in _OVER | _IN_FORCE:
        raise UnforeseenError(f"知らない Status です: {status[:20]}")
    if status == "発表警報・注意報はなし" or (transitional and code in _AT_SEA):
        return None
    kind = known.get(code)
    if kind is None:
        raise UnforeseenError(f"知らない警報・注意報です: {name[:30]} {code[:10]}")
    level = _LEVEL.search(plain(name))
    if level and int(level[1]) != kind.rank:
        raise UnforeseenError(f"警報・注意報の名前とコードが合いません: {name[:30]} {code}")
    if status in _OVER:
        return None
    return Claim(kind.hazard, kind.rank, code, name, area, wide)


def read_landslide_information(heading: Heading, root: Node, places: Places) -> Telegram:
    """VXWW50, the landslide information of the scheme before: 警戒 corresponds to level 4."""
    name = f"VXWW50/{heading.office}/"
    body = root.first("Body")
    found = of_town(body, places) if body is not None else None
    if found is None:
        return Telegram(heading, name, concerns=False, transitional=True)
    claims = []
    for node in (kind for item in found.items for kind in item.all("Kind")):
        code, status = plain(node.say("Code")), plain(node.say("Status"))
        if (code, status) in {("3", "発表"), ("3", "継続")}:
            title = "レベル４土砂災害危険警報" if "レベル4" in plain(heading.title) else "土砂災害警戒情報"
            claims.append(Claim(Hazard.LANDSLIDE, Rank.DANGER, code, title, found.name, found.wide))
        elif (code, status) not in {("0", "なし"), ("1", "解除")}:
            raise UnforeseenError(f"知らない土砂災害警戒情報です: {code[:10]} {status[:20]}")
    return Telegram(heading, name, (Hazard.LANDSLIDE,), tuple(claims[:1]), transitional=True)
