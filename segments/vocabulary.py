"""What an expression may name: the fields of the language, and a town's values for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.nearest import did_you_mean
from bot.domain.residents import Fact

BIRTH_MONTH, AGE_MONTHS, AGE_YEARS = "child.birth_month", "child.age_months", "child.age_years"
LANGUAGE = "language"
NAMES = (Fact.TOPIC, Fact.DISTRICT, Fact.TAX, Fact.BUS_STOP, Fact.GARBAGE_AREA, LANGUAGE)
"""Fields whose values are names; the others are about children and can be ordered."""

FIELDS = (*map(str, NAMES), BIRTH_MONTH, AGE_MONTHS, AGE_YEARS)

WORDS = {
    "topic": "分野",
    "district": "地区",
    "tax": "税・保険料",
    "bus_stop": "バス停",
    "garbage_area": "ごみの地区",
    "language": "言語",
    BIRTH_MONTH: "子どもの生まれ月",
    AGE_MONTHS: "子どもの月齢",
    AGE_YEARS: "子どもの年齢",
}
"""The fields as a clerk says them."""


def folded(name: str) -> str:
    """A name as it is compared: full and half width, upper and lower case are the same."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


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
        wanted = folded(name)
        return next((known for known in self.values.get(key, ()) if folded(known) == wanted), None)

    def hint(self, key: str, name: str) -> str:
        """A sentence that helps to find the right name for an unknown one; may be empty."""
        names = self.values.get(key, ())
        if not names:
            return f"この町には{WORDS[key]}の一覧がありません。"
        if key == Fact.TOPIC and (topic := self.labels.get(name)):
            return f"「{topic}」と書いてください。"
        return did_you_mean(name, names)
