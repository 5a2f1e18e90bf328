"""What an expression may name: the fields of the language, and a town's values for them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.residents import Fact

BIRTH_MONTH, AGE_MONTHS, AGE_YEARS = "child.birth_month", "child.age_months", "child.age_years"
LANGUAGE = "language"
NAMES = (Fact.TOPIC, Fact.DISTRICT, Fact.TAX, Fact.BUS_STOP, Fact.GARBAGE_AREA, Fact.GARBAGE_TIME, LANGUAGE)
"""Fields whose values are names; the others are about children and can be ordered."""

FIELDS = (*map(str, NAMES), BIRTH_MONTH, AGE_MONTHS, AGE_YEARS)

WORDS = {
    "topic": "分野",
    "district": "地区",
    "tax": "税・保険料",
    "bus_stop": "バス停",
    "garbage_area": "ごみの地区",
    "garbage_time": "ごみのお知らせの時",
    "language": "言語",
    BIRTH_MONTH: "子どもの生まれ月",
    AGE_MONTHS: "子どもの月齢",
    AGE_YEARS: "子どもの年齢",
}
"""The fields as a clerk says them."""

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Hint:
    """How to mend an unknown name: a sentence, and the nearest known name if one is near."""

    sentence: str
    suggestion: str | None = None


def folded(name: str) -> str:
    """A name as it is compared: full and half width, upper and lower case are the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def nearest(word: str, spellings: Mapping[str, str]) -> Hint:
    """The known name that comes nearest to an unknown one; `spellings` maps ways to write a name to it."""
    names = {folded(spelling): name for spelling, name in spellings.items()}
    if near := difflib.get_close_matches(folded(word), names, n=1, cutoff=0.2):
        return Hint(f"「{names[near[0]]}」ではありませんか。", names[near[0]])
    known = list(dict.fromkeys(spellings.values()))
    more = "など" if len(known) > _LISTED else ""
    return Hint(f"使えるのは{'・'.join(known[:_LISTED])}{more}です。")


def nearest_field(word: str) -> Hint:
    """The field that was meant by an unknown one, which may be its Japanese name."""
    return nearest(word, {**{name: name for name in FIELDS}, **{said: name for name, said in WORDS.items()}})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names a town knows.

    `values` maps a field (`topic`, `district`, …, `language`) to its names; a field that is absent has none.
    `labels` maps what residents see (子育て) to a topic's key (childcare): to mend a mistake, never a value.
    """

    values: Mapping[str, Sequence[str]]
    labels: Mapping[str, str] = field(default_factory=dict)

    def find(self, key: str, name: str) -> str | None:
        """The town's own spelling of a name, or None if it is unknown."""
        names = self.values.get(key, ())
        if name in names:
            return name
        wanted = folded(name)
        return next((known for known in names if folded(known) == wanted), None)

    def hint(self, key: str, name: str) -> Hint:
        """What helps to find the right name for an unknown one."""
        names = self.values.get(key, ())
        if not names:
            return Hint(f"この町には{WORDS[key]}の一覧がありません。")
        spellings = {known: known for known in names}
        if key == Fact.TOPIC:
            spellings |= {label: topic for label, topic in self.labels.items() if topic in names}
        return nearest(name, spellings)
