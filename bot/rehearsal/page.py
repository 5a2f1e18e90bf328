"""A rehearsal as one page that needs nothing else: when how much goes out, what it does to residents, and the list."""

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.rehearsal.rehearsing import Month, Rehearsal, Rehearsed
from bot.rehearsal.wording import due_day, text
from bot.town.model import PLACEHOLDER, Town

_FOLDER = Path(__file__).parent
_LEVELS = 5
_WEEKDAYS = "月火水木金土日"
_FAULTS = 12
"""Faults told at the top; all are in the list."""
_HIGH, _STEP = 84, 24
"""A chart's height and the width a bar takes, in SVG units."""


class Day(NamedTuple):
    """A day of the calendar: `level` 0 (nothing) to 5 (the most messages), `closed` like the town office.

    `crowded` residents get too many messages on it.
    """

    day: date
    times: int
    messages: int
    level: int
    closed: bool
    crowded: int


class Leaf(NamedTuple):
    """A month of the calendar; days before its first are `blank`."""

    year: int
    month: int
    blank: int
    days: Sequence[Day]


class Bar(NamedTuple):
    """A bar of a chart: where it begins, how high it is, what it says."""

    left: float
    height: float
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A small bar chart; `width` and the bars are in SVG units."""

    title: str
    note: str
    width: int
    bars: Sequence[Bar]


def page(rehearsal: Rehearsal, town: Town, first: date, last: date, now: datetime) -> str:
    """The HTML document."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"number": "{:,}".format, "day": _day, "text": text, "due_day": due_day}
    sent = rehearsal.sent
    return environment.get_template("page.html").render(
        town=town,
        first=first,
        last=last,
        now=now,
        rehearsal=rehearsal,
        messages=sum(each.recipients for each in sent),
        faulty=[each for each in rehearsal.occurrences if each.planned.fault],
        shown=_FAULTS,
        held=[each for each in sent if each.planned.held],
        many=rehearsal.most,
        leaves=list(_leaves(rehearsal, town, first, last)),
        busiest=max((_messages(found) for found in rehearsal.by_day().values()), default=0),
        charts=_charts(rehearsal.months),
        notices=_notices(rehearsal),
        days=_days(rehearsal.occurrences),
    )


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日({_WEEKDAYS[day.weekday()]})"


def _days(occurrences: Sequence[Rehearsed]) -> list[tuple[date, list[Rehearsed]]]:
    """By the day on which they go out, which the calendar shows, too."""
    ordered = sorted(occurrences, key=lambda each: each.planned.starts)
    return [(on, list(found)) for on, found in groupby(ordered, key=lambda each: each.planned.starts.date())]


def _messages(found: Sequence[Rehearsed]) -> int:
    return sum(each.recipients for each in found)


def _leaves(rehearsal: Rehearsal, town: Town, first: date, last: date) -> Sequence[Leaf]:
    """Every month of the span; a week begins on Sunday, as on a Japanese calendar."""
    by_day = rehearsal.by_day()
    most = max(map(_messages, by_day.values()), default=0)
    leaves = []
    for index in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = index // 12, index % 12 + 1
        weekday, length = calendar.monthrange(year, month)
        days = []
        for number in range(1, length + 1):
            on = date(year, month, number)
            found = by_day.get(on, [])
            messages = _messages(found)
            closed, crowded = not town.office_days.is_open(on), rehearsal.crowded.get(on, 0)
            days.append(Day(on, len(found), messages, _level(messages, most), closed, crowded))
        leaves.append(Leaf(year, month, (weekday + 1) % 7, days))
    return leaves


def _level(messages: int, most: int) -> int:
    """By the square root, so that one very big day does not make all others look alike."""
    return math.ceil(math.sqrt(messages / most) * _LEVELS) if messages else 0


def _charts(months: Sequence[Month]) -> list[Chart]:
    """All on one scale: what is high in one is as much as what is high in another."""
    most = max((month.maximum for month in months), default=0)

    def chart(title: str, note: str, values: Sequence[int]) -> Chart:
        bars = [
            Bar(place * _STEP, value / most * _HIGH if most else 0, value, str(int(month.month[5:])))
            for place, (month, value) in enumerate(zip(months, values, strict=True))
        ]
        return Chart(title, note, len(bars) * _STEP, bars)

    return [
        chart("中央の人", "半分の人は、これ以下です", [month.median for month in months]),
        chart("多い人", "10人に9人は、これ以下です", [month.ninetieth for month in months]),
        chart("いちばん多い人", "これより多い人はいません", [month.maximum for month in months]),
    ]


def _notices(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Every notice with its share of the messages, in percent of the biggest."""
    found = rehearsal.by_notice()
    most = max((messages for *_, messages in found), default=0)
    titles = {
        each.planned.notice.name: PLACEHOLDER.sub("〇〇", each.planned.notice.title)
        for each in rehearsal.occurrences
    }
    return [
        {
            "name": name,
            "title": titles[name],
            "times": times,
            "messages": messages,
            "percent": round(messages / most * 100, 1) if most else 0,
        }
        for name, times, messages in found
    ]
