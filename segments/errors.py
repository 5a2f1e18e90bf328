"""The one error of the segment language: what is wrong, and where."""

from __future__ import annotations

import unicodedata

from bot.domain.errors import InvalidInputError

_COLUMNS = 76
"""A line that is longer is shown from shortly before the fault, so that the caret stays below it."""
_BEFORE = 30


class SegmentError(InvalidInputError):
    """An expression is not valid.

    `position` counts characters of `text` from 0; `reason` is the Japanese sentence without the place;
    `expected` says in a few words what could have stood there; `suggestion` is the nearest known name.
    """

    def __init__(
        self, reason: str, text: str, position: int, *, expected: str = "", suggestion: str | None = None
    ) -> None:
        self.reason = reason
        self.position = position
        self.expected = expected
        self.suggestion = suggestion
        super().__init__(f"{reason}\n{_pointed_at(text, position)}")


def _pointed_at(text: str, position: int) -> str:
    """The line with the fault, and a caret below the place."""
    start = text.rfind("\n", 0, position) + 1
    line = "".join(_visible(char) for char in text[start:].partition("\n")[0])
    column = position - start
    if _columns(line) > _COLUMNS:
        cut = max(0, column - _BEFORE)
        line, column = ("..." if cut else "") + line[cut : cut + 2 * _BEFORE], column - cut + 3 * bool(cut)
    return f"  {line}\n  {' ' * _columns(line[:column])}^"


def _visible(char: str) -> str:
    return " " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char


def _columns(text: str) -> int:
    """How wide a text is shown: a full-width character takes two columns, a combining one none."""
    widths = (0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
    return sum(widths)
