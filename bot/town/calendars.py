"""Reads the calendars that notices count back from: tax due dates, and plain lists of dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bot.domain.nearest import did_you_mean
from bot.schedule.office import OfficeDays, OnClosed
from bot.schedule.rules import CalendarEntry
from bot.town.csv_rows import Row, read_csv
from bot.town.faults import Faults, day

_TAX_COLUMNS = ("tax", "fiscal_year", "period", "base_date", "due_date")
_PLAIN_COLUMNS = ("key", "date")
COLUMNS = (_TAX_COLUMNS, _PLAIN_COLUMNS)
"""What a calendar has at least, either of these."""
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_PERIODS = ("全期", "随時")
_MOVES = (OnClosed.BEFORE.value, OnClosed.AFTER.value)


def read_calendar(
    file: Path, faults: Faults, taxes: Sequence[str] | None, office: OfficeDays
) -> tuple[CalendarEntry, ...]:
    """The entries of a calendar; one with a column `tax` is a tax calendar.

    A tax's due date is its `base_date`, rolled forward off weekends and holidays (地方税法20条の5),
    unless the row gives a `due_date` of its own. In other calendars the column `on_closed` says what becomes of
    a date on which the office is closed. `taxes` are the town's; None if they are not known.
    """
    sheet = read_csv(file, faults)
    if sheet is None:
        return ()
    is_tax = "tax" in sheet.columns
    required = _TAX_COLUMNS if is_tax else _PLAIN_COLUMNS
    missing = [column for column in required if column not in sheet.columns]
    for column in missing:
        faults.add(1, f"列「{column}」がありません。{did_you_mean(column, sheet.columns)}")
    for column in sheet.columns:
        if column and not _COLUMN.fullmatch(column):
            faults.add(1, f"列名「{column}」は半角の英小文字で書いてください。ひな型の変数の名前になります。")
    if missing:
        return ()
    if not sheet.rows:
        faults.add(0, "日付の行が1つもありません。")
    entries: dict[str, tuple[int, CalendarEntry]] = {}
    for row in sheet.rows:
        entry = _tax_entry(row, faults, taxes, office) if is_tax else _plain_entry(row, faults, office)
        if entry is None:
            continue
        if entry.key in entries:
            faults.add(row.line, f"「{entry.key}」が{entries[entry.key][0]}行目と同じです。")
        entries.setdefault(entry.key, (row.line, entry))
    return tuple(entry for _, entry in entries.values())


def _plain_entry(row: Row, faults: Faults, office: OfficeDays) -> CalendarEntry | None:
    if not row["key"]:
        faults.add(row.line, "「key」が空です。日付が変わっても変わらない名前を付けてください。")
    found = faults.attempt(row.line, day, row["date"])
    if found is None or not row["key"]:
        return None
    moved = found
    if choice := row["on_closed"]:
        if choice not in _MOVES:
            near = did_you_mean(choice, _MOVES)
            faults.add(row.line, f"on_closed「{choice}」は before か after と書いてください。{near}")
            return None
        moved = office.moved(found, OnClosed(choice)) or found
    dates = {"date": moved.isoformat(), "base_date": found.isoformat()}
    return CalendarEntry(moved, row["key"], {**_context(row), **dates})


def _tax_entry(
    row: Row, faults: Faults, taxes: Sequence[str] | None, office: OfficeDays
) -> CalendarEntry | None:
    before = len(faults.found)
    tax, year, period = row["tax"], row["fiscal_year"], row["period"]
    if taxes is not None and tax not in taxes:
        faults.add(row.line, f"「{tax}」という税目は town.toml にありません。{did_you_mean(tax, taxes)}")
    if not re.fullmatch(r"20[0-9]{2}", year):
        faults.add(row.line, f"fiscal_year「{year}」は年度を 2026 のように西暦で書いてください。")
    if not (re.fullmatch(r"1[0-2]|[1-9]", period) or period in _PERIODS):
        faults.add(
            row.line, f"period「{period}」は期です。1〜12 の数か {'・'.join(_PERIODS)} で書いてください。"
        )
    base = faults.attempt(row.line, day, row["base_date"])
    given = faults.attempt(row.line, day, row["due_date"]) if row["due_date"] else None
    if base is None or len(faults.found) > before:
        return None
    if not date(int(year), 4, 1) <= base <= date(int(year) + 1, 3, 31):
        faults.add(row.line, f"base_date {base} は{year}年度(4月〜翌年3月)の日ではありません。")
    if given is not None and given < base:
        faults.add(row.line, f"due_date {given} が base_date {base} より前です。")
    due = given or office.statutory.forward(base)
    derived = {
        "base_date": base.isoformat(),
        "due_date": due.isoformat(),
        "period_name": period if period in _PERIODS else f"第{period}期",
    }
    return CalendarEntry(due, f"{tax}/{year}/{period}", {**_context(row), **derived})


def _context(row: Row) -> dict[str, str]:
    """Every named column of the row; templates use them as variables."""
    return {column: cell for column, cell in row.cells.items() if column}
