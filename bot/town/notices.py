"""Reads `notices.toml`: the standing notices, each with exactly one rule of when it goes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

from bot.domain.broadcasts import Priority
from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.schedule import crontab
from bot.schedule.rules import (
    CalendarEntry,
    ChildAge,
    Cron,
    DaysBefore,
    Monthly,
    OnDates,
    Rule,
    Weekly,
)
from bot.town.calendars import read_calendar
from bot.town.faults import Faults
from bot.town.model import Notice
from bot.town.toml_tables import Table, read_toml

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DURATION = re.compile(r"(\d{1,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time()
"""Stands in for a time that could not be read; its fault keeps it from ever being used."""
_NTH = re.compile(rf"([1-5])({'|'.join(_WEEKDAYS)})")


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice as read, and its table, which knows the lines."""

    notice: Notice
    table: Table


def read_notices(
    file: Path, faults: Faults, taxes: Sequence[str] | None, others: Callable[[str], Faults]
) -> list[Entry]:
    """The notices without serious faults. `others` gives where to note faults of a calendar file."""
    document = read_toml(file, faults)
    if document is None:
        return []
    reader = _Reader(file.parent, taxes, others)
    tables = document.tables("notices")
    document.finish()
    entries: list[Entry] = []
    for table in tables:
        notice = reader.notice(table)
        table.finish()
        if notice.name in {entry.notice.name for entry in entries}:
            table.fault("name", f"「{notice.name}」という名前のお知らせが2つあります。")
        entries.append(Entry(notice, table))
    return entries


class _Reader:
    def __init__(self, folder: Path, taxes: Sequence[str] | None, others: Callable[[str], Faults]) -> None:
        self._folder = folder
        self._taxes = taxes
        self._others = others
        self._calendars: dict[str, tuple[CalendarEntry, ...]] = {}

    def notice(self, table: Table) -> Notice:
        """One notice; where a fault was noted, a harmless value stands in."""
        name = table.text("name")
        if name and not _NAME.fullmatch(name):
            table.fault("name", f"名前「{name}」は半角の英小文字・数字・- で書いてください。")
        calendar, rule = self._rule(table)
        return Notice(
            name=name,
            title=table.text("title"),
            template=table.text("template"),
            segment=table.text("segment"),
            rule=rule,
            grace=_grace(table),
            calendar=calendar,
            context=table.texts("context"),
            priority=_priority(table),
        )

    def _rule(self, table: Table) -> tuple[tuple[CalendarEntry, ...], Rule]:
        chosen = [key for key in (*_RULES, "days_before") if key in table]
        if len(chosen) != 1:
            which = f"{'と'.join(chosen)}があります" if chosen else "どれもありません"
            table.fault("", f"いつ送るかを、{_KEYS}のどれか1つで書いてください(いまは{which})。")
        if not chosen:
            return (), OnDates((), _MIDNIGHT)
        if chosen[0] == "days_before":
            before = table.table("days_before")
            calendar = self._calendar(before)
            return calendar, _days_before(before)
        return (), _RULES[chosen[0]](table)

    def _calendar(self, table: Table) -> tuple[CalendarEntry, ...]:
        file = table.text("calendar")
        if not file:
            return ()
        there = [path.name for path in self._folder.glob("*.csv")]
        if file not in there:
            where = f"カレンダー「{file}」が町のフォルダーの直下にありません。"
            table.fault("calendar", where + did_you_mean(file, there))
            return ()
        if file not in self._calendars:
            self._calendars[file] = read_calendar(self._folder / file, self._others(file), self._taxes)
        return self._calendars[file]


def _grace(table: Table) -> timedelta:
    text = table.text("grace", required=False) or "6h"
    match = _DURATION.fullmatch(text)
    if not match:
        table.fault("grace", f"grace「{text}」は 30m・6h・2d のように書いてください(分・時間・日)。")
        return timedelta()
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _priority(table: Table) -> Priority:
    text = table.text("priority", required=False) or "normal"
    names = [priority.name.lower() for priority in Priority]
    if text not in names:
        table.fault("priority", f"優先度「{text}」はありません。{did_you_mean(text, names)}")
        return Priority.NORMAL
    return Priority[text.upper()]


def _on_dates(table: Table) -> Rule:
    return OnDates(table.day_list("dates"), table.clock("time") or _MIDNIGHT)


def _weekly(table: Table) -> Rule:
    weekly = table.table("weekly")
    days = set()
    for name in weekly.items("days", str, required=True):
        if name in _WEEKDAYS:
            days.add(_WEEKDAYS.index(name))
        else:
            weekly.fault("days", f"曜日「{name}」はありません。{did_you_mean(name, _WEEKDAYS)}")
    rule = Weekly(frozenset(days), weekly.clock("time") or _MIDNIGHT)
    weekly.finish()
    return rule


def _monthly(table: Table) -> Rule:
    monthly = table.table("monthly")
    days = monthly.items("days", int)
    for number in days:
        if not (1 <= number <= 31 or number == -1):
            monthly.fault("days", f"日「{number}」は 1〜31、月の最後の日は -1 と書いてください。")
    nth = []
    for text in monthly.items("nth", str):
        if match := _NTH.fullmatch(text):
            nth.append((int(match[1]), _WEEKDAYS.index(match[2])))
        else:
            monthly.fault("nth", f"「{text}」は 2tue(第2火曜)のように書いてください。")
    if "days" not in monthly and "nth" not in monthly:
        monthly.fault("", "毎月の日を days か nth で書いてください。")
    rule = Monthly(monthly.clock("time") or _MIDNIGHT, days, tuple(nth))
    monthly.finish()
    return rule


def _cron(table: Table) -> Rule:
    expression = table.text("cron")
    try:
        crontab.check(expression)
    except InvalidInputError as error:
        table.fault("cron", str(error))
    return Cron(expression)


def _days_before(before: Table) -> Rule:
    rule = DaysBefore(before.items("days", int, required=True), before.clock("time") or _MIDNIGHT)
    if any(not 0 <= days <= 365 for days in rule.days) or len(set(rule.days)) < len(rule.days):
        before.fault("days", "days には何日前かを、0〜365の数で1回ずつ書いてください。")
    before.finish()
    return rule


def _child_age(table: Table) -> Rule:
    age = table.table("child_age")
    months = age.items("months", int, required=True)
    if any(not 0 <= month <= 240 for month in months) or len(set(months)) < len(months):
        age.fault("months", "months には月齢を、0〜240の数で1回ずつ書いてください。")
    rule = ChildAge(months, age.whole("day", 1), age.clock("time") or _MIDNIGHT)
    if not 1 <= rule.day <= 28:
        age.fault("day", "day は、どの月にもある 1〜28 の日を書いてください。")
    age.finish()
    return rule


_RULES: dict[str, Callable[[Table], Rule]] = {
    "dates": _on_dates,
    "weekly": _weekly,
    "monthly": _monthly,
    "cron": _cron,
    "child_age": _child_age,
}
_KEYS = "・".join((*_RULES, "days_before"))
