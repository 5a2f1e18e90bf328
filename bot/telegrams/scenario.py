"""A folder of telegrams to be replayed as a drill: read, put in order, and moved to the present."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError
from bot.jma.reading import READERS, read
from bot.jma.values import Claim, NotUnderstood, Places, Status, Telegram, plain
from bot.sources.xml_tree import LARGEST, NotXmlError, read_tree

_NAMED = re.compile(r"(?<![A-Z])([A-Z]{4}(?:\d\d|ii))(?!\d)")
"""A data type in a file's name; `VXKOii` is how JMA's samples write VXKO50 to 89."""
_SENDER = re.compile(r"_[A-Z]{4}\d{2}_(\w{1,20})\.xml$")
_TITLED: Mapping[str, str] = {
    "気象警報・注意報(R06)(大雨)": "VPWW55",
    "気象警報・注意報(R06)(土砂": "VPWW56",
    "気象警報・注意報(R06)(暴風": "VPWW58",
    "気象警報・注意報(R06)(大雪)": "VPWW60",
    "気象警報・注意報(R06)(その他": "VPWW61",
    "気象警報・注意報(H27)": "VPWW54",
    "指定河川洪水予報": "VXKO50",
    "土砂災害警戒情報": "VXWW50",
    "府県気象防災速報": "VPBS50",
    "記録的短時間大雨情報": "VPOA50",
    "竜巻注意情報(目撃情報付き)": "VPHW51",
    "竜巻注意情報": "VPHW50",
    "熱中症警戒アラート": "VPFT50",
    "震度速報": "VXSE51",
    "震源に関する情報": "VXSE52",
    "震源・震度に関する情報": "VXSE53",
    "顕著な地震の震源要素更新のお知らせ": "VXSE61",
    "噴火に関する火山観測報": "VFVO52",
    "降灰予報(定時)": "VFVO53",
}
"""The type by what a telegram says it is, Control/Title, where its file's name does not tell."""
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Played:
    """A telegram of a folder, with the times it has there."""

    file: str
    telegram: Telegram


@dataclass(frozen=True, slots=True)
class Moment:
    """The telegrams of one official time: they are issued together."""

    reported: datetime
    played: tuple[Played, ...]

    def at(self, moment: datetime) -> list[Telegram]:
        """The telegrams as if they were issued at another time."""
        return [moved(each.telegram, moment) for each in self.played]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A folder, read: its moments in order of time, and the files of types that are not read."""

    folder: Path
    moments: tuple[Moment, ...]
    skipped: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many telegrams there are."""
        return sum(len(moment.played) for moment in self.moments)


def read_scenario(folder: Path, places: Places) -> Scenario:
    """The telegrams of a folder, whatever their status: every XML file directly in it.

    Raises:
        InvalidInputError: there is none, or some cannot be read; each is named with the reason.
    """
    if not folder.is_dir():
        raise InvalidInputError(
            f"フォルダー {folder} がありません。電文(XML)の入ったフォルダーを指定してください。"
        )
    played: list[Played] = []
    skipped: list[str] = []
    faults: list[str] = []
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() != ".xml" or not file.is_file():
            continue
        found = _read(file, places)
        if isinstance(found, Telegram):
            played.append(Played(file.name, found))
        elif found is None:
            skipped.append(file.name)
        else:
            faults.append(f"{file.name}: {found}")
    if faults:
        raise InvalidInputError(
            "\n".join([*faults, f"読めない電文が {len(faults)} 通あります。訓練を始めません。"])
        )
    if not played:
        more = f"(読まない種類の電文が {len(skipped)} 通あります)" if skipped else ""
        raise InvalidInputError(f"フォルダー {folder} に、訓練に使える電文(*.xml)がありません{more}。")
    return Scenario(folder, tuple(_moments(played)), tuple(skipped))


def _read(file: Path, places: Places) -> Telegram | str | None:
    """A telegram, or why it cannot be read; None for one of a type that is not read."""
    try:
        with file.open("rb") as opened:
            body = opened.read(LARGEST + 1)
        type_ = _type(file.name, body)
    except OSError as error:
        return f"開けません({error.strerror or error})。"
    except NotXmlError as error:
        return str(error)
    if type_ is None:
        return "電文の種類が分かりません。ファイル名に種類(VPWW55 など)を入れてください。"
    if type_ not in READERS:
        return None
    sender = _SENDER.search(file.name)
    what = read(body, type_, places, sender[1] if sender else "")
    if isinstance(what, NotUnderstood):
        hint = ""
        if type_ == "VPFT50" and sender is None:
            hint = f"ファイル名を …_VPFT50_{places.prefecture}.xml のようにしてください。"
        return what.reason + hint
    return what


def _type(name: str, body: bytes) -> str | None:
    if found := _NAMED.search(name):
        return found[1].replace("ii", "50")
    title = plain(read_tree(body).say("Control", "Title"))
    return next((type_ for start, type_ in _TITLED.items() if title.startswith(start)), None)


def _moments(played: list[Played]) -> Iterator[Moment]:
    times = sorted({each.telegram.heading.reported for each in played})
    for time_ in times:
        yield Moment(time_, tuple(each for each in played if each.telegram.heading.reported == time_))


def moved(telegram: Telegram, moment: datetime) -> Telegram:
    """A telegram as if it were issued at a moment, and real: in a drill it counts as such.

    What it says in words stays as it is.
    """
    heading = telegram.heading
    shift = moment - heading.reported
    valid = heading.valid_until
    return replace(
        telegram,
        heading=replace(
            heading,
            status=Status.NORMAL,
            reported=moment,
            sent=heading.sent + shift,
            valid_until=None if valid is None else valid + shift,
        ),
        claims=tuple(_moved(claim, heading.reported, moment) for claim in telegram.claims),
    )


def _moved(claim: Claim, reported: datetime, moment: datetime) -> Claim:
    if claim.until is None:
        return claim
    end = claim.until.astimezone(TOKYO)
    if end.time() == time():  # the end of a day stays the end of a day
        days = end.date() - reported.astimezone(TOKYO).date()
        return replace(claim, until=datetime.combine(moment.astimezone(TOKYO).date() + days, time(), TOKYO))
    return replace(claim, until=claim.until + (moment - reported))


def later(moment: datetime, than: datetime | None) -> datetime:
    """A moment, or the next possible one if it is not after another: the order of telegrams is that of their times."""
    return moment if than is None or moment > than else than + _TICK
