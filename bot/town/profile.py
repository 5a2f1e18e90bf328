"""Reads `town.toml`: who the town is, how to reach it, and what its residents can choose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from bot.domain.nearest import did_you_mean
from bot.domain.overload import Overload
from bot.domain.quiet_hours import QuietHours
from bot.domain.residents import LANGUAGES, Fact
from bot.town.cap import CapEntry, read_cap
from bot.town.emergency import read_safety_days, read_staff
from bot.town.faults import Faults
from bot.town.model import Choice, Loudspeakers, Office, StaffMember, Topic
from bot.town.toml_tables import Table, read_toml

TOPICS = ("childcare", "disaster", "bus", "tax")
"""Topics that every town has; others are the town's own."""

QUIET_HOURS = QuietHours(time(21), time(7))
"""The quiet hours of a town that does not set its own."""

GARBAGE_DEADLINE = time(8)
"""When garbage must be out where the town does not say."""

OVERLOAD = Overload()
"""The limit of a town that does not set its own."""

_ASKABLE = (Fact.BIRTH_MONTH, Fact.DISTRICT, Fact.BUS_STOP, Fact.TAX, Fact.GARBAGE_AREA)
_CODES = {
    "jis": 5,
    "local_government": 6,
    "jma_class20": 7,
    "jma_class15": 6,
    "jma_class10": 6,
    "jma_prefecture": 6,
}
"""The codes of a town and how many digits each has."""
_QUAKE_AREA = "jma_quake_area"
"""The region that the first report of an earthquake names; without it that report is read by prefecture."""

_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Profile:
    """What `town.toml` says; see `Town` for the meaning of each field."""

    name: str
    reading: str
    romaji: str
    codes: Mapping[str, str]
    office: Office
    languages: tuple[str, ...]
    topics: tuple[Topic, ...]
    districts: tuple[Choice, ...]
    taxes: tuple[Choice, ...]
    quiet_hours: QuietHours | None
    overload: Overload | None
    closed_days: frozenset[date]
    garbage_week_shift: bool
    garbage_deadline: time
    staff: tuple[StaffMember, ...]
    safety_days: int
    loudspeakers: Loudspeakers
    cap: tuple[CapEntry, ...]


def read_profile(file: Path, faults: Faults) -> Profile | None:
    """The profile, with empty values where faults were noted; None if the file cannot be read at all."""
    table = read_toml(file, faults)
    if table is None:
        return None
    week_shift, deadline = _garbage(table)
    profile = Profile(
        name=table.text("name"),
        reading=table.text("reading"),
        romaji=table.text("romaji"),
        languages=_languages(table),
        codes=_codes(table.table("codes")),
        office=_office(table.table("office")),
        topics=_topics(table),
        districts=_choices(table, "districts"),
        taxes=_choices(table, "taxes"),
        quiet_hours=_quiet_hours(table),
        overload=_overload(table),
        closed_days=_closed_days(table),
        garbage_week_shift=week_shift,
        garbage_deadline=deadline,
        staff=read_staff(table),
        safety_days=read_safety_days(table),
        loudspeakers=_loudspeakers(table),
        cap=read_cap(table),
    )
    if profile.reading and not re.fullmatch(r"[ぁ-ゖー]+", profile.reading):
        table.fault("reading", "「reading」はひらがなで書いてください。")
    quiet, limit = profile.quiet_hours, profile.overload
    if "overload" in table and quiet and limit and quiet.holds_clock(limit.digest):
        why = f"まとめの時刻 {limit.digest:%H:%M} は配信を控える時間({quiet})です。"
        table.fault("overload", f"{why}「digest」をほかの時刻にしてください。")
    asked = {topic.asks for topic in profile.topics}
    offered = (Fact.DISTRICT, "districts", profile.districts), (Fact.TAX, "taxes", profile.taxes)
    for fact, key, choices in offered:
        if fact in asked and not choices:
            table.fault("", f"分野が尋ねる [[{key}]] が1つもありません。")
    table.finish()
    return profile


def _languages(table: Table) -> tuple[str, ...]:
    languages: tuple[str, ...] = table.items("languages", str, required=True)
    for language in languages:
        if language not in LANGUAGES:
            table.fault("languages", f"言語「{language}」はありません。{did_you_mean(language, LANGUAGES)}")
    if languages and "ja" not in languages:
        table.fault("languages", "「languages」には ja を入れてください。訳のない言葉は日本語で送ります。")
    return languages


def check_digit(jis: str) -> str:
    """The sixth digit of a 全国地方公共団体コード, from the five of JIS X 0401/0402 (総務省 検査数字)."""
    total = sum(int(digit) * weight for digit, weight in zip(jis, (6, 5, 4, 3, 2), strict=True))
    return str((11 - total % 11) % 10)


def _codes(table: Table) -> dict[str, str]:
    codes = {}
    for key, digits in _CODES.items():
        codes[key] = table.text(key)
        if codes[key] and not re.fullmatch(rf"\d{{{digits}}}", codes[key]):
            table.fault(key, f"「{key}」は{digits}桁の数字です(いまは {codes[key]})。")
    if area := table.text(_QUAKE_AREA, required=False):
        codes[_QUAKE_AREA] = area
        if not re.fullmatch(r"\d{3}", area):
            table.fault(_QUAKE_AREA, f"「{_QUAKE_AREA}」は3桁の数字です(いまは {area})。")
    table.finish()
    jis, whole, class20 = codes["jis"], codes["local_government"], codes["jma_class20"]
    if re.fullmatch(r"\d{5}", jis):
        if whole and whole != jis + check_digit(jis):
            expected = jis + check_digit(jis)
            table.fault("local_government", f"jis {jis} の団体コードは、検査数字を付けて {expected} です。")
        if class20 and not class20.startswith(jis):
            table.fault("jma_class20", f"気象庁の市町村コードは {jis} で始まります(いまは {class20})。")
    return codes


def _office(table: Table) -> Office:
    office = Office(
        name=table.text("name"),
        phone=table.text("phone"),
        hours=table.text("hours"),
        website=table.text("website"),
    )
    if office.phone and not re.fullmatch(r"0\d{1,4}-\d{1,4}-\d{3,4}", office.phone):
        table.fault("phone", "電話番号は市外局番から 0237-00-0000 のように書いてください。")
    if office.website and not re.fullmatch(r"https?://\S+", office.website):
        table.fault("website", "「website」は https:// で始まるアドレスを書いてください。")
    table.finish()
    return office


def _loudspeakers(document: Table) -> Loudspeakers:
    if "loudspeakers" not in document:
        return Loudspeakers()
    table = document.table("loudspeakers")
    found = Loudspeakers(table.text("opening", required=False), table.text("siren", required=False))
    table.finish()
    return found


def _quiet_hours(document: Table) -> QuietHours | None:
    """The town's quiet hours; None if it wants none, and while they cannot be read."""
    if "quiet_hours" not in document:
        return QUIET_HOURS
    table = document.table("quiet_hours")
    if table.flag("off"):
        for key in ("from", "to"):
            if key in table:
                table.fault(key, f"off = true のときは「{key}」を書けません。どちらかを消してください。")
        table.finish()
        return None
    start, end = table.clock("from"), table.clock("to")
    table.finish()
    if start is None or end is None:
        return None
    if start == end:
        table.fault(
            "to", "「from」と「to」が同じ時刻です。控える時間を設けないときは off = true と書いてください。"
        )
        return None
    return QuietHours(start, end)


def _closed_days(document: Table) -> frozenset[date]:
    if "closed_days" not in document:
        return frozenset()
    table = document.table("closed_days")
    days = table.day_list("dates")
    table.finish()
    return frozenset(days)


def _garbage(document: Table) -> tuple[bool, time]:
    """5374.jp's WeekShift, and when garbage must be out."""
    table = document.table("garbage", required=False)
    week_shift = table.flag("week_shift") if "week_shift" in table else True
    deadline = table.clock("deadline") if "deadline" in table else None
    table.finish()
    return week_shift, deadline or GARBAGE_DEADLINE


def _overload(document: Table) -> Overload | None:
    """How many messages a day; None if the town sets no limit."""
    if "overload" not in document:
        return OVERLOAD
    table = document.table("overload")
    if table.flag("off"):
        for key in ("messages_a_day", "digest"):
            if key in table:
                table.fault(key, f"off = true のときは「{key}」を書けません。どちらかを消してください。")
        table.finish()
        return None
    most = table.whole("messages_a_day", OVERLOAD.messages_a_day)
    if most < 1:
        table.fault("messages_a_day", "「messages_a_day」は1以上の数にしてください。")
    digest = table.clock("digest") if "digest" in table else OVERLOAD.digest
    table.finish()
    return Overload(most, digest or OVERLOAD.digest)


def _topics(table: Table) -> tuple[Topic, ...]:
    topics = []
    tables = table.tables("topics")
    for each in tables:
        choice = _choice(each, "key")
        if choice.name and not _KEY.fullmatch(choice.name):
            each.fault("key", f"分野の key「{choice.name}」は半角の英小文字・数字・_ で書いてください。")
        if choice.name and "ja" not in choice.labels:
            each.fault("labels", f"分野「{choice.name}」には labels.ja(日本語の表示)が必要です。")
        topics.append(Topic(choice, _asks(each)))
        each.finish()
    _unique(tables, "key", [topic.key for topic in topics])
    for key in TOPICS:
        if key not in {topic.key for topic in topics}:
            table.fault("topics", f"分野「{key}」がありません。どの町にも必要な分野です。")
    return tuple(topics)


def _asks(table: Table) -> Fact | None:
    asks = table.text("asks", required=False)
    if not asks:
        return None
    if asks not in _ASKABLE:
        table.fault("asks", f"「{asks}」は尋ねられません。{did_you_mean(asks, map(str, _ASKABLE))}")
        return None
    return Fact(asks)


def _choices(table: Table, key: str) -> tuple[Choice, ...]:
    tables = table.tables(key)
    choices = tuple(_choice(each, "name") for each in tables)
    for each in tables:
        each.finish()
    _unique(tables, "name", [choice.name for choice in choices])
    return choices


def _choice(table: Table, key: str) -> Choice:
    name = table.text(key)
    if '"' in name or "\n" in name:
        table.fault(key, "名前に引用符や改行は使えません。")
    labels = table.texts("labels")
    for language in labels.keys() - set(LANGUAGES):
        table.fault("labels", f"言語「{language}」はありません。{did_you_mean(language, LANGUAGES)}")
    return Choice(name, table.text("reading", required=False), table.items("aliases", str), labels)


def _unique(tables: Iterable[Table], key: str, names: Iterable[str]) -> None:
    seen = set()
    for table, name in zip(tables, names, strict=True):
        if name in seen:
            table.fault(key, f"「{name}」が2つあります。")
        seen.add(name)
