"""A message as one HTML file to print on A4, for those without a phone; it needs nothing but itself."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple
from unicodedata import east_asian_width

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

_FOLDER = Path(__file__).parent
_SIZES = tuple(half / 2 for half in range(40, 17, -1))
"""Sizes of the running text in points, the largest that fits on the page."""
_WIDTH, _HEIGHT = 538.0, 785.0
"""What A4 leaves inside margins of 10 mm, in points; pages are reckoned a little too high."""
_NARROW = 4
"""Up to so many shelters stand below each other; more stand in two columns."""
_KANJI_READING = re.compile(r"([一-鿿々ヶ]+)\(([ぁ-ゖー]+)\)")
_WEEKDAYS = "月火水木金土日"
_LANGUAGES = {"en": "English", "zh": "中文", "ko": "한국어", "vi": "Tiếng Việt"}
OFFICIAL: Mapping[str, str] = {
    "高齢者等避難": "こうれいしゃとうひなん",
    "避難指示": "ひなんしじ",
    "緊急安全確保": "きんきゅうあんぜんかくほ",
    "洪水": "こうずい",
    "土砂災害": "どしゃさいがい",
    "内水氾濫": "ないすいはんらん",
    "高潮": "たかしお",
    "地震": "じしん",
    "津波": "つなみ",
    "大規模な火事": "だいきぼなかじ",
    "火山現象": "かざんげんしょう",
}
"""How the names of orders and hazards are read."""


class Term(NamedTuple):
    """A name and its reading, which may be empty."""

    text: str
    reading: str = ""


class Site(NamedTuple):
    """An open shelter; `serves` are the neighbourhoods it is meant for, if the town says."""

    name: Term
    address: str
    serves: str = ""


class Part(NamedTuple):
    """What one language says; `caption` stands for a list of shelters that the page has already."""

    language: str
    heading: str
    text: str
    caption: str = ""


class OrderMark(NamedTuple):
    """The facts of an evacuation order; `deed` is issue, narrow or lift."""

    level: int
    levelled: bool
    name: str
    hazard: str
    deed: str
    districts: Sequence[Term]
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `at` is when it was approved (None: not yet), `notice` a warning that stands above everything."""

    town: Term
    office: str
    phone: str
    heading: str
    body: str
    at: datetime | None
    drill: bool = False
    notice: str = ""
    caption: str = ""
    sites: Sequence[Site] = ()
    easy: Part | None = None
    others: Sequence[Part] = ()
    order: OrderMark | None = None

    @property
    def serves(self) -> bool:
        """Whether any shelter says for whom it is."""
        return any(site.serves for site in self.sites)

    @property
    def abreast(self) -> int:
        """How many shelters stand beside each other."""
        return 1 if self.serves or len(self.sites) <= _NARROW else 2

    @property
    def name_width(self) -> int:
        """How much of the table the name of a shelter has, in percent."""
        return 36 if self.serves else 52 // self.abreast


def html(sheet: Sheet) -> str:
    """The document: Japanese and やさしい日本語 on the first page, the other languages on the next."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"ruby": _ruby, "moment": _moment, "easy": _easy}
    first, second = _largest(lambda size: _first(sheet, size)), _largest(lambda size: _second(sheet, size))
    return environment.get_template("sheet.html").render(
        sheet=sheet, order=sheet.order, official=OFFICIAL, languages=_LANGUAGES, first=first, second=second
    )


def _moment(at: datetime) -> str:
    half = "午前" if at.hour < 12 else "午後"
    minutes = f"{at.minute}分" if at.minute else ""
    return f"{at.year}年{at.month}月{at.day}日({_WEEKDAYS[at.weekday()]}) {half}{at.hour % 12}時{minutes}"


def _ruby(term: Term | str) -> Markup:
    """A name under its reading."""
    text, reading = (term, OFFICIAL.get(term, "")) if isinstance(term, str) else term
    if not reading or reading == text:
        return escape(text)
    return Markup("<ruby>{}<rt>{}</rt></ruby>").format(text, reading)


def _easy(text: str) -> Markup:
    """やさしい日本語: `崖(がけ)` becomes a word under its reading, if that can be the reading of the whole word."""
    pieces, end = [], 0
    for found in _KANJI_READING.finditer(text):
        pieces.append(escape(text[end : found.start()]))
        plausible = len(found[2]) >= len(found[1]) and len(found[1]) <= len(found[2]) <= 4 * len(found[1])
        pieces.append(_ruby(Term(found[1], found[2])) if plausible else escape(found[0]))
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _largest(height: Callable[[float], float]) -> float:
    """The largest size at which a page is full at most; what is longer still goes on on the next."""
    return next((size for size in _SIZES if height(size) <= _HEIGHT), _SIZES[-1])


def _first(sheet: Sheet, size: float) -> float:
    """About how high the first page is, in points; a little more rather than less."""
    order = sheet.order
    high = 4.2 * size + (72 if sheet.drill else 0) + (2.4 * size if sheet.notice else 0)
    if order is None:
        high += _rows(sheet.heading, 40) * 48 + 20
    else:
        high += 86 + (0 if order.deed == "issue" else 44)
        names = "  ".join(f"{term.text} " for term in order.districts)
        high += (_rows(names, 1.6 * size, _WIDTH - 5 * size) * 2.65 + 2.5) * size
        high += _block(order.reason, 1.15 * size)
    high += _block(sheet.body, 1.15 * size)
    if sheet.sites:
        rows = zip_longest(*[iter(sheet.sites)] * sheet.abreast)
        high += 3 * size + sum(max(_site(sheet, site, size) for site in row if site) for row in rows)
    if sheet.easy is not None and sheet.easy.text:
        easy = f"{sheet.easy.text}\n\n{sheet.easy.caption}"
        high += 1.4 * size * _rows(sheet.easy.heading + "やさしい日本語", 1.05 * size) + 2.6 * size
        high += _block(easy, size, 1.7, _WIDTH / 2 - 18) / 2
    return high if sheet.phone in sheet.body else high + 1.9 * size


def _site(sheet: Sheet, site: Site, size: float) -> float:
    """The height of a row of the table."""
    whole = _WIDTH / sheet.abreast - 4
    name = _WIDTH * sheet.name_width / 100 - 0.8 * size
    rest = (whole - name - 0.8 * size) / (2 if sheet.serves else 1) - 0.8 * size
    small = max(_rows(site.address, 0.85 * size, rest), _rows(site.serves, 0.85 * size, rest))
    rows = max(_rows(site.name.text, size, name), 0.9 * small)
    return (rows * 1.3 + (0.6 if site.name.reading else 0) + 0.3) * size


def _second(sheet: Sheet, size: float) -> float:
    return sum(3 * size + _block(part.text, size) for part in sheet.others)


def _block(text: str, size: float, leading: float = 1.45, width: float = _WIDTH - 16) -> float:
    """The height of a text whose empty lines are half as high."""
    return sum(
        _rows(line, size, width) * leading * size if line else 0.5 * size for line in text.splitlines()
    )


def _rows(text: str, size: float, width: float = _WIDTH - 16) -> int:
    """How many lines a text takes; what is not wide in East Asia takes a little more than half the room."""
    wide = sum(0.3 if sign == " " else 1.0 if east_asian_width(sign) in "WFA" else 0.58 for sign in text)
    return max(1, math.ceil(1.04 * wide * size / width))
