"""What may happen to a town while it sends; `tests.integration.upheaval` carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.domain.broadcasts import Priority


@dataclass(frozen=True)
class Send:
    """`how`: the same words for all, each resident's own, or one request to everyone (an emergency to all)."""

    priority: Priority = Priority.NORMAL
    segment: str = "all"
    how: Literal["same", "personal", "everyone"] = "same"


@dataclass(frozen=True)
class Join:
    """A resident follows, perhaps again."""

    who: int


@dataclass(frozen=True)
class Stop:
    who: int


@dataclass(frozen=True)
class Erase:
    who: int


@dataclass(frozen=True)
class Start:
    """One more service, as far as the database takes it."""


@dataclass(frozen=True)
class Kill:
    """kill -9, after so many more requests (if they come) and so many turns of the loop."""

    which: int = 0
    requests: int = 0
    turns: int = 0


@dataclass(frozen=True)
class Halt:
    """An orderly stop."""

    which: int = 0


@dataclass(frozen=True)
class Work:
    """Time passes, until LINE has got so many more requests or nothing happens any more."""

    requests: int


@dataclass(frozen=True)
class Jump:
    seconds: int


@dataclass(frozen=True)
class Steer:
    """Staff pause, resume or cancel a broadcast, or retry what is unknown of it, if its state allows."""

    deed: str
    which: int = 0


@dataclass(frozen=True)
class Fail:
    """Every so manyth request has this fault."""

    fault: str
    every: int = 1


@dataclass(frozen=True)
class Reject:
    """400 for whatever is for this resident."""

    who: int


@dataclass(frozen=True)
class Refuse:
    """401 for everything."""


@dataclass(frozen=True)
class Throttle:
    per_second: int


@dataclass(frozen=True)
class Exhaust:
    """So many messages are left of the month's quota."""

    left: int


@dataclass(frozen=True)
class Calm:
    """LINE is as it should be."""


Operation = (
    Send | Join | Stop | Erase | Start | Kill | Halt | Work | Jump | Steer
    | Fail | Reject | Refuse | Throttle | Exhaust | Calm
)  # fmt: skip
