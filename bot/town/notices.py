"""Reads `notices.toml`: the standing notices, each with exactly one rule of when it goes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Literal

from bot.domain.broadcasts import Priority
from bot.domain.nearest import did_you_mean
from bot.schedule.garbage import GarbagePlan
from bot.schedule.office import OfficeDays
from bot.schedule.rules import ChildAge, Moved, Rule
from bot.schedule.stages import Age, Born, Stage, parse_bound
from bot.town.faults import Faults
from bot.town.model import PLACEHOLDER, Notice
from bot.town.notice_rules import RuleReader
from bot.town.toml_tables import Table, read_toml

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a notice may be called."""
_DURATION = re.compile(r"(\d{1,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice as read, and its table, which knows the lines."""

    notice: Notice
    table: Table


def read_notices(
    file: Path,
    faults: Faults,
    taxes: Sequence[str] | None,
    office: OfficeDays,
    others: Callable[[str], Faults],
    *,
    garbage: GarbagePlan | None,
) -> list[Entry]:
    """The notices without serious faults; see `RuleReader` for `taxes`, `others` and `garbage`."""
    document = read_toml(file, faults)
    if document is None:
        return []
    rules = RuleReader(file.parent, taxes, office, others, garbage)
    tables = document.tables("notices")
    document.finish()
    entries: list[Entry] = []
    for table in tables:
        notice = _notice(table, rules)
        table.finish()
        if notice.name in {entry.notice.name for entry in entries}:
            table.fault("name", f"「{notice.name}」という名前のお知らせが2つあります。")
        entries.append(Entry(notice, table))
    return entries


def _notice(table: Table, rules: RuleReader) -> Notice:
    """One notice; where a fault was noted, a harmless value stands in."""
    name = table.text("name")
    if name and not NAME.fullmatch(name):
        table.fault("name", f"名前「{name}」は半角の英小文字・数字・- で書いてください。")
    segment = table.text("segment")
    return Notice(
        name=name,
        title=table.text("title"),
        template=table.text("template"),
        segment=segment,
        rule=_for_all(rules.rule(table))
        if "birth_months" in PLACEHOLDER.findall(segment)
        else rules.rule(table),
        grace=_grace(table),
        until=_until(table),
        context=table.texts("context"),
        priority=_priority(table),
        digest=table.flag("digest"),
        born=_born(table),
    )


def _for_all(rule: Rule) -> Rule:
    """The rule with one occurrence for the children of all ages: their months of birth are asked for together."""
    match rule:
        case ChildAge():
            return replace(rule, together=True)
        case Moved(ChildAge() as inner):
            return replace(rule, rule=replace(inner, together=True))
        case _:
            return rule


def _born(table: Table) -> Born | None:
    if "born" not in table:
        return None
    born = table.table("born")
    bounds = [born.faults.attempt(born.line(key), parse_bound, born.text(key)) for key in ("from", "until")]
    months_ago = born.whole("months_ago", 0)
    if not 0 <= months_ago <= 12:
        born.fault("months_ago", "months_ago は 0〜12 で書いてください。")
    born.finish()
    begin, end = bounds
    harmless = Born(Stage("born", Age(0), Age(1)))
    if begin is None or end is None:
        return harmless
    found = Born(Stage("born", begin, end), months_ago)
    if all(found.months(month) for month in ("2026-03", "2026-04")):
        return found
    born.fault("until", f"until「{born.text('until')}」が from「{born.text('from')}」より前です。")
    return harmless


def _grace(table: Table) -> timedelta:
    text = table.text("grace", required=False) or "6h"
    match = _DURATION.fullmatch(text)
    if not match:
        table.fault("grace", f"grace「{text}」は 30m・6h・2d のように書いてください(分・時間・日)。")
        return timedelta()
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _until(table: Table) -> time | Literal["date"] | None:
    if "useful_until" not in table:
        return None
    if "grace" in table:
        table.fault("grace", "grace と useful_until は、どちらか1つだけ書いてください。")
    if table.is_text("useful_until", "date"):
        return "date"
    return table.clock("useful_until")


def _priority(table: Table) -> Priority:
    text = table.text("priority", required=False) or "normal"
    names = [priority.name.lower() for priority in Priority]
    if text not in names:
        table.fault("priority", f"優先度「{text}」はありません。{did_you_mean(text, names)}")
        return Priority.NORMAL
    return Priority[text.upper()]
