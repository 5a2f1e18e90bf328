"""Written Japanese as an announcer reads it: words stay as they are, numbers become kana, signs words or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from re import Match

from bot.rendering.counting_aloud import (
    COUNTERS,
    DATE,
    HOUR,
    MINUTE,
    MONTH,
    clock,
    decimal,
    digits,
    number,
)

_DASHES = re.compile(r"(?<=\d)\s?[-‐‑‒–—―−ー]\s?(?=\d)")
_FROM = re.compile(r"(?<=[日時分年月人円%℃)])\s?[-‐–—―−]\s?(?=\d)|(?<=[:/]\d\d)\s?[-‐–—―−]\s?(?=\d{1,2}[:/])")
_MINUS = re.compile(r"(?<![\d\w)])[-−▲△](?=\d)")
_ORDINAL = re.compile(r"第\s?(?=\d)")
_COMMAS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_UNITS = "|".join(sorted(map(re.escape, COUNTERS), key=len, reverse=True))
_VALUE = r"(?P<value>\d+(?:\.\d+)?)\s?"
_END = r"(?![A-Za-z])"
_EMERGENCY = {"110": "ひゃくとおばん", "118": "ひゃくじゅうはちばん", "119": "ひゃくじゅうきゅうばん"}
_FORCES = {"弱": "じゃく", "強": "きょう", "": ""}
_HALVES = {"午前": "ごぜん ", "午後": "ごご "}


def _singly(found: Match[str]) -> str:
    """A telephone number: ぜろにーさんなな の ななさん の にーいちいちいち."""
    return " の ".join(digits(part) for part in found[0].split("-"))


def _date(found: Match[str]) -> str:
    """A day with or without its year; what is no day is read as the numbers it has."""
    year, month, day = found["year"], int(found["month"]), int(found["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        parts = (found["year"], found["month"], found["day"])
        return " の ".join(number(int(part)) for part in parts if part)
    read = f"{MONTH.read(month)} {DATE.read(day)}"
    return f"{COUNTERS['年'].read(int(year))} {read}" if year else read


def _time(found: Match[str]) -> str:
    """`15:10`, a time of the 24 hours."""
    hour, minute = int(found[1]), int(found[2])
    if hour > 24 or minute > 59:
        return f"{number(hour)} たい {number(minute)}"
    return clock(hour, minute)


def _hour(found: Match[str]) -> str:
    """`15時10分`; up to twelve it stays as it is written, with 午前 or 午後 or without."""
    half, hour, minute = found["half"], int(found["hour"]), int(found["minute"] or 0)
    part = "はん" if found["part"] else ""
    if not half and 12 < hour <= 24 and minute < 60:
        return clock(hour, minute) + part
    read = HOUR.read(hour) + (f" {MINUTE.read(minute)}" if found["minute"] else "")
    return _HALVES.get(half, "") + read + part


def _speed(found: Match[str]) -> str:
    """`60km/h`, `20m/s`, `50mm/h`."""
    seconds = found["every"] in {"s", "秒"}
    far = found["unit"] in {"km", "キロ"}
    every = "びょうそく" if seconds else "じそく" if far else "いちじかんに"
    return f"{every} {_amount(found['value'], found['unit'])}"


def _amount(value: str, unit: str) -> str:
    whole, point, fraction = value.partition(".")
    counter = COUNTERS[unit]
    return decimal(whole, fraction) + counter.kana if point else counter.read(int(whole))


def _bare(found: Match[str]) -> str:
    """A number that nothing is counted by; one that begins with 0 is read digit by digit."""
    if "." in found[0]:
        return decimal(*found[0].split(".", 1))
    leading = len(found[0]) > 1 and int(found[0][0]) == 0
    return digits(found[0]) if leading else number(int(found[0]))


def _apart(read: Callable[[Match[str]], str], found: Match[str]) -> str:
    """The reading, with a space before it where it would run into a word."""
    before = found.string[: found.start()]
    joined = not before[-1:].isalnum() or before.endswith(("だい", "マイナス"))
    return read(found) if joined else f" {read(found)}"


_HALF = r"(?P<half>午前|午後)?"
_PART = r"(?:(?P<minute>\d{1,2})分(?!間)|(?P<part>半))?"
_READINGS: tuple[tuple[str, Callable[[Match[str]], str]], ...] = (
    (r"〒\s*(?=\d{3}-\d{4})", lambda _: "郵便番号 "),
    (r"(?<![\d-])0\d{1,4}-\d{1,4}-\d{3,4}(?![\d-])", _singly),
    (r"(?<=郵便番号 )\d{3}-\d{4}", _singly),
    (r"(?<![\d-])0\d{9,10}(?![\d-])", _singly),
    (r"(?<!\d)(?:110|118|119)番(?!地)", lambda found: _EMERGENCY[found[0][:3]]),
    (r"(\d+)\u2044(\d+)", lambda found: f"{number(int(found[2]))}ぶんの{number(int(found[1]))}"),
    (
        r"(?<![\d.])(\d+)分の(\d+)(?![\d.])",
        lambda found: f"{number(int(found[1]))}ぶんの{number(int(found[2]))}",
    ),
    (r"(?<!\d)171(?![\d.])", lambda _: "いちなないち"),
    (r"(?<!\d)(?P<year>\d{4})(?P<sign>[-/])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?![\d/-])", _date),
    (r"(?<![\d/])(?P<year>)(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])", _date),
    (r"(?<!\d)(?P<year>)(?P<month>\d{1,2})月\s?(?P<day>\d{1,2})日(?!間)", _date),
    (r"(?<!\d)(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)", _time),
    (rf"{_HALF}(?<!\d)(?P<hour>\d{{1,2}})時(?!間){_PART}", _hour),
    (r"(?<!\d)1日(?=中|目|あたり|当たり|に?\d)", lambda _: "いちにち"),
    (r"震度\s?(\d)\s?([弱強]?)", lambda found: f"しんど {number(int(found[1]))}{_FORCES[found[2]]}"),
    (r"警戒レベル\s?(\d+)", lambda found: f"けいかいレベル、{number(int(found[1]))}"),
    (r"(?<!\d)\d+(?:-\d+)+", lambda found: " の ".join(number(int(part)) for part in found[0].split("-"))),
    (rf"{_VALUE}(?P<unit>mm|ミリ|m|メートル|km|キロ)/(?P<every>h|s|時間?|秒){_END}", _speed),
    (rf"{_VALUE}(?P<unit>{_UNITS}){_END}", lambda found: _amount(found["value"], found["unit"])),
    (r"\d+(?:\.\d+)?", _bare),
)
_TABLE = tuple((re.compile(pattern), read) for pattern, read in _READINGS)


def numbers_read(text: str) -> str:
    """A text with every number in kana; no digit is left."""
    plain = unicodedata.normalize("NFKC", text).replace("°C", "℃")
    plain = _ORDINAL.sub(
        "だい", _MINUS.sub("マイナス", _DASHES.sub("-", _FROM.sub("から、", _COMMAS.sub("", plain))))
    )
    for pattern, read in _TABLE:
        plain = pattern.sub(partial(_apart, read), plain)
    return plain


def named(text: str, readings: Mapping[str, str]) -> str:
    """A text with names as they are read, the longest first; a name of one character may be part of any word."""
    known = sorted((name for name in readings if len(name) > 1 and readings[name]), key=len, reverse=True)
    if not known:
        return text
    return re.sub("|".join(map(re.escape, known)), lambda found: readings[found[0]], text)
