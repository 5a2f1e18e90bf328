"""An expression as the FROM clause of a query over `residents r`, for SQLite and PostgreSQL alike.

Every value is a bound parameter, fields included: nothing that anybody typed becomes part of the SQL.

What must hold for everybody reached is where the query begins: a single fact is joined, others are a set of
ids (`IN`), 2 to 10 times faster than a test of each resident on SQLite, the same on PostgreSQL. What stands
below OR or NOT is a test (`EXISTS`): there PostgreSQL searches a set larger than `work_mem` from end to end
for every resident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.domain.residents import Fact
from segments.expression import Expression
from segments.lookups import Group, Kind, Lookup, Speaks, Term, lookups
from segments.spans import Months

_RAREST_FIRST = (
    Fact.BUS_STOP,
    Fact.BIRTH_MONTH,
    Fact.TAX,
    Fact.DISTRICT,
    Fact.GARBAGE_AREA,
    Fact.GARBAGE_TIME,
    Fact.TOPIC,
)
"""SQLite begins from the first set; a fact with many values splits the residents most finely."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What stands behind FROM: the following residents `r` of the segment with ids in (`:after`, `:upto`].

    Parameters are written `:name`; `params` holds the values of all but those two, which whoever asks binds.
    Each part of it looks at that range alone, so a big audience can be read range by range.
    """

    sql: str
    params: Mapping[str, str | int]


def compile(expression: Expression, today: date) -> Condition:  # noqa: A001  see segments/__init__.py
    """The residents that an expression means on a given day (children's ages depend on it)."""
    writer = _Writer()
    return Condition(writer.whole(lookups(expression, today)), writer.params)


_RANGE = "resident_id > :after AND resident_id <= :upto"


class _Writer:
    def __init__(self) -> None:
        self.params: dict[str, str | int] = {}

    def whole(self, term: Term) -> str:
        parts = term.parts if isinstance(term, Group) and term.word == "AND" else (term,)
        sets = sorted((part for part in parts if isinstance(part, Lookup) and part.wanted), key=_rarity)
        tests = [part for part in parts if not (isinstance(part, Lookup) and part.wanted)]
        source, conditions = "residents r", ["r.state = 'following'", "r.id > :after", "r.id <= :upto"]
        for place, lookup in enumerate(sets):
            if place == 0 and _is_single(lookup):
                fact = f"{self._kind(lookup.kinds[0])} AND {_RANGE}"
                source = "facts CROSS JOIN residents r"
                conditions += [fact, "r.id = resident_id"]
            elif place and _rarity(lookup) == _rarity_of(Fact.TOPIC):
                conditions.append(self._test(lookup))
            else:
                conditions.append(self._set(lookup))
        conditions += [text for _, text in self._deepest_first(tests, "AND")]
        return f"{source} WHERE {' AND '.join(conditions)}"

    def _deepest_first(self, parts: Iterable[Term], word: str) -> list[tuple[int, str]]:
        """The parts with the depth of their parentheses.

        SQLite's parser has room for 100 symbols; what is open on the left of a parenthesis counts.
        """
        written = [self._part(part, word) for part in parts]
        return sorted(written, key=lambda part: -part[0])

    def _part(self, term: Term, around: str) -> tuple[int, str]:
        match term:
            case bool():
                return 0, "1 = 1" if term else "1 = 0"
            case Speaks(names, wanted):
                return 0, f"r.language {'' if wanted else 'NOT '}IN ({self._list(names)})"
            case Lookup():
                return 0, self._test(term)
            case Group(word, parts):
                written = self._deepest_first(parts, word)
                depth = max(room + 2 * (place > 0) for place, (room, _) in enumerate(written))
                text = f" {word} ".join(text for _, text in written)
                return (depth + 1, f"({text})") if (word, around) == ("OR", "AND") else (depth, text)

    def _set(self, lookup: Lookup) -> str:
        selects = (
            f"SELECT resident_id FROM facts WHERE {self._kind(kind)} AND {_RANGE}"  # noqa: S608  made of bound names alone
            for kind in lookup.kinds
        )
        return f"r.id IN ({' UNION ALL '.join(selects)})"

    def _test(self, lookup: Lookup) -> str:
        kinds = " OR ".join(self._kind(kind) for kind in lookup.kinds)
        kinds = f"({kinds})" if len(lookup.kinds) > 1 else kinds
        found = f"EXISTS (SELECT 1 FROM facts WHERE resident_id = r.id AND {kinds})"  # noqa: S608  likewise
        return found if lookup.wanted else f"NOT {found}"

    def _kind(self, kind: Kind) -> str:
        key = self._bind(kind.key)
        values = [f"value IN ({self._list(kind.values)})"] if kind.values else []
        values += [self._range(months) for months in kind.ranges]
        either = " OR ".join(values)
        return f"key = {key} AND ({either})" if len(values) > 1 else f"key = {key} AND {either}"

    def _range(self, months: Months) -> str:
        ends = zip(("value >= ", "value <= "), months, strict=True)
        return " AND ".join(sign + self._bind(month) for sign, month in ends if month is not None)

    def _list(self, values: Iterable[str]) -> str:
        return ", ".join(self._bind(value) for value in values)

    def _bind(self, value: str) -> str:
        name = f"s{len(self.params)}"
        self.params[name] = str(value)
        return f":{name}"


def _is_single(lookup: Lookup) -> bool:
    """Whether a resident has at most one such fact, so that joining it reaches nobody twice."""
    return len(lookup.kinds) == 1 and len(lookup.kinds[0].values) == 1 and not lookup.kinds[0].ranges


def _rarity_of(key: str) -> int:
    return [str(fact) for fact in _RAREST_FIRST].index(str(key))


def _rarity(lookup: Lookup) -> int:
    return max(_rarity_of(kind.key) for kind in lookup.kinds)
