"""An expression as the lookups that answer it: constants gone, `not` only before a lookup, lookups merged.

However long or deeply nested an expression is, what is left of it is within the limits of the databases:
alternatives for one fact become a single lookup, and parentheses and `not` without effect vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.domain.residents import Fact
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or
from segments.spans import Months, birth_months
from segments.vocabulary import LANGUAGE


@dataclass(frozen=True, slots=True)
class Kind:
    """Facts of one key: with one of `values`, or within one of `ranges` (months of birth)."""

    key: str
    values: tuple[str, ...]
    ranges: tuple[Months, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A resident has (`wanted`) or has not any fact of one of `kinds`."""

    kinds: tuple[Kind, ...]
    wanted: bool


@dataclass(frozen=True, slots=True)
class Speaks:
    """A resident's language is (`wanted`) or is not one of `names`."""

    names: tuple[str, ...]
    wanted: bool


@dataclass(frozen=True, slots=True)
class Group:
    """All of (`AND`) or any of (`OR`) at least two parts, none of which is a group of the same word."""

    word: Literal["AND", "OR"]
    parts: tuple[Term, ...]


Term = bool | Lookup | Speaks | Group


def lookups(node: Expression, today: date, *, wanted: bool = True) -> Term:
    """The lookups that answer an expression on a day; not `wanted`: its opposite."""
    match node:
        case Everybody():
            return wanted
        case Not(inner):
            return lookups(inner, today, wanted=not wanted)
        case Named(field, names) if field == LANGUAGE:
            return Speaks(names, wanted)
        case Named(field, names):
            return Lookup((Kind(field, names),), wanted)
        case Child():
            kind = _births(node, today)
            return Lookup((kind,), wanted) if kind.values or kind.ranges else not wanted
        case And(parts) | Or(parts):
            word: Literal["AND", "OR"] = "OR" if isinstance(node, Or) == wanted else "AND"
            return _group(word, [lookups(part, today, wanted=wanted) for part in parts])


def _births(child: Child, today: date) -> Kind:
    spans = dict.fromkeys(birth_months(child, today))
    single = tuple(first for first, last in spans if first is not None and first == last)
    return Kind(Fact.BIRTH_MONTH, single, tuple(s for s in spans if s[0] is None or s[0] != s[1]))


def _group(word: Literal["AND", "OR"], parts: Iterable[Term]) -> Term:
    any_of = word == "OR"
    flat = list(_flat(word, parts))
    if any_of in flat:  # `or all`; `and not all`
        return any_of
    kinds = [
        kind for part in flat if isinstance(part, Lookup) and part.wanted is any_of for kind in part.kinds
    ]
    names = [
        name for part in flat if isinstance(part, Speaks) and part.wanted is any_of for name in part.names
    ]
    rest = [p for p in flat if isinstance(p, Group) or (not isinstance(p, bool) and p.wanted is not any_of)]
    if names:
        rest.insert(0, Speaks(tuple(dict.fromkeys(names)), any_of))
    if kinds:
        rest.insert(0, Lookup(_merged(kinds), any_of))
    rest = list(dict.fromkeys(rest))
    if len(rest) < 2:
        return rest[0] if rest else not any_of
    return Group(word, tuple(rest))


def _flat(word: str, parts: Iterable[Term]) -> Iterator[Term]:
    for part in parts:
        if isinstance(part, Group) and part.word == word:
            yield from part.parts
        else:
            yield part


def _merged(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    merged: dict[str, Kind] = {}
    for kind in kinds:
        old = merged.get(kind.key, Kind(kind.key, ()))
        values = tuple(dict.fromkeys(old.values + kind.values))
        merged[kind.key] = Kind(kind.key, values, tuple(dict.fromkeys(old.ranges + kind.ranges)))
    return tuple(merged.values())
