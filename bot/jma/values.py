"""What a telegram says, as values: who issued it and when, and what it means for the town."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Self


class Hazard(StrEnum):
    """What a telegram warns of, as staff write it in `disaster.toml`."""

    HEAVY_RAIN = "大雨"
    LANDSLIDE = "土砂災害"
    FLOOD = "洪水"  # of any river; abolished in 2026, in the transitional telegrams only
    RIVER = "氾濫"  # of a river with a forecast of its own
    WIND = "風"
    BLIZZARD = "風雪"
    HEAVY_SNOW = "大雪"
    THUNDER = "雷"
    SNOW_MELT = "融雪"
    FOG = "濃霧"
    DRY_AIR = "乾燥"
    AVALANCHE = "なだれ"
    COLD = "低温"
    FROST = "霜"
    ICING = "着氷"
    SNOW_ACCRETION = "着雪"
    OTHER = "その他"
    TORNADO = "竜巻"
    RECORD_RAIN = "記録的短時間大雨"
    RAIN_BAND = "線状降水帯"
    SHORT_SNOW = "短時間大雪"
    HEAT = "熱中症"
    EARTHQUAKE = "地震"
    VOLCANO = "火山"


class Rank(IntEnum):
    """How grave, for everything but earthquakes; the numbers are those of the 警戒レベル that it corresponds to.

    What has no level of its own stands where it is treated alike: a tornado that was seen with the 危険警報.
    """

    NONE = 0
    INFORMATION = 1
    ADVISORY = 2  # 注意報
    WARNING = 3  # 警報
    DANGER = 4  # 危険警報
    SPECIAL = 5  # 特別警報


LEVELLED = frozenset({Hazard.HEAVY_RAIN, Hazard.LANDSLIDE, Hazard.RIVER})
"""Hazards whose rank is a 警戒レベル相当; https://www.jma.go.jp/jma/kishou/know/bosai/keiho-update2026/"""

INTENSITIES = ("", "1", "2", "3", "4", "5弱", "5強", "6弱", "6強", "7")
"""The seismic intensities by the rank of an earthquake; rank 0: none was observed."""


class Status(StrEnum):
    """Control/Status: only the first is real."""

    NORMAL = "通常"
    DRILL = "訓練"
    TEST = "試験"


class InfoType(StrEnum):
    """Head/InfoType. A cancellation says that an earlier telegram was a mistake; a lifted warning is an ISSUE."""

    ISSUE = "発表"
    CORRECTION = "訂正"
    CANCELLATION = "取消"


@dataclass(frozen=True, slots=True)
class Places:
    """The town, by the codes that telegrams use: never by name, which other towns share.

    `quake_area` is its 地震情報／細分区域 (empty: only the prefecture is known), `rivers` the 予報区域 that the
    town says concern it.
    """

    class20: str
    class15: str
    class10: str
    prefecture: str
    quake_area: str = ""
    rivers: tuple[str, ...] = ()

    @classmethod
    def of(cls, codes: Mapping[str, str], rivers: tuple[str, ...] = ()) -> Self:
        """From the `codes` of a town's folder."""
        return cls(
            codes["jma_class20"],
            codes["jma_class15"],
            codes["jma_class10"],
            codes["jma_prefecture"],
            codes.get("jma_quake_area", ""),
            rivers,
        )

    @property
    def wider(self) -> tuple[str, ...]:
        """The areas around the town, the smallest first."""
        return self.class15, self.class10, self.prefecture

    @property
    def quake_prefecture(self) -> str:
        """地震情報／都道府県等: the first two digits of the town's code."""
        return self.class20[:2]


@dataclass(frozen=True, slots=True)
class Heading:
    """Control and Head. `type` is the data type code (VPWW55), `sender` the office code in the telegram's address.

    `sent` is Control/DateTime (UTC), `reported` Head/ReportDateTime; both are aware. Texts are as written, in full
    width. `event` is empty and `serial` 0 where the telegram has none.
    """

    type: str
    sender: str
    control_title: str
    status: Status
    office: str
    publisher: str
    sent: datetime
    title: str
    reported: datetime
    event: str
    info: InfoType
    serial: int
    headline: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing in force for the town, or (rank 0, an earthquake) known not to have reached it.

    `thread` tells apart what can be in force twice of one hazard: the river, the earthquake. `rank` is a Rank, of an
    earthquake the index in INTENSITIES. `name` is the official name as written, `area` the area's; `wide`: that area
    is more than the town. `until` is when it is over by itself. `text` is more to quote. Of an earthquake, `settled`
    says that the town's own value is in, and `missing` that it has not come in but is 5弱 or more.
    """

    hazard: Hazard
    rank: int
    code: str
    name: str
    area: str
    wide: bool = False
    thread: str = ""
    until: datetime | None = None
    text: str = ""
    hypocentre: str = ""
    magnitude: str = ""
    settled: bool = True
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Telegram:
    """A telegram that was understood.

    `series` names those that replace each other. `covers` are the hazards whose whole state for the town it tells,
    `claims` what of them is in force. `concerns`: it speaks of the town; None where only earlier ones of its series
    can tell. A cancellation has no claims and takes back the one before it (`whole_series`: all before it).
    `transitional`: of the scheme before 2026-05-28.
    """

    heading: Heading
    series: str
    covers: tuple[Hazard, ...] = ()
    claims: tuple[Claim, ...] = ()
    concerns: bool | None = True
    transitional: bool = False
    whole_series: bool = False

    @property
    def is_real(self) -> bool:
        """Neither drill nor test."""
        return self.heading.status is Status.NORMAL

    @property
    def cancels(self) -> bool:
        """Whether it says that an earlier one was a mistake."""
        return self.heading.info is InfoType.CANCELLATION


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A telegram that says something unforeseen; the state stays as it was. `reason` is Japanese, for staff."""

    type: str
    reason: str


class UnforeseenError(Exception):
    """Something in a telegram is not as known; becomes a NotUnderstood."""


def plain(text: str) -> str:
    """Text as it is compared: full-width digits and letters as ASCII."""
    return unicodedata.normalize("NFKC", text).strip()
