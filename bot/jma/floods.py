"""VXKO50 to 89, 指定河川洪水予報: the forecast for one stretch of a river, issued with the river's office."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.jma.values import Claim, Hazard, Heading, Places, Rank, Telegram, UnforeseenError, plain
from bot.sources.xml_tree import Node

_KNOWN = frozenset({"10", "20", "30", "31", "40", "41", "51", "53"})
"""Codes of which the level is known without the name."""
_LEVEL = re.compile(r"レベル(\d)")
_AREA = "指定河川洪水予報(予報区域)"
_PREFECTURE = "指定河川洪水予報(府県予報区等)"


def read_flood(heading: Heading, root: Node, places: Places) -> Telegram:
    """It concerns the town if the town is listed at one of its gauges, or says that the stretch concerns it.

    One that lists no town at all (such as a lifting) concerns whom the ones before it did.
    """
    body, head = root.first("Body"), root.first("Head")
    assert body is not None
    assert head is not None
    if plain(heading.control_title) != "指定河川洪水予報":
        raise UnforeseenError(f"指定河川洪水予報の表題ではありません: {heading.control_title[:40]}")
    concerns = _concerns(heading, head, body, places)
    if concerns is False and places.prefecture not in _prefectures(head):
        return Telegram(heading, f"VXKO/{heading.event}", concerns=False)
    kind, area = _kind(head)
    code, name = plain(kind.say("Code")), kind.say("Name")
    rank = _rank(code, name)
    series = f"VXKO/{heading.event}"
    if rank is Rank.NONE or concerns is False:
        return Telegram(heading, series, (Hazard.RIVER,), concerns=concerns)
    text, districts = _of_town(body, places)
    words = "\n".join(filter(None, [text, districts and f"浸水想定地区:{districts}"]))
    claim = Claim(Hazard.RIVER, rank, code, name, area, True, heading.event, text=words)
    return Telegram(heading, series, (Hazard.RIVER,), (claim,), concerns=concerns)


def _kind(head: Node) -> tuple[Node, str]:
    """The level of the whole stretch, and the stretch's name."""
    for block in head.all("Headline", "Information"):
        if plain(block.attributes.get("type", "")) == _AREA:
            items = list(block.all("Item"))
            kinds = [kind for item in items for kind in item.all("Kind")]
            if len(kinds) != 1:
                raise UnforeseenError("予報区域の警報が1つではありません。")
            return kinds[0], items[0].say("Areas", "Area", "Name")
    raise UnforeseenError("予報区域がありません。")


def _rank(code: str, name: str) -> Rank:
    """The tens of the code are 1 for none, then the level; a name with a level must agree."""
    level = _LEVEL.search(plain(name))
    if not re.fullmatch(r"[1-5]\d", code, re.ASCII) or (code not in _KNOWN and level is None):
        raise UnforeseenError(f"知らない洪水予報です: {name[:30]} {code[:10]}")
    if code == "10" or "解除" in name:
        if code != "10":
            raise UnforeseenError(f"洪水予報の名前とコードが合いません: {name[:30]} {code}")
        return Rank.NONE
    if code[0] == "1" or (level and level[1] != code[0]):
        raise UnforeseenError(f"洪水予報の名前とコードが合いません: {name[:30]} {code}")
    return Rank(int(code[0]))


def _listed(body: Node) -> Iterator[Node]:
    for area in body.all("Warning", "Item", "Areas", "Area"):
        if plain(area.attributes.get("codeType", "")) == "水位観測所":
            yield area


def _concerns(heading: Heading, head: Node, body: Node, places: Places) -> bool | None:
    if heading.event in places.rivers:
        return True
    towns = [area.say("CityCode") for area in _listed(body)]
    if places.class20 in towns:
        return True
    prefectures = _prefectures(head)
    return None if not towns and (not prefectures or places.prefecture in prefectures) else False


def _prefectures(head: Node) -> set[str]:
    return {
        area.say("Code")
        for block in head.all("Headline", "Information")
        if plain(block.attributes.get("type", "")) == _PREFECTURE
        for area in block.all("Item", "Areas", "Area")
    }


def _of_town(body: Node, places: Places) -> tuple[str, str]:
    """What is said of the town's own gauges (else of the first), and its parts that it names (浸水想定地区)."""
    own = [area for area in _listed(body) if area.say("CityCode") == places.class20]
    gauges = {area.say("Code") for area in own}
    texts: list[tuple[bool, str]] = []
    for item in body.all("Warning", "Item"):
        said = next((p.say("Text") for p in item.all("Kind", "Property") if p.say("Type") == "主文"), "")
        if said:
            at = {station.say("Code") for station in item.all("Stations", "Station")}
            texts.append((bool(at & gauges), said))
    text = next((said for is_own, said in texts if is_own), texts[0][1] if texts else "")
    parts = [area.say("SubCityList") for area in own]
    named = [name for part in parts if part not in {"", "-", "－"} for name in part.split()]
    return text, "、".join(dict.fromkeys(named))
