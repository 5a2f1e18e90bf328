"""Reads `holidays.csv`: the Cabinet Office's list of national holidays (syukujitsu.csv), as it is published.

https://www8.cao.go.jp/chosei/shukujitsu/gaiyou.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bot.town.csv_rows import read_csv
from bot.town.faults import Faults, past_day

_LEAST = 10
"""A year has at least fifteen holidays; one with fewer than this is not whole."""


def read_holidays(file: Path, faults: Faults) -> Mapping[int, frozenset[date]]:
    """The holidays of each year, from the first column, whatever the columns are called."""
    sheet = read_csv(file, faults)
    if sheet is None:
        return {}
    years: dict[int, set[date]] = {}
    for row in sheet.rows:
        found = faults.attempt(row.line, past_day, row[sheet.columns[0]])
        if found is not None:
            years.setdefault(found.year, set()).add(found)
    for year, days in years.items():
        if len(days) < _LEAST:
            faults.add(0, f"{year}年の祝日が{len(days)}日しかありません。1年分すべてを入れてください。")
    return {year: frozenset(days) for year, days in years.items()}
