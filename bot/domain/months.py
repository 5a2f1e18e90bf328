"""Months such as a child's month of birth, written `YYYY-MM`, and ages counted in them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_ERAS = {
    **dict.fromkeys(("令和", "令", "R"), 2018),
    **dict.fromkeys(("平成", "平", "H"), 1988),
    **dict.fromkeys(("昭和", "昭", "S"), 1925),
}
"""The year before each era's first."""
_WESTERN = re.compile(r"(?P<year>\d{4})\s*(?:年|[-/.])\s*(?P<month>\d{1,2})\s*月?(?:生まれ|生)?")
_JAPANESE = re.compile(
    r"(?P<era>令和|平成|昭和|令|平|昭|R|H|S)\s*(?P<year>\d{1,2}|元)\s*(?:年|[-/.])\s*(?P<month>\d{1,2})\s*月?(?:生まれ|生)?"
)


def parse_month(text: str) -> str | None:
    """Read a month as people type it, in half or full width; None if it is not one.

    `2026-03`, `2026/3`, `2026年3月`, `R8.3`, `令和8年3月`, `令和元年5月` → `YYYY-MM`.
    Years run from 1900 to 2100, as in LINE's date picker.
    """
    text = unicodedata.normalize("NFKC", text).strip().upper()
    if match := _WESTERN.fullmatch(text):
        year = int(match["year"])
    elif match := _JAPANESE.fullmatch(text):
        year = _ERAS[match["era"]] + (1 if match["year"] == "元" else int(match["year"]))
    else:
        return None
    month = int(match["month"])
    return f"{year:04d}-{month:02d}" if 1900 <= year <= 2100 and 1 <= month <= 12 else None


def month_of(day: date) -> str:
    """The month a day lies in."""
    return f"{day.year:04d}-{day.month:02d}"


def months_before(month: str, count: int) -> str:
    """The month that lies `count` months earlier (later, if negative)."""
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 - count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def age_in_months(birth_month: str, today: date) -> int:
    """Months between the month of birth and today's month; negative before birth."""
    return (today.year - int(birth_month[:4])) * 12 + today.month - int(birth_month[5:7])
