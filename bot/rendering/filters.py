"""The filters of message templates: dates, ages and names as each language writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context

from bot.domain.months import parse_month

_WEEKDAYS = "月火水木金土日"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(:\d{2})?")


class FilterError(ValueError):
    """A filter was given something it cannot write; the message is a Japanese sentence."""


def _language(context: Context) -> str:
    return str(context["language"])


def _text(value: Any) -> str:
    """The value as text; a variable that is not set stays the error that names it."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()  # noqa: SLF001  jinja2's own hook for StrictUndefined filters
    return str(value).strip()


def parse_date(text: str) -> date | None:
    """A day written `2026-11-30` or `2026/11/30` (a time after it is ignored); None if it is not one."""
    match = _DATE.match(text)
    if not match or not (text[match.end() :] == "" or text[match.end()] in "T "):
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


@pass_context
def write_date(context: Context, value: Any, *, year: bool = False) -> str:
    """`2026-11-30` → 11月30日(月), 11月30日(月曜日), Nov 30 (Mon); with `year=true` the year before it."""
    day = parse_date(_text(value))
    if day is None:
        raise FilterError(f"「{value}」は日付ではありません。2026-11-30 のように書いてください。")
    return day_in_words(day, _language(context), year=year)


def day_in_words(day: date, language: str, *, year: bool = False) -> str:
    """A day as the language writes it."""
    if language == "en":
        return f"{_MONTHS[day.month - 1]} {day.day}{f', {day.year}' if year else ''} ({_DAYS[day.weekday()]})"
    weekday = _WEEKDAYS[day.weekday()] + ("曜日" if language == "ja-easy" else "")
    return f"{f'{day.year}年' if year else ''}{day.month}月{day.day}日({weekday})"


@pass_context
def write_month(context: Context, value: Any, *, year: bool = True) -> str:
    """`2026-03` → 2026年3月, Mar 2026; with `year=false` the month alone."""
    month = parse_month(_text(value))
    if month is None:
        raise FilterError(f"「{value}」は年月ではありません。2026-03 のように書いてください。")
    number = int(month[5:])
    if _language(context) == "en":
        return f"{_MONTHS[number - 1]}{f' {month[:4]}' if year else ''}"
    return f"{f'{month[:4]}年' if year else ''}{number}月"


@pass_context
def write_time(context: Context, value: Any) -> str:
    """`13:30` → 13時30分, 午後1時30分 (やさしい日本語), 1:30 p.m."""
    match = _TIME.fullmatch(_text(value))
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise FilterError(f"「{value}」は時刻ではありません。13:30 のように書いてください。")
    return time_in_words(time(int(match[1]), int(match[2])), _language(context))


def time_in_words(moment: time, language: str) -> str:
    """A time of day as the language says it."""
    twelve = moment.hour % 12 or 12
    if language == "en":
        return f"{twelve}:{moment.minute:02d} {'a.m.' if moment.hour < 12 else 'p.m.'}"
    minutes = f"{moment.minute}分" if moment.minute else ""
    if language == "ja-easy":
        return f"{'午前' if moment.hour < 12 else '午後'}{moment.hour % 12}時{minutes}"
    return f"{moment.hour}時{minutes}"


def _whole(value: Any) -> int:
    text = _text(value)
    if not re.fullmatch(r"-?\d+", text):
        raise FilterError(f"「{value}」は整数ではありません。")
    return int(text)


@pass_context
def write_age(context: Context, value: Any) -> str:
    """Months of age: `18` → 1歳6か月, 1 year 6 months; `4` → 4か月; `36` → 3歳."""
    years, months = divmod(_whole(value), 12)
    if _language(context) == "en":
        counts = ((years, "year"), (months, "month"))
        parts = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in counts if count]
        return " ".join(parts) or "0 months"
    return (f"{years}歳" if years else "") + (f"{months}か月" if months or not years else "")


@pass_context
def write_fiscal_year(context: Context, value: Any) -> str:
    """`2026` → 令和8年度, 令和8年度(2026年度), fiscal 2026. Fiscal years run from April to March."""
    year = _whole(value)
    if _language(context) == "en":
        return f"fiscal {year}"
    era = f"令和{'元' if year == 2019 else year - 2018}年度" if year >= 2019 else f"{year}年度"
    return f"{era}({year}年度)" if _language(context) == "ja-easy" and year >= 2019 else era


def write_number(value: Any) -> str:
    """`15000` → 15,000."""
    return f"{_whole(value):,}"


@pass_context
def write_label(context: Context, value: Any) -> str:
    """A tax, district, stop … as the language shows it; several names joined by 、 one by one."""
    language, labels = _language(context), context["town"].get("labels", {})

    def label(name: str) -> str:
        return str(labels.get(name, {}).get(language, name))

    text = _text(value)
    if text in labels:
        return label(text)
    return (", " if language == "en" else "、").join(label(name) for name in re.split(r"\s*[、,，]\s*", text))


FILTERS: Mapping[str, Callable[..., str]] = {
    "age": write_age,
    "date": write_date,
    "fiscal_year": write_fiscal_year,
    "label": write_label,
    "month": write_month,
    "number": write_number,
    "time": write_time,
}
