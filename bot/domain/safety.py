"""安否: how residents say they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.shelters import Place


class SafetyState(StrEnum):
    """What a resident answers."""

    SAFE = "safe"
    HELP = "help"
    EVACUATED = "evacuated"


WORDS: Mapping[SafetyState, str] = {
    SafetyState.SAFE: "無事",
    SafetyState.HELP: "助けが必要",
    SafetyState.EVACUATED: "避難した",
}

PLACE_LENGTH = 300
"""How much of a place in words is kept, in characters."""


@dataclass(frozen=True, slots=True)
class SafetyAnswer:
    """One answer: a state, or where somebody is who has said their state before (then `state` is None).

    `words` are what the resident calls the place; both `words` and `place` may be missing.
    """

    state: SafetyState | None = None
    words: str | None = None
    place: Place | None = None
