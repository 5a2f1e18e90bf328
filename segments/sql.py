"""An expression as one SQL condition over `residents r`, for SQLite and PostgreSQL alike.

Every value is a bound parameter, fields included: nothing that anybody typed becomes part of the SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.domain.residents import Fact
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or
from segments.spans import birth_months
from segments.vocabulary import LANGUAGE


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean expression whose parameters are written `:name`, and their values."""

    sql: str
    params: Mapping[str, str]


def compile(expression: Expression, today: date) -> Condition:  # noqa: A001  see segments/__init__.py
    """The condition that an expression means on a given day (children's ages depend on it)."""
    writer = _Writer(today)
    return Condition(writer.condition(expression), writer.params)


class _Writer:
    def __init__(self, today: date) -> None:
        self._today = today
        self.params: dict[str, str] = {}

    def condition(self, node: Expression) -> str:
        match node:
            case Everybody():
                return "1 = 1"
            case Not(inner):
                return f"NOT ({self.condition(inner)})"
            case And(parts):
                return " AND ".join(f"({self.condition(part)})" for part in parts)
            case Or(parts):
                return " OR ".join(f"({self.condition(part)})" for part in _merged(parts))
            case Named(field, names) if field == LANGUAGE:
                return f"r.language IN ({self._list(names)})"
            case Named(field, names):
                return self._facts(field, f"value IN ({self._list(names)})")
            case Child():
                return self._child(node)

    def _child(self, child: Child) -> str:
        spans = dict.fromkeys(birth_months(child, self._today))
        single = [first for first, last in spans if first is not None and first == last]
        ranges = [self._range(first, last) for first, last in spans if first is None or first != last]
        if single:
            ranges.append(f"value IN ({self._list(single)})")
        return self._facts(Fact.BIRTH_MONTH, f"({' OR '.join(ranges)})") if ranges else "1 = 0"

    def _range(self, first: str | None, last: str | None) -> str:
        ends = [("value >= ", first), ("value <= ", last)]
        return " AND ".join(sign + self._bind(month) for sign, month in ends if month is not None)

    def _facts(self, key: str, condition: str) -> str:
        return f"r.id IN (SELECT resident_id FROM facts WHERE key = {self._bind(key)} AND {condition})"  # noqa: S608  made of bound names alone

    def _list(self, values: Iterable[str]) -> str:
        return ", ".join(self._bind(value) for value in values)

    def _bind(self, value: str) -> str:
        name = f"s{len(self.params)}"
        self.params[name] = str(value)
        return f":{name}"


def _merged(parts: tuple[Expression, ...]) -> list[Expression]:
    """Alternatives for one field as a single lookup: `tax = A or tax = B` is `tax in (A, B)`."""
    names: dict[str, tuple[str, ...]] = {}
    others: list[Expression] = []
    for part in parts:
        if isinstance(part, Named):
            names[part.field] = (*names.get(part.field, ()), *part.names)
        else:
            others.append(part)
    return [*(Named(field, tuple(dict.fromkeys(values))) for field, values in names.items()), *others]
