"""A resident: one LINE user of the town's account, and what is registered for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

USER_ID = re.compile(r"U[0-9a-f]{32}")
"""LINE's user ids; https://developers.line.biz/en/docs/messaging-api/getting-user-ids/"""

LANGUAGES = ("ja", "ja-easy", "en", "zh", "ko", "vi")
"""ja-easy is やさしい日本語. Where a text is not translated, Japanese stands in."""


class ResidentState(StrEnum):
    """Whether messages may be sent; only FOLLOWING residents are ever in an audience."""

    FOLLOWING = "following"
    STOPPED = "stopped"  # follows, but asked that nothing be sent (配信停止)
    BLOCKED = "blocked"  # unfollowed or blocked the account


class Fact(StrEnum):
    """The keys of facts; a fact is one (key, value) of a resident."""

    TOPIC = "topic"
    DISTRICT = "district"
    BIRTH_MONTH = "child.birth_month"
    BUS_STOP = "bus_stop"
    TAX = "tax"
    GARBAGE_AREA = "garbage_area"
    GARBAGE_TIME = "garbage_time"


SINGLE_FACTS = frozenset({Fact.DISTRICT, Fact.GARBAGE_AREA, Fact.GARBAGE_TIME})
"""Facts of which a resident has at most one value; of the others any number."""

REFINES = {Fact.GARBAGE_TIME: Fact.GARBAGE_AREA}
"""Facts that say more about another one: asked for after it, and gone with it."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident as registered.

    `facts` maps each `Fact` key that has values to those values in the order they were added.
    `dialogue` is the open step of the conversation (JSON-able), or None; it belongs to handlers/.
    `calendar_token` is the unguessable part of the link to their own calendar, None until they ask for one.
    """

    user_id: str
    language: str = "ja"
    state: ResidentState = ResidentState.FOLLOWING
    facts: Mapping[Fact, tuple[str, ...]] = field(default_factory=dict)
    dialogue: Mapping[str, Any] | None = None
    calendar_token: str | None = field(default=None, repr=False)

    def values(self, key: Fact) -> tuple[str, ...]:
        """The values of one fact, possibly none."""
        return self.facts.get(key, ())

    def with_fact(self, key: Fact, value: str) -> Resident:
        """The resident with one value more (or, for a single fact, with that value instead)."""
        old = () if key in SINGLE_FACTS else self.values(key)
        return self.with_values(key, old if value in old else (*old, value))

    def without_fact(self, key: Fact, value: str) -> Resident:
        """The resident with that value gone, if it was there."""
        return self.with_values(key, tuple(v for v in self.values(key) if v != value))

    def with_values(self, key: Fact, values: tuple[str, ...]) -> Resident:
        """The resident with exactly these values of one fact."""
        rest = {k: v for k, v in self.facts.items() if k != key}
        return replace(self, facts={**rest, key: values} if values else rest)


def masked(user_id: str | None) -> str:
    """A user id as logs may show it: the first five characters."""
    return f"{user_id[:5]}…" if user_id else "-"
