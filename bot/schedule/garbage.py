"""Which garbage is collected where on a day: patterns of days, stops of the plants, substitute days. Pure.

The patterns are those of 5374.jp (https://github.com/codeforkanazawa-org/5374), whose rule for the nth weekday of a
month is kept: with `week_shift`, a weekday on which the plant is closed is not counted, so the first Thursday is
the 8th where the 1st falls into the stop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta

EVENING, MORNING = "evening", "morning"
"""When a resident wants to be told: the evening before, or on the day itself."""

_DAY = timedelta(days=1)
_MONTHS = frozenset(range(1, 13))
_AHEAD = 366

Stop = tuple[date, date]
"""The first and the last day on which nothing is collected."""


@dataclass(frozen=True, slots=True)
class Named:
    """Words by language; `ja` stands in for a language without words of its own."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> dict[str, str]:
        """The words of every language that has its own, `ja` always among them."""
        return {"ja": self.name, **self.labels}

    def label(self, language: str) -> str:
        """The words of a language."""
        return self.labels.get(language, self.name)


@dataclass(frozen=True, slots=True)
class Pattern:
    """When one category is collected in one area.

    Weekdays count from Monday, 0; `nth` are pairs such as (2, 1), the second Tuesday of a month. `months` limit
    the weekdays, not the `dates`. `remarks` are ids of the plan's remarks.
    """

    weekly: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    months: frozenset[int] = _MONTHS
    dates: frozenset[date] = frozenset()
    remarks: tuple[str, ...] = ()

    def falls_on(self, day: date, stops: Sequence[Stop] = (), *, week_shift: bool = True) -> bool:
        """Whether a day is one of the pattern's; dates are written for that very day, so no stop takes them."""
        if day in self.dates:
            return True
        if day.month not in self.months or _stopped(day, stops):
            return False
        weekday = day.weekday()
        if weekday in self.weekly:
            return True
        return bool(self.nth) and (_place(day, stops if week_shift else ()), weekday) in self.nth


def _stopped(day: date, stops: Sequence[Stop]) -> bool:
    return any(first <= day <= last for first, last in stops)


def _place(day: date, stops: Sequence[Stop]) -> int:
    """Which of its weekday in its month a day is, not counting those on which the plant is closed."""
    place = (day.day - 1) // 7 + 1
    if not stops:
        return place
    return place - sum(_stopped(day - 7 * number * _DAY, stops) for number in range(1, place))


@dataclass(frozen=True, slots=True)
class Area:
    """An area, the stops of its plant, and the pattern of each category collected there."""

    name: str
    patterns: Mapping[str, Pattern]
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One day's exception: no collection (`to` is None), or collection on another day.

    `area` and `category` None: all of them.
    """

    day: date
    area: str | None = None
    category: str | None = None
    to: date | None = None
    note: Named | None = None

    def concerns(self, area: str, category: str) -> bool:
        """Whether it is about a category in an area."""
        return self.area in (None, area) and self.category in (None, category)


@dataclass(frozen=True, slots=True)
class Collected:
    """A category that is collected somewhere on a day; `remarks` end with the notes of what moved it there."""

    category: Named
    remarks: tuple[Named, ...] = ()


class GarbagePlan:
    """The collections of a whole town. `deadline` is when garbage must be out, on the day."""

    def __init__(
        self,
        areas: Sequence[Area],
        categories: Sequence[Named],
        changes: Iterable[Change] = (),
        remarks: Mapping[str, Named] | None = None,
        *,
        week_shift: bool = True,
        deadline: time = time(8),
    ) -> None:
        self.areas = tuple(areas)
        self.categories = {category.name: category for category in categories}
        self.changes = tuple(changes)
        self.deadline = deadline
        self._remarks = remarks or {}
        self._week_shift = week_shift
        self._order = {name: number for number, name in enumerate(self.categories)}
        self._areas = {area.name: area for area in self.areas}
        self._alike: dict[tuple[Pattern, tuple[Stop, ...]], list[tuple[str, str]]] = defaultdict(list)
        for area in self.areas:
            for category, pattern in area.patterns.items():
                self._alike[pattern, area.stops].append((area.name, category))
        self._from: dict[date, list[Change]] = defaultdict(list)
        self._to: dict[date, list[Change]] = defaultdict(list)
        for change in self.changes:
            self._from[change.day].append(change)
            if change.to is not None:
                self._to[change.to].append(change)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GarbagePlan) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # a plan is compared, never a key

    def collections(self, day: date) -> dict[str, tuple[str, ...]]:
        """The categories collected on a day in each area that has any, in the order of the town's table."""
        found = {pair for pair in self._regular(day) if not self._is_changed(day, *pair)}
        for change in self._to.get(day, ()):
            found |= set(self.moved(change))
        by_area: dict[str, list[str]] = {}
        for area in self._areas:
            by_area[area] = []
        for area, category in found:
            by_area[area].append(category)
        return {
            area: tuple(sorted(names, key=self._order.__getitem__))
            for area, names in by_area.items()
            if names
        }

    def _regular(self, day: date) -> Iterator[tuple[str, str]]:
        """(area, category) as the table says; each pattern that several areas share is looked at once."""
        for (pattern, stops), pairs in self._alike.items():
            if pattern.falls_on(day, stops, week_shift=self._week_shift):
                yield from pairs

    def _is_changed(self, day: date, area: str, category: str) -> bool:
        return any(change.concerns(area, category) for change in self._from.get(day, ()))

    def moved(self, change: Change) -> list[tuple[str, str]]:
        """(area, category) that a change is about, also those whose plant is closed on that day."""
        return [
            (area.name, category)
            for area in self.areas
            for category, pattern in area.patterns.items()
            if change.concerns(area.name, category)
            and (
                pattern.falls_on(change.day)
                or pattern.falls_on(change.day, area.stops, week_shift=self._week_shift)
            )
        ]

    def collected(self, area: str, categories: Iterable[str], day: date) -> tuple[Collected, ...]:
        """What there is to say of some categories of an area on a day."""
        found = []
        for name in categories:
            pattern = self._areas[area].patterns.get(name, Pattern())
            remarks = [self._remarks[key] for key in pattern.remarks if key in self._remarks]
            remarks += [
                change.note
                for change in self._to.get(day, ())
                if change.note is not None and (area, name) in self.moved(change)
            ]
            found.append(Collected(self.categories[name], tuple(remarks)))
        return tuple(found)

    def coming(self, area: str, first: date, days: int) -> Iterator[tuple[date, tuple[str, ...]]]:
        """Each of some days from `first` on which something is collected in an area, and what."""
        for number in range(days):
            day = first + number * _DAY
            if found := self._of_area(area, day):
                yield day, found

    def next_day(self, area: str, category: str, first: date) -> date | None:
        """The first day from `first` on, within a year, on which a category is collected in an area."""
        if area not in self._areas or category not in self._areas[area].patterns:
            return None
        return next((day for day, found in self.coming(area, first, _AHEAD) if category in found), None)

    def _of_area(self, name: str, day: date) -> tuple[str, ...]:
        area = self._areas.get(name)
        if area is None:
            return ()
        moved = {
            category
            for change in self._to.get(day, ())
            for place, category in self.moved(change)
            if place == name
        }
        return tuple(
            category
            for category in self._order
            if category in moved
            or (
                (pattern := area.patterns.get(category)) is not None
                and pattern.falls_on(day, area.stops, week_shift=self._week_shift)
                and not self._is_changed(day, name, category)
            )
        )
