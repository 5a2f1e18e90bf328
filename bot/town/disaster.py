"""Reads `disaster.toml`: who hears of JMA's warnings, where the town wants it otherwise than is usual."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.broadcasts import Priority
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.jma.values import INTENSITIES, LEVELLED, Hazard
from bot.town.audience import audience_faults
from bot.town.faults import Faults
from bot.town.model import Disaster, DisasterRule, Town
from bot.town.toml_tables import Table, read_toml

_QUAKE = frozenset({Hazard.EARTHQUAKE})
_SIGHTED = frozenset({Hazard.TORNADO, Hazard.RAIN_BAND, Hazard.RECORD_RAIN})
_DISASTER = "topic = disaster"

DEFAULTS = (
    DisasterRule("default-special", 5, "all", priority=Priority.EMERGENCY),
    DisasterRule("default-danger", 4, "all", LEVELLED, priority=Priority.EMERGENCY),
    DisasterRule("default-sighted", 4, "all", _SIGHTED),
    DisasterRule("default-heat", 3, _DISASTER, frozenset({Hazard.HEAT}), priority=Priority.NORMAL),
    DisasterRule("default-warning", 3, _DISASTER),
    DisasterRule("default-quake", 5, "all", _QUAKE, priority=Priority.EMERGENCY),
    DisasterRule("default-quake-4", 4, _DISASTER, _QUAKE),
)
"""What every town does where its own rules say nothing: 特別警報 and 危険警報 to everybody, 警報 to who chose it."""

_HOWS = ("at_once", "draft", "none")
_ON = ("raise", "lower", "lift")
_LEVELS = range(1, 6)
_ALARM_HOURS = Disaster().alarm_hours
_WEEK_HOURS = 168
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class DisasterEntry:
    """A rule as read, and its table, which knows the lines."""

    rule: DisasterRule
    table: Table


def read_disaster(file: Path, faults: Faults) -> tuple[Disaster, Sequence[DisasterEntry]]:
    """The town's rules before the usual ones; and its own with their lines. The file may be missing."""
    document = read_toml(file, faults) if file.exists() else None
    if document is None:
        return Disaster(DEFAULTS), ()
    rivers: tuple[str, ...] = document.items("rivers", str)
    for river in rivers:
        if not re.fullmatch(r"\d{12}", river, re.ASCII):
            document.fault("rivers", f"予報区域のコードは12桁の数字です(いまは {river})。")
    hours = document.whole("alarm_hours", _ALARM_HOURS)
    if not 1 <= hours <= _WEEK_HOURS:
        document.fault("alarm_hours", f"alarm_hours は1〜{_WEEK_HOURS}の数で書いてください(いまは {hours})。")
    tables = document.tables("rules")
    document.finish()
    entries = [DisasterEntry(_rule(table), table) for table in tables]
    seen: set[str] = set()
    for entry in entries:
        if entry.rule.name in seen:
            entry.table.fault("name", f"「{entry.rule.name}」という名前の決まりが2つあります。")
        seen.add(entry.rule.name)
    return Disaster((*(entry.rule for entry in entries), *DEFAULTS), rivers, hours), entries


def _rule(table: Table) -> DisasterRule:
    """One rule; where a fault was noted, a harmless value stands in."""
    name = table.text("name")
    if name and not _NAME.fullmatch(name):
        table.fault("name", f"名前「{name}」は半角の英小文字・数字・- で書いてください。")
    hazards, rank = _hazards(table), _rank(table)
    if hazards == {Hazard.EARTHQUAKE} and "level" in table:
        table.fault("level", "地震の決まりには、level ではなく intensity(震度)を書いてください。")
    how = table.text("how", required=False) or "at_once"
    if how not in _HOWS:
        table.fault("how", f"how「{how}」はありません。{did_you_mean(how, _HOWS)}")
    segment = table.text("segment", required=how != "none")
    priority = table.text("priority", required=False) or "urgent"
    levels = [each.name.lower() for each in Priority]
    if priority not in levels:
        table.fault("priority", f"優先度「{priority}」はありません。{did_you_mean(priority, levels)}")
        priority = "urgent"
    on: tuple[str, ...] = table.items("on", str) or _ON
    for each in on:
        if each not in _ON:
            table.fault("on", f"on「{each}」はありません。{did_you_mean(each, _ON)}")
    table.finish()
    return DisasterRule(name, rank, segment or "all", hazards, how, Priority[priority.upper()], frozenset(on))


def _hazards(table: Table) -> frozenset[Hazard]:
    if "intensity" in table:
        if "hazards" in table:
            table.fault("hazards", "intensity(震度)の決まりには hazards を書きません。")
        return _QUAKE
    names = table.items("hazards", str)
    known = [hazard.value for hazard in Hazard]
    for name in names:
        if name not in known:
            table.fault("hazards", f"「{name}」という災害はありません。{did_you_mean(name, known)}")
    return frozenset(Hazard(name) for name in names if name in known)


def _rank(table: Table) -> int:
    if ("level" in table) == ("intensity" in table):
        table.fault("", "level(1〜5)か intensity(震度)のどちらか1つを書いてください。")
        return max(_LEVELS)
    if "level" in table:
        level = table.whole("level", max(_LEVELS))
        if level not in _LEVELS:
            table.fault("level", f"level は1〜5の数で書いてください(いまは {level})。")
        return level
    intensity, known = table.text("intensity"), INTENSITIES[1:]
    if intensity not in known:
        table.fault("intensity", f"震度「{intensity}」はありません。{did_you_mean(intensity, known)}")
        return len(INTENSITIES) - 1
    return INTENSITIES.index(intensity)


def disaster_faults(town: Town | None, entries: Sequence[DisasterEntry]) -> list[Fault]:
    """The faults of rules that show only beside the town's names: a segment that means nobody."""
    if town is None:
        return []
    proved = (audience_faults(town, each.table, each.rule.segment) for each in entries)
    return [fault for found in proved for fault in found]
