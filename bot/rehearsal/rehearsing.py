"""A time to come with its numbers: how many each occurrence reaches, and how much reaches each resident."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import groupby
from operator import or_
from typing import NamedTuple

import segments
from bot.domain.broadcasts import Priority
from bot.domain.months import month_of
from bot.domain.overload import Overload
from bot.rehearsal.plan import Planned
from bot.rehearsal.tally import Tally, percentile
from bot.store.census import census
from bot.store.port import Database


class Rehearsed(NamedTuple):
    """An occurrence and how many residents, as registered now, it would reach on its day."""

    planned: Planned
    recipients: int


@dataclass(frozen=True, slots=True)
class Month:
    """How many messages the following residents would get in a month `YYYY-MM`, those included who get none."""

    month: str
    messages: int
    median: int
    ninetieth: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A span of time, rehearsed.

    `residents` follow the account now. `crowded` maps days to how many of them are meant by more than `most`
    messages that can wait.
    """

    occurrences: Sequence[Rehearsed]
    residents: int
    months: Sequence[Month]
    crowded: Mapping[date, int]
    most: int

    @property
    def sent(self) -> list[Rehearsed]:
        """What would go out."""
        return [each for each in self.occurrences if each.planned.fault is None]

    def by_day(self) -> dict[date, list[Rehearsed]]:
        """What would go out on each day on which something does."""
        days: dict[date, list[Rehearsed]] = {}
        for each in self.sent:
            days.setdefault(each.planned.starts.date(), []).append(each)
        return days

    def by_notice(self) -> list[tuple[str, int, int]]:
        """(notice, occurrences, messages), the one that causes most messages first."""
        messages, times = Counter[str](), Counter[str]()
        for each in self.sent:
            messages[each.planned.notice.name] += each.recipients
            times[each.planned.notice.name] += 1
        return [(name, times[name], number) for name, number in messages.most_common()]


async def rehearsed(database: Database, plans: Sequence[Planned], limit: Overload | None = None) -> Rehearsal:
    """Count the audiences of planned occurrences, which are in order of time.

    `limit` is the town's own for a day; without one, days are looked at by the usual.

    The facts they ask for are read once; each different question of a month is answered once.
    """
    needs = segments.needs({plan.asks for plan in plans if plan.asks is not None})
    found = await census(database, needs)
    everybody = reduce(or_, found.following.values(), 0)
    town = segments.Bits(everybody, found.following, found.facts)
    numbers: dict[int, int] = {}
    most = (limit or Overload()).messages_a_day
    months: list[Month] = []
    crowded: dict[date, int] = {}
    sent = sorted((plan for plan in plans if plan.asks is not None), key=lambda plan: plan.starts)
    for month, these in groupby(sent, key=lambda plan: month_of(plan.starts)):
        counted = _Counted(town, list(these))
        months.append(counted.month(month))
        crowded |= counted.crowded(most)
        numbers |= counted.recipients()
    occurrences = [Rehearsed(plan, numbers.get(id(plan), 0)) for plan in plans]
    return Rehearsal(occurrences, everybody.bit_count(), months, crowded, most)


class _Counted:
    """The occurrences of one month, and the audience of each different question in them."""

    def __init__(self, town: segments.Bits, plans: Sequence[Planned]) -> None:
        self._everybody = town.following
        self._plans = plans
        self._times = Counter(_asked(plans))
        self._members = {asks: segments.members(asks, town) for asks in self._times}
        self._sizes = {asks: members.bit_count() for asks, members in self._members.items()}

    def recipients(self) -> dict[int, int]:
        return {id(plan): self._sizes[plan.asks] for plan in self._plans if plan.asks is not None}

    def month(self, name: str) -> Month:
        spread = self._spread(self._times)
        messages = sum(size * self._times[asks] for asks, size in self._sizes.items())
        return Month(name, messages, percentile(spread, 0.5), percentile(spread, 0.9), max(spread, default=0))

    def crowded(self, most: int) -> dict[date, int]:
        found = {}
        for day, these in groupby(self._plans, key=lambda plan: plan.starts.date()):
            times = Counter(_asked(each for each in these if each.priority is Priority.NORMAL))
            if times.total() <= most:
                continue
            many = sum(n for count, n in self._spread(times).items() if count > most)
            if many:
                found[day] = many
        return found

    def _spread(self, times: Mapping[segments.Term, int]) -> dict[int, int]:
        tally = Tally()
        for asks, number in times.items():
            tally.add(self._members[asks], number)
        return tally.spread(self._everybody)


def _asked(plans: Iterable[Planned]) -> list[segments.Term]:
    return [plan.asks for plan in plans if plan.asks is not None]
