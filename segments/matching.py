"""Whether one resident fits an expression: the same question as the SQL condition, asked of one."""

from __future__ import annotations

from datetime import date

from bot.domain.residents import Fact, Resident
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or
from segments.spans import birth_months
from segments.vocabulary import LANGUAGE


def matches(expression: Expression, resident: Resident, today: date) -> bool:
    """Whether a resident's facts and language fit on that day; whether they follow is not looked at."""
    match expression:
        case Everybody():
            return True
        case Not(inner):
            return not matches(inner, resident, today)
        case And(parts):
            return all(matches(part, resident, today) for part in parts)
        case Or(parts):
            return any(matches(part, resident, today) for part in parts)
        case Named(field, names) if field == LANGUAGE:
            return resident.language in names
        case Named(field, names):
            return any(value in names for value in resident.values(Fact(field)))
        case Child():
            return _has_child(expression, resident, today)


def _has_child(condition: Child, resident: Resident, today: date) -> bool:
    return any(
        (first is None or month >= first) and (last is None or month <= last)
        for month in resident.values(Fact.BIRTH_MONTH)
        for first, last in birth_months(condition, today)
    )
