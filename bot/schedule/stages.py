"""Stages in a child's life that open and close with its age, such as the windows of vaccinations.

Of a child only the month of birth is known, so a stage opens in the month in which the children of that month
reach its age, and its last month is the last in which all of them are still within it: who is born on the first
of a month leaves it the day before the birthday (年齢計算ニ関スル法律).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.domain.months import months_before

_AGE = re.compile(r"(?:(?P<years>\d{1,2})[y歳])?(?:(?P<months>\d{1,2})(?:m|か月|ヶ月|カ月))?")
_UNBORN = re.compile(r"-(?P<months>\d)m|妊娠(?P<weeks>\d{1,2})[w週]")
_TERM_WEEKS = 40
"""A child is born, as its month is registered beforehand, after so many weeks of pregnancy."""
_WEEKS = re.compile(r"(?P<weeks>\d{1,3})[w週]")
_WEEKS_IN_MONTHS = 7 * 12 / 365.25
_GRADES = {"年少": -3, "年中": -2, "年長": -1, "小": 0, "中": 6, "高": 9}
"""School years before and after entering primary school."""
_OLDEST, _YOUNGEST = 240, -10
"""Ages in months of the children that can be registered; one who is expected has not reached 0."""


@dataclass(frozen=True, slots=True)
class Age:
    """An age in full months; before birth it is negative."""

    months: int


@dataclass(frozen=True, slots=True)
class Grade:
    """A school year, April to March: 0 is the first of primary school.

    It begins for those who are 6 on April 1, that is born from April 2 to the next April 1 (学校教育法17条);
    all of April counts here as the later year.
    """

    number: int

    def begins(self, birth_month: str) -> str:
        """The April in which children of a month of birth enter it."""
        year, month = int(birth_month[:4]), int(birth_month[5:7])
        return f"{year + (7 if month >= 4 else 6) + self.number:04d}-04"


def parse_bound(text: str) -> Age | Grade:
    """`2m`, `7y6m`, `6w`, `3歳`, `1歳6か月`, `年長`, `小6`, `高1`; before birth `-3m`, `妊娠28週`.

    Raises:
        ValueError: it is none of these, in Japanese.
    """
    if unborn := _UNBORN.fullmatch(text):
        if unborn["months"]:
            return Age(-int(unborn["months"]))
        return Age(math.floor((int(unborn["weeks"]) - _TERM_WEEKS) * _WEEKS_IN_MONTHS))
    if weeks := _WEEKS.fullmatch(text):
        return Age(int(int(weeks["weeks"]) * _WEEKS_IN_MONTHS))
    if text and (age := _AGE.fullmatch(text)):
        return Age(int(age["years"] or 0) * 12 + int(age["months"] or 0))
    if text in ("年少", "年中", "年長"):
        return Grade(_GRADES[text])
    if re.fullmatch(r"小[1-6]|[中高][1-3]", text):
        return Grade(_GRADES[text[0]] + int(text[1]) - 1)
    raise ValueError(
        f"「{text}」は年齢ではありません。2m・7y6m・6w(月・年と月・週)か、年長・小6 のように書いてください。"
    )


@dataclass(frozen=True, slots=True)
class Stage:
    """`key` is its lasting name; ages are open at the end (`until` 12m: before the first birthday), grades closed.

    Who has not begun by the age of `start_by` cannot begin any more, as with a first dose that is bound to an age.
    `context` is what templates may say of it: `name`, `name_easy`, `name_en`, `note` …
    """

    key: str
    begin: Age | Grade
    end: Age | Grade
    context: Mapping[str, str] = field(default_factory=dict)
    start_by: Age | None = None

    def first(self, birth_month: str) -> str:
        """The month in which it opens for the children of a month of birth."""
        if isinstance(self.begin, Age):
            return months_before(birth_month, -self.begin.months)
        return self.begin.begins(birth_month)

    def last(self, birth_month: str) -> str:
        """The last month in which it is open to all of them."""
        if isinstance(self.end, Age):
            return months_before(birth_month, 1 - self.end.months)
        return months_before(self.end.begins(birth_month), -11)

    def can_begin(self, birth_month: str, month: str) -> bool:
        """Whether some children of a month of birth can still begin it in a month."""
        return self.start_by is None or month <= months_before(birth_month, -self.start_by.months)


def items(stages: tuple[Stage, ...], month: str) -> Iterator[dict[str, str]]:
    """What opens (`when` is `first`) and what is in its last month (`last`) in a month, for whom.

    Each has `key`, unique for ever, `birth_month` and the stage's context. A stage of one month only opens.
    """
    for stage in stages:
        for age in range(_OLDEST, _YOUNGEST - 1, -1):
            birth_month = months_before(month, age)
            first, last = stage.first(birth_month), stage.last(birth_month)
            when = "first" if first == month else "last" if last == month > first else None
            if when:
                key = f"{birth_month}/{stage.key}/{when}"
                yield {
                    **stage.context,
                    "key": key,
                    "stage": stage.key,
                    "birth_month": birth_month,
                    "when": when,
                }


def open_stages(stages: tuple[Stage, ...], birth_month: str, month: str) -> tuple[Stage, ...]:
    """The stages that are open in a month to a child."""
    return tuple(stage for stage in stages if stage.first(birth_month) <= month <= stage.last(birth_month))


@dataclass(frozen=True, slots=True)
class Born:
    """Which children an occurrence is about, who are at a stage in its month or some `months_ago`."""

    stage: Stage
    months_ago: int = 0

    def months(self, month: str) -> dict[str, str]:
        """The months of birth that are meant in a month: `birth_from` to `birth_to`, both count."""
        of = months_before(month, self.months_ago)
        births = [months_before(of, age) for age in range(_OLDEST, _YOUNGEST - 1, -1)]
        meant = [each for each in births if self.stage.first(each) <= of <= self.stage.last(each)]
        return {"birth_from": meant[0], "birth_to": meant[-1]} if meant else {}
