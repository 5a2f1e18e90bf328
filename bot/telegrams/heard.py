"""What residents have heard of a thread, and what of a change is news to them.

What is told goes by what was really told before, not by what was in force: a message that was withdrawn, held until
the morning or left as a draft has not been heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import takewhile

from bot.jma.state import Change, InForce, Step
from bot.jma.values import Hazard, Rank
from bot.store.telegrams import Earlier

RISEN = frozenset({Step.NEW, Step.RAISED})
FALLEN = frozenset({Step.LOWERED, Step.LIFTED})
_ENDS = frozenset({Step.LIFTED, Step.RETRACTED})
_FORGOTTEN_MS = int(timedelta(hours=24).total_seconds() * 1000)
"""An end that nobody was told of is over after so long: what comes then is new. One that is held waits for a night."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The messages that told of one thread since it began, the newest first."""

    messages: tuple[Earlier, ...]

    @classmethod
    def of(cls, change: Change, earlier: Sequence[Earlier], now_ms: int) -> Heard:
        """What of all that was told of a thread belongs to what now changes."""
        begins = change.before is None and (
            not earlier or _passes(change.after) or now_ms - earlier[0].made_ms > _FORGOTTEN_MS
        )
        return cls(() if begins else tuple(takewhile(lambda each: not _is_end(each), earlier)))

    @property
    def out(self) -> list[Earlier]:
        """Those that residents have heard."""
        return [each for each in self.messages if each.is_out]

    @property
    def broadcasts(self) -> tuple[int, ...]:
        """Their broadcasts: whoever got any of them is to hear how it goes on."""
        return tuple(sorted(each.broadcast_id for each in self.out))

    def gravest(self, change: Change) -> int:
        """The highest rank that was told, or is in force."""
        told = [_rank(each, change) for each in self.out]
        return max([*told, change.after.claim.rank if change.after else 0])

    def is_expected(self, change: Change) -> bool:
        """Whether what is in force was told, or is about to be."""
        newest = next((each for each in self.messages if each.is_out or each.waits), None)
        assert change.after is not None
        return newest is not None and _rank(newest, change) >= change.after.claim.rank

    def news(self, change: Change) -> Change | None:
        """The change from what was told last to what is in force; None: nothing that residents need to hear.

        What goes on and was never told is news if it is grave: it was missed, or begun before anybody looked.
        """
        last = next(iter(self.out), None)
        was = _rank(last, change) if last else 0
        is_ = change.after.claim.rank if change.after else 0
        if is_ > was:
            told = change.step in {*RISEN, Step.LOWERED, Step.UPDATED} or is_grave(change, Rank.DANGER)
            step = Step.RAISED if was else Step.NEW
        elif is_ < was:
            told, step = True, Step.LOWERED if change.after else Step.LIFTED
        else:
            told = change.step in RISEN or (change.step is Step.UPDATED and last is not None)
            step = Step.UPDATED if change.step is Step.UPDATED else Step.NEW
        if not told:
            return None
        before = None if step is Step.NEW or last is None else _as_told(last, was, change)
        return replace(change, step=step, before=before)


def is_grave(change: Change, rank: int) -> bool:
    """Whether what is in force now is of that rank or more; an earthquake is over when it is told of."""
    found = change.after
    return found is not None and found.claim.hazard is not Hazard.EARTHQUAKE and found.claim.rank >= rank


def _passes(found: InForce | None) -> bool:
    """Whether it ends by itself, so that nobody is told of its end."""
    return found is not None and found.claim.until is not None


def _is_end(told: Earlier) -> bool:
    return told.step in _ENDS and told.is_out


def _rank(told: Earlier, change: Change) -> int:
    """The rank that a message told; of a message without one, what was in force."""
    if told.rank is not None:
        return told.rank
    return change.before.claim.rank if change.before else 0


def _as_told(told: Earlier, rank: int, change: Change) -> InForce:
    """What a message said to be in force."""
    held = change.before or change.after
    assert held is not None
    claim = replace(held.claim, rank=rank, name=held.claim.name if told.name is None else told.name)
    return InForce(claim, held.telegram)
