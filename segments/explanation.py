"""An expression in words that a clerk can check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.domain.residents import SINGLE_FACTS, Fact, Resident
from segments.expression import And, Child, Everybody, Expression, Named, Not, Or, Span
from segments.matching import matches
from segments.spans import Months, birth_months
from segments.vocabulary import AGE_MONTHS, AGE_YEARS, BIRTH_MONTH, LANGUAGE, WORDS


def explain(expression: Expression, today: date, labels: Mapping[str, str] | None = None) -> str:
    """One Japanese sentence; ages also as the months of birth they mean on that day.

    `labels` maps topics' keys to what residents see.
    """
    if isinstance(expression, Everybody):
        return "フォローしている人全員"
    return f"フォローしている人のうち、次に当てはまる人: {_words(expression, today, labels or {})}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One condition of an expression and whether a resident meets it.

    `registered` are the resident's values that were looked at, shown as `words` shows such values; None where
    `parts`, the conditions within this one, tell.
    """

    words: str
    holds: bool
    registered: tuple[str, ...] | None
    parts: tuple[Answer, ...] = ()


def answers(
    expression: Expression, resident: Resident, today: date, labels: Mapping[str, str] | None = None
) -> tuple[Answer, ...]:
    """What an expression asks of one resident on a day, condition by condition; all of them must hold."""
    parts = expression.parts if isinstance(expression, And) else (expression,)
    return tuple(_answer(part, resident, today, labels or {}) for part in parts)


def _answer(node: Expression, resident: Resident, today: date, labels: Mapping[str, str]) -> Answer:
    holds = matches(node, resident, today)

    def within(words: str, *nodes: Expression) -> Answer:
        return Answer(words, holds, None, tuple(_answer(each, resident, today, labels) for each in nodes))

    match node:
        case Or(parts):
            return within("次のどれかに当てはまる", *parts)
        case And(parts):
            return within("次のすべてに当てはまる", *parts)
        case Not(And() | Or() | Not() as inner):
            return within("次に当てはまらない", inner)
        case Named(field) | Child(field) | Not(Named(field) | Child(field)):
            return Answer(_words(node, today, labels), holds, _registered(field, resident, labels))
        case _:
            return Answer(_words(node, today, labels), holds, None)


def _registered(field: str, resident: Resident, labels: Mapping[str, str]) -> tuple[str, ...]:
    if field == LANGUAGE:
        return (resident.language,)
    if field in (BIRTH_MONTH, AGE_MONTHS, AGE_YEARS):
        return tuple(f"{_months((month, month))}生まれ" for month in resident.values(Fact.BIRTH_MONTH))
    values = resident.values(Fact(field))
    return tuple(labels.get(value, value) for value in values) if field == Fact.TOPIC else values


def _words(node: Expression, today: date, labels: Mapping[str, str]) -> str:
    match node:
        case Everybody():
            return "だれでもよい"
        case Not(Named(field, names)):
            return _named(field, names, labels, "ではない", "がない")
        case Not(inner):
            return f"({_words(inner, today, labels)})ではない"
        case And(parts):
            return "、かつ、".join(_part(part, today, labels) for part in parts)
        case Or(parts):
            return "、または、".join(_part(part, today, labels) for part in parts)
        case Named(field, names):
            return _named(field, names, labels, "である", "がある")
        case Child():
            return _child(node, today)


def _part(node: Expression, today: date, labels: Mapping[str, str]) -> str:
    words = _words(node, today, labels)
    return f"({words})" if isinstance(node, And | Or) else words


def _named(field: str, names: tuple[str, ...], labels: Mapping[str, str], one: str, many: str) -> str:
    """`one` ends the sentence about a field of which a resident has one value, `many` about the others."""
    said = "か".join(f"「{labels.get(name, name) if field == Fact.TOPIC else name}」" for name in names)
    if field == LANGUAGE or field in SINGLE_FACTS:
        return f"{WORDS[field]}が{said}{one}"
    return f"{WORDS[field]}に{said}{many}"


def _child(child: Child, today: date) -> str:
    months = "か".join(_months(each) for each in birth_months(child, today)) or "当てはまらない年月の"
    if child.field == BIRTH_MONTH:
        return f"{months}生まれの子どもがいる"
    unit = "か月" if child.field == AGE_MONTHS else "歳"
    ages = "か".join(_age(span, unit) for span in child.spans)
    return f"{WORDS[child.field]}が{ages}({months}生まれ)の子どもがいる"


def _age(span: Span, unit: str) -> str:
    low, high = span
    if low is None or high is None:
        return f"{high}{unit}以下" if low is None else f"{low}{unit}以上"
    return f"{low}{unit}" if low == high else f"{low}〜{high}{unit}"


def _months(months: Months) -> str:
    first, last = (None if end is None else f"{int(end[:4])}年{int(end[5:])}月" for end in months)
    if first is None or last is None:
        return f"{last}以前" if first is None else f"{first}以後"
    if first == last:
        return first
    year = first[: first.index("年") + 1]
    return f"{first}〜{last.removeprefix(year)}"
