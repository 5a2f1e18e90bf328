"""Reads `events.csv`: the open-data list of events (イベント一覧), in the form of either generation.

自治体標準オープンデータセット (デジタル庁; heads its rows with 全国地方公共団体コード, ID, 地方公共団体名) and the
推奨データセット before it (都道府県コード又は市区町村コード, NO, 都道府県名, 市区町村名).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from bot.domain.events import Event, midnight
from bot.domain.nearest import did_you_mean
from bot.town.csv_rows import Row, Sheet, read_csv
from bot.town.faults import Faults
from bot.town.profile import Profile, check_digit
from bot.town.spreadsheet_words import sheet_day, sheet_time

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("全国地方公共団体コード", "都道府県コード又は市区町村コード"),
    "id": ("ID", "NO"),
    "name": ("イベント名",),
    "name_en": ("イベント名_英字", "イベント名_英語"),
    "first": ("開始日",),
    "last": ("終了日",),
    "from": ("開始時間",),
    "until": ("終了時間",),
    "note": ("開始日時特記事項",),
    "days": ("開催日一覧",),
    "description": ("説明",),
    "place": ("場所名称",),
    "address": ("所在地_連結表記", "住所"),
    "url": ("URL", "コンテンツURL"),
    "categories": ("カテゴリー", "カテゴリ", "タグ", "イベント種類"),
    "topics": ("分野",),
    "district": ("地区",),
}
"""What is read, and the columns it may stand in, the first that is filled (categories: all of them).

分野 and 地区 are the town's own, on top of the standard."""

_DAY = timedelta(days=1)
_SMALL_HOURS = timedelta(hours=30)
"""An event of the night may end at 25:00, until six in the morning."""
_SOMETIME = midnight(date(2000, 1, 1))
"""Stands in for the times of an event until they are known."""

EVENTS_TOPIC = "events"
"""The topic that every event concerns, in a town that has it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The town's names that an event may use."""

    code: str
    topics: Mapping[str, str]  # folded name or label to the topic's key
    districts: tuple[str, ...]

    @classmethod
    def of(cls, profile: Profile) -> Words:
        """The names of a town."""
        topics: dict[str, str] = {}
        for topic in profile.topics:
            choice = topic.choice
            for name in (choice.name, choice.reading, *choice.aliases, *choice.labels.values()):
                topics.setdefault(_folded(name), topic.key)
        code = profile.codes["local_government"]
        return cls(code, topics, tuple(choice.name for choice in profile.districts))

    def topics_of(self, categories: tuple[str, ...]) -> tuple[str, ...]:
        """The topics that categories name, and that of all events."""
        own = (EVENTS_TOPIC,) if EVENTS_TOPIC in self.topics.values() else ()
        named = (self.topics[word] for name in categories if (word := _folded(name)) in self.topics)
        return tuple(dict.fromkeys((*own, *named)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def listed(cell: str) -> tuple[str, ...]:
    """The parts of a cell that lists several, such as `祭り;子育て`."""
    return tuple(part for part in re.split(r"[\s;；、，,]+", cell) if part)


def read_event_sheet(file: Path, faults: Faults, words: Words) -> tuple[Event, ...]:
    """The events whose rows have no fault; of a row that lists several days, one each."""
    sheet = read_csv(file, faults, ["イベント名", "開始日"])
    events: dict[str, Event] = {}
    lines: dict[str, int] = {}
    for row in sheet.rows if sheet else ():
        for event in _Reader(_renamed(row, sheet), row.line, faults, words).events():
            if event.id in events:
                told = (
                    f"ID「{event.id}」が{lines[event.id]}行目と同じです。催しごとに違う ID にしてください。"
                )
                faults.add(row.line, told)
            events.setdefault(event.id, event)
            lines.setdefault(event.id, row.line)
    return tuple(events.values())


def _end_time(text: str) -> timedelta:
    return sheet_time(text, _SMALL_HOURS)


def _renamed(row: Row, sheet: Sheet | None) -> dict[str, str]:
    """The row by our names; brackets of any width in a heading make no difference."""
    cells = {_folded(column): row[column] for column in (sheet.columns if sheet else ())}
    every = ";".join(cells.get(_folded(name), "") for name in _COLUMNS["categories"])
    found = {
        ours: next((cell for name in columns if (cell := cells.get(_folded(name), ""))), "")
        for ours, columns in _COLUMNS.items()
    }
    return {**found, "categories": every}


class _Reader:
    """Reads one row."""

    def __init__(self, cells: Mapping[str, str], line: int, faults: Faults, words: Words) -> None:
        self._cells = cells
        self._line = line
        self._faults = faults
        self._words = words

    def events(self) -> Iterator[Event]:
        """The events of the row; none if it has a fault."""
        before = len(self._faults.found)
        self._check_code()
        if not self._cells["name"]:
            self._fault("「イベント名」が空です。")
        spans = self._spans()
        begin, end = self._time("from", sheet_time), self._time("until", _end_time)
        if self._cells["until"] and not self._cells["from"]:
            self._fault("「終了時間」だけがあります。「開始時間」も書いてください。")
        common = self._common()
        if len(self._faults.found) > before:
            return
        for first, last in spans:
            start = midnight(first) + (begin or timedelta())
            finish = midnight(last) + (_DAY if begin is None else begin if end is None else end)
            if finish < start:  # of one day: 23:00 to 1:00
                finish += _DAY
            own = self._id(first, begin)
            yield replace(common, id=own, start=start, end=finish, all_day=begin is None)

    def _common(self) -> Event:
        """The row's event without its times."""
        cells = self._cells
        return Event(
            id="",
            name=cells["name"],
            start=_SOMETIME,
            end=_SOMETIME,
            name_en=cells["name_en"],
            place=" ".join(dict.fromkeys(part for part in (cells["place"], cells["address"]) if part)),
            description="\n".join(part for part in (cells["description"], cells["note"]) if part),
            url=self._url(),
            categories=tuple(dict.fromkeys(listed(cells["categories"]))),
            topics=self._topics(),
            district=self._district(),
        )

    def _spans(self) -> list[tuple[date, date]]:
        """First and last days: of each day listed, else from 開始日 to 終了日."""
        days = listed(self._cells["days"])
        if days:
            read = (self._faults.attempt(self._line, sheet_day, day) for day in days)
            return sorted({(day, day) for day in read if day})
        if not self._cells["first"]:
            self._fault("「開始日」が空です。")
            return []
        first = self._faults.attempt(self._line, sheet_day, self._cells["first"])
        last = first
        if self._cells["last"]:
            last = self._faults.attempt(self._line, sheet_day, self._cells["last"])
        if first is None or last is None:
            return []
        if last < first:
            self._fault(f"終了日 {last} が開始日 {first} より前です。")
        return [(first, last)]

    def _fault(self, message: str) -> None:
        self._faults.add(self._line, message)

    def _check_code(self) -> None:
        """The code must be the town's; a lost leading zero or check digit is mended without a word."""
        code = unicodedata.normalize("NFKC", self._cells["code"]).strip()
        if not code or code.lstrip("0") in {self._words.code.lstrip("0"), self._words.code[:5].lstrip("0")}:
            return
        known = self._words.code
        if not re.fullmatch(r"\d{1,6}", code):
            told = f"団体コード「{code}」は数字で書いてください。この町は {known} です。"
        elif len(code) == 6 and code != code[:5] + check_digit(code[:5]):
            told = f"団体コード「{code}」は検査数字が合いません。この町は {known} です。"
        else:
            told = f"団体コード「{code}」は、この町({known})のものではありません。ほかの市町村の行は消してください。"
        self._fault(told)

    def _time(self, name: str, read: Callable[[str], timedelta]) -> timedelta | None:
        text = self._cells[name]
        return self._faults.attempt(self._line, read, text) if text else None

    def _topics(self) -> tuple[str, ...]:
        given = listed(self._cells["topics"])
        for name in given:
            if _folded(name) not in self._words.topics:
                near = did_you_mean(name, self._words.topics.values())
                self._fault(f"分野「{name}」は town.toml にありません。{near}")
        if given:
            found = (self._words.topics.get(_folded(name), "") for name in given)
            return tuple(dict.fromkeys(key for key in found if key))
        return self._words.topics_of(listed(self._cells["categories"]))

    def _district(self) -> str:
        district = self._cells["district"]
        if district and district not in self._words.districts:
            near = did_you_mean(district, self._words.districts)
            self._fault(f"地区「{district}」は town.toml にありません。{near}")
        return district

    def _url(self) -> str:
        url = self._cells["url"]
        if url and not re.fullmatch(r"https?://\S+", url):
            self._fault(f"URL「{url}」は https:// で始まるアドレスを書いてください。")
        return url

    def _id(self, day: date, begin: timedelta | None) -> str:
        """The row's own id, with the day where it lists several; else one made of the name and when it starts."""
        own = self._cells["id"]
        if not own:
            made = f"{hashlib.sha256(self._cells['name'].encode()).hexdigest()[:12]}/{day}"
            return made if begin is None else f"{made}T{midnight(day) + begin:%H%M}"
        return f"{own}/{day}" if self._cells["days"] else own
