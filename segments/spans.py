"""Conditions on children as months of birth, on a given day."""

from __future__ import annotations

from datetime import date

from bot.domain.months import month_of, months_before
from segments.expression import Child, Span
from segments.vocabulary import AGE_YEARS, BIRTH_MONTH

Months = tuple[str | None, str | None]
"""First and last month of birth, `YYYY-MM`, both included; None for an open end."""


def birth_months(child: Child, today: date) -> tuple[Months, ...]:
    """The months of birth that fit the condition on that day.

    A child's age in months is counted from month to month; one who is not born yet has no age.
    """
    if child.field == BIRTH_MONTH:
        return tuple((_month(low), _month(high)) for low, high in child.spans)
    this_month = month_of(today)
    found = []
    for span in child.spans:
        low, high = _in_months(span) if child.field == AGE_YEARS else span
        if high is not None and high < 0:
            continue  # younger than newborn: nobody
        first = None if high is None else months_before(this_month, high)
        found.append((first, months_before(this_month, max(low or 0, 0))))
    return tuple(found)


def _in_months(span: Span) -> Span:
    low, high = span
    return None if low is None else low * 12, None if high is None else high * 12 + 11


def _month(number: int | None) -> str | None:
    return None if number is None else f"{number // 12:04d}-{number % 12 + 1:02d}"
