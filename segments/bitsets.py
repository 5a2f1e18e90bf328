"""An expression asked of a whole town at once: a set of residents is an integer, each resident one of its bits.

A year has thousands of audiences. Each costs a few operations on integers here, once the facts have been read,
where a query of each would read them again: a million residents are 125 kB a set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import and_, or_

from segments.expression import Expression
from segments.lookups import Group, Kind, Lookup, Speaks, Term, lookups


@dataclass(frozen=True, slots=True)
class Bits:
    """A town's residents as sets; which bit is whose is for whoever made them to know.

    `following` are those who follow, `languages` maps a language to who of them speaks it, `facts` maps a key
    and a value to everybody who has that fact.
    """

    following: int
    languages: Mapping[str, int]
    facts: Mapping[str, Mapping[str, int]]


def term(expression: Expression, today: date) -> Term:
    """What an expression asks on a day; equal terms reach the same residents."""
    return lookups(expression, today)


def needs(terms: Iterable[Term]) -> dict[str, frozenset[str] | None]:
    """The facts that answering takes: values by key; None for every value there is."""
    needed: dict[str, frozenset[str] | None] = {}
    for kind in (kind for each in terms for kind in _kinds(each)):
        known = needed.get(kind.key, frozenset())
        needed[kind.key] = None if kind.ranges or known is None else known.union(kind.values)
    return needed


def members(asked: Term, town: Bits) -> int:
    """The following residents whom a term reaches, as a set; the same as its SQL condition finds."""
    return town.following & _found(asked, town)


def _kinds(asked: Term) -> Iterator[Kind]:
    match asked:
        case Lookup(kinds):
            yield from kinds
        case Group(_, parts):
            for part in parts:
                yield from _kinds(part)


def _found(asked: Term, town: Bits) -> int:
    """What is outside `following` in the result means nothing."""
    match asked:
        case bool():
            return town.following if asked else 0
        case Speaks(names, wanted):
            found = reduce(or_, (town.languages.get(name, 0) for name in names), 0)
        case Lookup(kinds, wanted):
            found = reduce(or_, (bits for kind in kinds for bits in _holders(kind, town)), 0)
        case Group(word, parts):
            return reduce(and_ if word == "AND" else or_, (_found(part, town) for part in parts))
    return found if wanted else town.following & ~found


def _holders(kind: Kind, town: Bits) -> Iterator[int]:
    facts = town.facts.get(kind.key, {})
    for value in kind.values:
        yield facts.get(value, 0)
    for first, last in kind.ranges:
        for value, bits in facts.items():
            if (first is None or value >= first) and (last is None or value <= last):
                yield bits
