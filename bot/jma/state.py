"""What is in force for the town, from all telegrams seen: the order in which they came makes no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from bot.jma.values import Claim, Hazard, InfoType, Telegram

KEPT = 4
"""Telegrams kept of a series: the one that counts, and those to fall back on when it is cancelled."""

SHAKEN = timedelta(hours=24)
"""How long an earthquake is told of."""
_EVENTS = timedelta(days=10)
_SNAPSHOTS = timedelta(days=400)
_ORDER = {InfoType.ISSUE: 0, InfoType.CORRECTION: 1, InfoType.CANCELLATION: 2}

Version = tuple[datetime, int, int, datetime]


def version(telegram: Telegram) -> Version:
    """What orders the telegrams of a series: the official time, then correction and cancellation, then the serial."""
    heading = telegram.heading
    return heading.reported, _ORDER[heading.info], heading.serial, heading.sent


def key(telegram: Telegram) -> str:
    """What names a telegram on record."""
    heading = telegram.heading
    parts = (
        telegram.series,
        heading.reported.isoformat(),
        heading.info,
        heading.serial,
        heading.sent.isoformat(),
    )
    return "|".join(map(str, parts))


@dataclass(frozen=True, slots=True)
class InForce:
    """A claim and the telegram that makes it."""

    claim: Claim
    telegram: Telegram

    @property
    def thread(self) -> str:
        """What it is one of: changes are told within it."""
        return f"{self.claim.hazard}/{self.claim.thread}"


@dataclass(frozen=True)
class State:
    """The real telegrams that count, the newest of each series."""

    telegrams: tuple[Telegram, ...] = ()

    def with_(self, telegrams: Iterable[Telegram]) -> State:
        """The state with more telegrams; drills, tests and what says nothing of the town do not count."""
        joined = {*self.telegrams, *(each for each in telegrams if _counts(each))}
        series: dict[str, list[Telegram]] = {}
        for each in sorted(joined, key=_exact):
            series.setdefault(each.series, []).append(each)
        return State(tuple(each for name in sorted(series) for each in series[name][-KEPT:]))

    def trimmed(self, now: datetime) -> State:
        """Without what can no longer matter."""
        return State(tuple(each for each in self.telegrams if now - each.heading.reported < _life(each)))

    @cached_property
    def _resolved(self) -> tuple[tuple[Telegram, ...], frozenset[Telegram], frozenset[Telegram]]:
        series: dict[str, list[Telegram]] = {}
        for each in self.telegrams:
            series.setdefault(each.series, []).append(each)
        counting, void, corrected = [], set(), set()
        for members in series.values():
            stack, cancelled = _stack(members)
            void |= cancelled
            corrected |= {each for versions in stack for each in versions[:-1]}
            if stack and (found := _with_concern([versions[-1] for versions in stack])):
                counting.append(found)
        return tuple(sorted(counting, key=_exact)), frozenset(void), frozenset(corrected)

    @property
    def counting(self) -> tuple[Telegram, ...]:
        """The telegram that counts of each series that concerns the town, oldest first."""
        return self._resolved[0]

    @property
    def void(self) -> frozenset[Telegram]:
        """Telegrams that were cancelled, each with those that it had corrected."""
        return self._resolved[1]

    @property
    def corrected(self) -> frozenset[Telegram]:
        """Telegrams in whose place a correction stands."""
        return self._resolved[2]

    def present(self, now: datetime) -> dict[str, InForce]:
        """What is in force at a moment, by thread."""
        found = [*_snapshots(self.counting), *_passing(self.counting, now), *_quakes(self.counting, now)]
        return {each.thread: each for each in found}


def _counts(telegram: Telegram) -> bool:
    return telegram.is_real and (telegram.concerns is not False or bool(telegram.covers))


def _exact(telegram: Telegram) -> tuple[Version, str]:
    return version(telegram), repr(telegram)


def _life(telegram: Telegram) -> timedelta:
    if telegram.heading.type.startswith("VXSE"):
        return 2 * SHAKEN
    return _EVENTS if telegram.heading.event and telegram.heading.type != "VXWW50" else _SNAPSHOTS


def _stack(series: Iterable[Telegram]) -> tuple[list[list[Telegram]], set[Telegram]]:
    """What stands of a series, oldest first, after corrections and cancellations; and what was cancelled.

    Each that stands is the last of its versions: the original, then its corrections.
    """
    stack: list[list[Telegram]] = []
    void: set[Telegram] = set()
    for telegram in series:
        if telegram.cancels:
            taken = stack[:] if telegram.whole_series else stack[-1:]
            void.update(each for versions in taken for each in versions)
            del stack[len(stack) - len(taken) :]
        elif telegram.heading.info is InfoType.CORRECTION and stack:
            stack[-1].append(telegram)
        else:
            stack.append([telegram])
    return stack, void


def _with_concern(stack: list[Telegram]) -> Telegram | None:
    """The newest of a series, if it concerns the town, be it that only an earlier one says so."""
    says = next((each.concerns for each in reversed(stack) if each.concerns is not None), None)
    return stack[-1] if says else None


def _snapshots(counting: Iterable[Telegram]) -> Iterator[InForce]:
    """Warnings and rivers: the newest word on each; the transitional scheme's only where the new one has none."""
    best: dict[str, tuple[tuple[bool, Version], Claim | None, Telegram]] = {}
    for telegram in counting:
        for hazard in telegram.covers:
            if hazard is Hazard.EARTHQUAKE or any(claim.until for claim in telegram.claims):
                continue
            key = telegram.series if hazard is Hazard.RIVER else hazard
            weight = (not telegram.transitional, version(telegram))
            if key not in best or weight > best[key][0]:
                claim = next((each for each in telegram.claims if each.hazard is hazard), None)
                best[key] = (weight, claim, telegram)
    for _, claim, telegram in best.values():
        if claim is not None:
            yield InForce(claim, telegram)


def _passing(counting: Iterable[Telegram], now: datetime) -> Iterator[InForce]:
    """What is over by itself: of each the gravest that is not over yet."""
    best: dict[str, tuple[tuple[bool, int, Version], InForce]] = {}
    for telegram in counting:
        for claim in telegram.claims:
            if claim.until is not None and claim.until > now:
                found = InForce(claim, telegram)
                weight = (not telegram.transitional, claim.rank, version(telegram))
                if found.thread not in best or weight > best[found.thread][0]:
                    best[found.thread] = (weight, found)
    for _, found in best.values():
        yield found


def _quakes(counting: Iterable[Telegram], now: datetime) -> Iterator[InForce]:
    """Each earthquake: by town if known, else by region, with the newest hypocentre."""
    events: dict[str, dict[str, Telegram]] = {}
    for telegram in counting:
        if Hazard.EARTHQUAKE in telegram.covers and now - telegram.heading.reported < SHAKEN:
            events.setdefault(telegram.heading.event, {})[telegram.heading.type] = telegram
    for types in events.values():
        base = types.get("VXSE53") or types.get("VXSE51")
        if base is None or not base.claims:
            continue
        placed = [each for each in types.values() if each.claims and each.claims[0].hypocentre]
        claim = base.claims[0]
        if placed:
            newest = max(placed, key=version).claims[0]
            claim = replace(claim, hypocentre=newest.hypocentre, magnitude=newest.magnitude)
        yield InForce(claim, base)


class Step(StrEnum):
    """What became of something in force."""

    NEW = "new"
    RAISED = "raised"
    UPDATED = "updated"  # an earthquake: the town's own value came in and is the same
    CONTINUED = "continued"
    LOWERED = "lowered"
    LIFTED = "lifted"
    RETRACTED = "retracted"  # it was a mistake


@dataclass(frozen=True, slots=True)
class Change:
    """One thread before and after; None: not in force. `cause` is the newest telegram that made it so."""

    step: Step
    before: InForce | None
    after: InForce | None
    cause: Telegram

    @property
    def thread(self) -> str:
        """The thread it is about."""
        found = self.after or self.before
        assert found is not None
        return found.thread


def changes(before: State, after: State, now: datetime) -> list[Change]:
    """What is different for the town, the gravest first; both states are taken at the same moment."""
    old, new = before.present(now), after.present(now)
    known = frozenset(before.telegrams)
    arrived = sorted((each for each in after.telegrams if each not in known), key=version)
    found = []
    for thread in sorted({*old, *new}):
        was, is_ = old.get(thread), new.get(thread)
        step = _step(was, is_, after)
        if step is not None:
            found.append(Change(step, was, is_, _cause(was, is_, arrived)))
    return sorted(found, key=lambda change: -max(_rank(change.before), _rank(change.after)))


def _cause(old: InForce | None, new: InForce | None, arrived: Sequence[Telegram]) -> Telegram:
    """The newest that arrived of the series of what was or is in force, else of its hazard."""
    held = [found for found in (new, old) if found is not None]
    series = {found.telegram.series for found in held}
    own = [each for each in arrived if each.series in series]
    own = own or [each for each in arrived if held[0].claim.hazard in each.covers]
    return own[-1] if own else held[0].telegram


def _rank(found: InForce | None) -> int:
    return 0 if found is None else found.claim.rank


def _step(old: InForce | None, new: InForce | None, after: State) -> Step | None:
    was, is_ = _rank(old), _rank(new)
    if not was and not is_:
        return None
    if is_ > was:
        return Step.RAISED if was else Step.NEW
    if old is not None and (old.telegram in after.void or (is_ < was and old.telegram in after.corrected)):
        return Step.RETRACTED
    if old is not None and is_ < was:
        if new is not None:
            return Step.LOWERED
        return None if _is_abolished(old, after) else Step.LIFTED
    assert old is not None
    assert new is not None
    same = (old.claim.settled, old.claim.missing) == (new.claim.settled, new.claim.missing)
    return Step.CONTINUED if same else Step.UPDATED


def _is_abolished(old: InForce, after: State) -> bool:
    """The new scheme has come, which has no such warning: it is not lifted."""
    return old.claim.hazard is Hazard.FLOOD and any(
        not each.transitional and Hazard.FLOOD in each.covers for each in after.counting
    )
