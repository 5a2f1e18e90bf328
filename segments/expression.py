"""Expressions as data. `str` gives the canonical text, which parses back to an equal expression."""

from __future__ import annotations

from dataclasses import dataclass

from segments.quoting import quote


@dataclass(frozen=True, slots=True)
class Everybody:
    """`all`."""

    def __str__(self) -> str:
        return "all"


@dataclass(frozen=True, slots=True)
class Named:
    """A fact with a name as its value is one of `names`: `=` (one) and `in` (any number)."""

    field: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return _one_or_more(self.field, self.names)


@dataclass(frozen=True, slots=True)
class Child:
    """There is a child whose month of birth, or age in months or years, is within one of `spans`.

    A span is (lowest, highest), both included, None for an open end; months are counted from year 0.
    """

    field: str
    spans: tuple[Span, ...]
    text: str

    def __str__(self) -> str:
        return self.text


Span = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Not:
    """Everybody else."""

    inner: Expression

    def __str__(self) -> str:
        if isinstance(self.inner, Named) and len(self.inner.names) == 1:
            return f"{self.inner.field} != {quote(self.inner.names[0])}"
        return f"not {_in_parentheses(self.inner, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """Who fits every part; at least two."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(_in_parentheses(part, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Who fits any part; at least two."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


Expression = Everybody | Named | Child | Not | And | Or


def _one_or_more(field: str, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"{field} = {quote(names[0])}"
    return f"{field} in ({', '.join(quote(name) for name in names)})"


def _in_parentheses(part: Expression, *kinds: type) -> str:
    return f"({part})" if isinstance(part, kinds) else str(part)
