"""Reads the one rule of a notice: when it goes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import time
from pathlib import Path

from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.schedule import crontab
from bot.schedule.garbage import EVENING, MORNING, GarbagePlan
from bot.schedule.office import OfficeDays, OnClosed
from bot.schedule.rules import (
    CalendarEntry,
    ChildAge,
    ChildStages,
    Cron,
    FromDates,
    GarbageDays,
    Monthly,
    Moved,
    OnDates,
    Rule,
    Weekly,
)
from bot.schedule.stages import Stage
from bot.town.calendars import read_calendar
from bot.town.faults import Faults
from bot.town.garbage import AREA_DAYS
from bot.town.stages import read_stages
from bot.town.toml_tables import Table

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time()
"""Stands in for a time that could not be read; its fault keeps it from ever being used."""
_NTH = re.compile(rf"([1-5])({'|'.join(_WEEKDAYS)})")
KEYS = (
    "dates",
    "weekly",
    "monthly",
    "cron",
    "days_before",
    "days_after",
    "child_age",
    "child_stages",
    "garbage",
)
"""Under which a notice's rule stands, exactly one of them."""


class RuleReader:
    """Reads rules; each calendar they use is read once.

    `taxes` are the town's, None if they are not known; `others` gives where to note faults of a calendar file;
    `garbage` is the town's plan, None if it has none.
    """

    def __init__(
        self,
        folder: Path,
        taxes: Sequence[str] | None,
        office: OfficeDays,
        others: Callable[[str], Faults],
        garbage: GarbagePlan | None,
    ) -> None:
        self._folder = folder
        self._taxes = taxes
        self._office = office
        self._others = others
        self._garbage = garbage
        self._calendars: dict[str, tuple[CalendarEntry, ...]] = {}
        self._stages: dict[str, tuple[Stage, ...]] = {}

    def rule(self, table: Table) -> Rule:
        """The rule of a notice; a harmless one where a fault was noted."""
        chosen = [key for key in KEYS if key in table]
        if len(chosen) != 1:
            which = f"{'と'.join(chosen)}があります" if chosen else "どれもありません"
            table.fault("", f"いつ送るかを、{'・'.join(KEYS)}のどれか1つで書いてください(いまは{which})。")
        rule = self._chosen(chosen[0], table) if chosen else OnDates((), _MIDNIGHT)
        on_closed = _on_closed(table)
        if on_closed is None:
            return rule
        if isinstance(rule, ChildStages | GarbageDays):
            table.fault("on_closed", f"{chosen[0]} のお知らせには on_closed を書けません。")
            return rule
        return Moved(rule, on_closed, self._office)

    def _chosen(self, key: str, table: Table) -> Plain | ChildStages | GarbageDays:
        match key:
            case "dates":
                return OnDates(table.day_list("dates"), table.clock("time") or _MIDNIGHT)
            case "cron":
                return _cron(table)
            case "weekly":
                return _weekly(table.table(key))
            case "monthly":
                return _monthly(table.table(key), self._office)
            case "child_age":
                return _child_age(table.table(key))
            case "child_stages":
                return self._child_stages(table.table(key))
            case "garbage":
                return self._garbage_days(table.table(key))
            case _:
                return self._from_dates(table.table(key), -1 if key == "days_before" else 1)

    def _from_dates(self, table: Table, sign: int) -> FromDates:
        entries = self._calendar(table)
        days = table.items("days", int, required=True)
        if any(not 0 <= number <= 365 for number in days) or len(set(days)) < len(days):
            table.fault(
                "days", f"days には何日{'前' if sign < 0 else '後'}かを、0〜365の数で1回ずつ書いてください。"
            )
        rule = FromDates(entries, tuple(sign * number for number in days), table.clock("time") or _MIDNIGHT)
        table.finish()
        return rule

    def _calendar(self, table: Table) -> tuple[CalendarEntry, ...]:
        file = self._file(table, "calendar")
        if file and file not in self._calendars:
            read = read_calendar(self._folder / file, self._others(file), self._taxes, self._office)
            self._calendars[file] = read
        return self._calendars.get(file, ())

    def _child_stages(self, table: Table) -> ChildStages:
        file = self._file(table, "table")
        if file and file not in self._stages:
            self._stages[file] = read_stages(self._folder / file, self._others(file))
        rule = ChildStages(self._stages.get(file, ()), _day_of_month(table), table.clock("time") or _MIDNIGHT)
        table.finish()
        return rule

    def _garbage_days(self, table: Table) -> GarbageDays:
        evening, morning = (table.clock(key) if key in table else None for key in (EVENING, MORNING))
        if EVENING not in table and MORNING not in table:
            table.fault(
                "", 'garbage には evening = "19:00" か morning = "06:30" を(両方でも)書いてください。'
            )
        if self._garbage is None:
            table.fault("", f"ごみの収集日のファイル {AREA_DAYS} がありません。")
        table.finish()
        return GarbageDays(self._garbage or GarbagePlan((), ()), evening, morning)

    def _file(self, table: Table, key: str) -> str:
        """The name of a CSV file of the folder; empty, with the fault noted, if there is none of that name."""
        file = table.text(key)
        there = [path.name for path in self._folder.glob("*.csv")]
        if not file or file in there:
            return file
        where = f"カレンダー「{file}」が町のフォルダーの直下にありません。"
        table.fault(key, where + did_you_mean(file, there))
        return ""


Plain = OnDates | Weekly | Monthly | Cron | FromDates | ChildAge


def _on_closed(table: Table) -> OnClosed | None:
    text = table.text("on_closed", required=False)
    names = [each.value for each in OnClosed]
    if text and text not in names:
        table.fault("on_closed", f"on_closed「{text}」はありません。{did_you_mean(text, names)}")
    return OnClosed(text) if text in names else None


def _weekly(weekly: Table) -> Weekly:
    days = set()
    for name in weekly.items("days", str, required=True):
        if name in _WEEKDAYS:
            days.add(_WEEKDAYS.index(name))
        else:
            weekly.fault("days", f"曜日「{name}」はありません。{did_you_mean(name, _WEEKDAYS)}")
    rule = Weekly(frozenset(days), weekly.clock("time") or _MIDNIGHT)
    weekly.finish()
    return rule


def _monthly(monthly: Table, office: OfficeDays) -> Monthly:
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
    open_days = monthly.items("open_days", int)
    for number in open_days:
        if not 1 <= abs(number) <= 10:
            hint = "最初の開庁日は 1、最後の開庁日は -1 と書いてください。"
            monthly.fault("open_days", f"開庁日「{number}」は 1〜10 か -1〜-10 です。{hint}")
    months = monthly.items("months", int) or tuple(range(1, 13))
    for number in months:
        if not 1 <= number <= 12:
            monthly.fault("months", f"月「{number}」は 1〜12 で書いてください。")
    if not any(key in monthly for key in ("days", "nth", "open_days")):
        monthly.fault("", "毎月の日を days・nth・open_days のどれかで書いてください。")
    at = monthly.clock("time") or _MIDNIGHT
    monthly.finish()
    return Monthly(at, days, tuple(nth), open_days, frozenset(months), office)


def _cron(table: Table) -> Cron:
    expression = table.text("cron")
    try:
        crontab.check(expression)
    except InvalidInputError as error:
        table.fault("cron", str(error))
    return Cron(expression)


def _child_age(age: Table) -> ChildAge:
    months = age.items("months", int, required=True)
    if any(not 0 <= month <= 240 for month in months) or len(set(months)) < len(months):
        age.fault("months", "months には月齢を、0〜240の数で1回ずつ書いてください。")
    rule = ChildAge(months, _day_of_month(age), age.clock("time") or _MIDNIGHT)
    age.finish()
    return rule


def _day_of_month(table: Table) -> int:
    day = table.whole("day", 1)
    if not 1 <= day <= 28:
        table.fault("day", "day は、どの月にもある 1〜28 の日を書いてください。")
    return day
