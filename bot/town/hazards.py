"""What is known to be in force for the town, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.jma.state import InForce, State


@dataclass(frozen=True, slots=True)
class Known:
    """What telegrams told. `at` is the last good look at every feed (None: there was none), good for `fresh`.

    `is_partial`: some telegram could not be fetched or understood.
    """

    state: State
    at: datetime | None
    fresh: timedelta
    is_partial: bool = False

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too old to say that nothing is in force."""
        return self.at is None or now - self.at > self.fresh

    def present(self, now: datetime) -> list[InForce]:
        """What is in force, the gravest first; of an earthquake only what was felt."""
        found = [each for each in self.state.present(now).values() if each.claim.rank]
        return sorted(found, key=lambda each: (-each.claim.rank, each.thread))


@dataclass(frozen=True, slots=True)
class Presence:
    """`known` is None for a service that takes in no telegrams."""

    known: Known | None = None
