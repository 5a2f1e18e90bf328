"""Bulletins that end by themselves: heavy rain and snow as they happen, tornadoes, heat, volcanoes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta

from bot.domain.clock import TOKYO
from bot.jma.areas import of_town
from bot.jma.values import Claim, Hazard, Heading, Places, Rank, Telegram, UnforeseenError, plain
from bot.sources.xml_tree import Node

BULLETIN = timedelta(hours=3)
"""How long a VPBS50 holds, which names no end: JMA repeats the one for a rain band after three hours."""
TORNADO = timedelta(hours=1)
VOLCANO = timedelta(hours=6)

_TAGS: Mapping[str, tuple[Hazard, Rank, str]] = {
    "記録雨": (Hazard.RECORD_RAIN, Rank.DANGER, "記録的短時間大雨"),
    "線状降水帯発生": (Hazard.RAIN_BAND, Rank.DANGER, "線状降水帯発生"),
    "線状降水帯直前予測": (Hazard.RAIN_BAND, Rank.WARNING, "線状降水帯直前予測"),
    "短時間大雪": (Hazard.SHORT_SNOW, Rank.WARNING, "短時間大雪"),
}
"""Conditions of the 情報タグ in VPBS50."""


def read_bulletin(heading: Heading, root: Node, places: Places) -> Telegram:
    """VPBS50, 府県気象防災速報: by 一次細分区域; record rain also names towns."""
    head, body = root.first("Head"), root.first("Body")
    assert head is not None
    assert body is not None
    tags = [
        item
        for block in head.all("Headline", "Information")
        if plain(block.attributes.get("type", "")) == "情報タグ"
        for item in block.all("Item")
    ]
    if not tags:
        raise UnforeseenError("情報タグがありません。")
    claims: list[Claim] = []
    hazards: list[Hazard] = []
    for item in tags:
        for kind in item.all("Kind"):
            tag = plain(kind.say("Condition"))
            if tag not in _TAGS:
                raise UnforeseenError(f"知らない情報タグです: {tag[:30]}")
            hazard, rank, name = _TAGS[tag]
            hazards.append(hazard)
            claims += _tagged(heading, item, body, places, Claim(hazard, rank, tag, name, ""))
    series = f"VPBS50/{heading.office}/{heading.event}"
    if not claims:
        return Telegram(heading, series, concerns=False)
    return Telegram(heading, series, tuple(dict.fromkeys(hazards)), tuple(claims))


def _tagged(heading: Heading, item: Node, body: Node, places: Places, like: Claim) -> Iterator[Claim]:
    until = heading.reported + BULLETIN
    if like.hazard is Hazard.RECORD_RAIN:
        for area in body.all("MeteorologicalInfos", "MeteorologicalInfo", "Item", "Area"):
            if area.say("Code") == places.class20:
                yield Claim(like.hazard, like.rank, like.code, like.name, area.say("Name"), until=until)
                return
    for area in item.all("Areas", "Area"):
        if area.say("Code") in places.wider:
            rank = Rank.ADVISORY if like.hazard is Hazard.RECORD_RAIN else like.rank
            yield Claim(like.hazard, rank, like.code, like.name, area.say("Name"), wide=True, until=until)
            return


def read_record_rain(heading: Heading, root: Node, places: Places) -> Telegram:
    """VPOA50, of the scheme before: it names 一次細分区域 alone, so of the town nothing is sure."""
    return _simple(
        heading,
        root,
        places,
        Claim(Hazard.RECORD_RAIN, Rank.ADVISORY, "1", "記録的短時間大雨情報", ""),
        until=heading.reported + BULLETIN,
        transitional=True,
    )


def read_tornado(heading: Heading, root: Node, places: Places) -> Telegram:
    """VPHW50 and VPHW51: of a tornado that somebody saw both are issued, and their titles say so."""
    seen = heading.type == "VPHW51" or "目撃" in heading.title
    rank, name = (Rank.DANGER, "竜巻目撃") if seen else (Rank.WARNING, "竜巻注意")
    until = heading.valid_until or heading.reported + TORNADO
    return _simple(heading, root, places, Claim(Hazard.TORNADO, rank, "1", name, ""), until=until)


def _simple(
    heading: Heading,
    root: Node,
    places: Places,
    like: Claim,
    *,
    until: datetime,
    transitional: bool = False,
) -> Telegram:
    """A telegram whose kinds say 1 (in force) or 0 (not) of each area."""
    body = root.first("Body")
    found = of_town(body, places) if body is not None else None
    kind = "VPHW" if heading.type.startswith("VPHW") else heading.type
    series = f"{kind}/{heading.office}/{heading.event}"
    if found is None:
        return Telegram(heading, series, concerns=False, transitional=transitional)
    states = set()
    for node in (kind for item in found.items for kind in item.all("Kind")):
        code, status = plain(node.say("Code")), plain(node.say("Status"))
        if (code, status) in {("1", "発表"), ("1", "継続")}:
            states.add(True)
        elif status in {"なし", "解除"}:
            states.add(False)
        else:
            raise UnforeseenError(f"知らない{like.name}です: {code[:10]} {status[:20]}")
    if not states:
        raise UnforeseenError(f"{like.name}の Kind がありません。")
    claim = Claim(like.hazard, like.rank, like.code, like.name, found.name, wide=found.wide, until=until)
    claims = (claim,) if True in states else ()
    return Telegram(heading, series, (like.hazard,), claims, transitional=transitional)


_DAY = re.compile(r"(今日|明日)\((\d{1,2})日\)")


def read_heat(heading: Heading, root: Node, places: Places) -> Telegram:
    """VPFT50, 熱中症警戒アラート: for a prefecture, which only the sender's code tells; the text says the day."""
    series = f"VPFT50/{heading.office}/{heading.event}"
    if not re.fullmatch(r"\d{6}", heading.sender, re.ASCII) or heading.sender.startswith("0100"):
        raise UnforeseenError("どの府県の熱中症警戒アラートか、コードで分かりません。")
    if heading.sender != places.prefecture:
        return Telegram(heading, series, concerns=False)
    text = root.say("Body", "Comment", "Text")
    named = _DAY.search(plain(text))
    if not text or named is None:
        raise UnforeseenError("熱中症警戒アラートの日が分かりません。")
    day = heading.reported.astimezone(TOKYO).date()
    day += timedelta(days=named[1] == "明日")
    if day.day != int(named[2]):
        raise UnforeseenError(f"熱中症警戒アラートの日が合いません: {named[0]}")
    until = datetime.combine(day + timedelta(days=1), time(), TOKYO)
    first = text.split("\n\n")[0].strip()
    name = "熱中症警戒アラート"
    claim = Claim(Hazard.HEAT, Rank.WARNING, "", name, heading.title, wide=True, until=until, text=first)
    return Telegram(heading, series, (Hazard.HEAT,), (claim,))


def read_volcano(heading: Heading, root: Node, places: Places) -> Telegram:
    """VFVO52 and 53, as information: VFVO53 (ash) concerns towns that it lists."""
    series = f"{heading.type}/{heading.event}"
    until = heading.reported + VOLCANO
    for info in root.all("Body", "VolcanoInfo", "Item"):
        codes = [area.say("Code") for area in (*info.all("Areas", "Area"), *info.all("Area"))]
        if places.class20 in codes:
            name = info.say("Kind", "Name") or heading.control_title
            area = heading.title
            claim = Claim(Hazard.VOLCANO, Rank.INFORMATION, "", name, area, thread=heading.event, until=until)
            return Telegram(heading, series, (Hazard.VOLCANO,), (claim,))
    for ash in root.all("Body", "AshInfos", "AshInfo", "Item"):
        if places.class20 in [area.say("Code") for area in ash.all("Areas", "Area")]:
            name = ash.say("Kind", "Name")
            claim = Claim(
                Hazard.VOLCANO, Rank.INFORMATION, "", name, heading.title, thread=heading.event, until=until
            )
            return Telegram(heading, series, (Hazard.VOLCANO,), (claim,))
    return Telegram(heading, series, concerns=False)
