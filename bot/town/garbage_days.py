"""Reads a cell of 5374.jp's `area_days.csv`: when one category is collected in one area.

`月 木` weekly, `水2` the second Wednesday, `火2 金4:4 6 8` in those months only, `20140301` a date, `*1` a remark.
https://github.com/codeforkanazawa-org/5374/blob/master/LOCALIZE.md
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from bot.schedule.garbage import Pattern

_WEEKDAYS = "月火水木金土日"
_NOTHING = {"-", "ー", "―", "—", "なし", "無", "無し"}
_SPOKEN = re.compile(r"曜日?|第|毎週|毎月")
_DIGIT_FIRST = re.compile(rf"(?<![0-9{_WEEKDAYS}])([1-5])([{_WEEKDAYS}])(?![0-9])")
_ALSO = "[1-5](?:[・、,][1-5])+"
_NUMBERS_FIRST = re.compile(rf"(?<![0-9{_WEEKDAYS}])({_ALSO})([{_WEEKDAYS}])(?![0-9])")
_NUMBERS_LAST = re.compile(rf"([{_WEEKDAYS}])({_ALSO})(?![0-9{_WEEKDAYS}])")
_BETWEEN = re.compile(r"[\s・、,/]+")
_WEEKLY = re.compile(rf"[{_WEEKDAYS}]+")
_NTH = re.compile(rf"(?:[{_WEEKDAYS}][1-5])+")
_REMARK = re.compile(r"\*([0-9]{1,4})(?![0-9])")
_FIRST_YEAR, _LAST_YEAR = 2000, 2099


def read_cell(cell: str) -> tuple[Pattern, list[str]]:
    """The pattern of a cell, and the parts of it that cannot be understood and are left out.

    Read leniently where only one meaning is possible: full width, 曜日, 第2土曜, 第1・3火曜, 2土 for 土2, 月木 for 月 木.
    """
    text = unicodedata.normalize("NFKC", cell).strip()
    if text in _NOTHING:
        return Pattern(), []
    remarks = [str(int(number)) for number in _REMARK.findall(text)]
    text = _SPOKEN.sub("", _REMARK.sub(" ", text))
    text = _NUMBERS_FIRST.sub(lambda found: _each(found[2], found[1]), text)
    text = _NUMBERS_LAST.sub(lambda found: _each(found[1], found[2]), text)
    days, colon, limit = _DIGIT_FIRST.sub(r"\2\1", text).partition(":")
    months, wrong_months = _months(limit) if colon else (frozenset(range(1, 13)), [])
    weekly: set[int] = set()
    nth: set[tuple[int, int]] = set()
    dates: set[date] = set()
    wrong: list[str] = []
    for token in filter(None, _BETWEEN.split(days)):
        if _WEEKLY.fullmatch(token):
            weekly |= {_WEEKDAYS.index(letter) for letter in token}
        elif _NTH.fullmatch(token):
            nth |= {(int(n), _WEEKDAYS.index(w)) for w, n in zip(token[::2], token[1::2], strict=True)}
        elif (day := _date(token)) is not None:
            dates.add(day)
        else:
            wrong.append(token)
    pattern = Pattern(
        frozenset(weekly), frozenset(nth), months, frozenset(dates), tuple(dict.fromkeys(remarks))
    )
    return pattern, wrong + wrong_months


def _each(weekday: str, numbers: str) -> str:
    """第1・3火曜 as 火1 火3."""
    return " ".join(weekday + number for number in re.findall("[1-5]", numbers))


def _months(text: str) -> tuple[frozenset[int], list[str]]:
    words = [word for word in _BETWEEN.split(text.replace("月", " ")) if word]
    good = [word for word in words if word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= 12]
    wrong = [word for word in words if word not in good]
    return frozenset(int(word) for word in good), wrong if words else [":"]


def _date(token: str) -> date | None:
    if not re.fullmatch(r"[0-9]{8}", token):
        return None
    try:
        found = date(int(token[:4]), int(token[4:6]), int(token[6:]))
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
