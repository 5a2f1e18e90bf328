"""The one error of the segment language: what is wrong, and where."""

from __future__ import annotations

import unicodedata

from bot.domain.errors import InvalidInputError


class SegmentError(InvalidInputError):
    """An expression is not valid.

    `position` counts characters of `text` from 0; `reason` is the Japanese sentence without the place.
    """

    def __init__(self, reason: str, text: str, position: int) -> None:
        self.reason = reason
        self.position = position
        super().__init__(f"{reason}\n{_pointed_at(text, position)}")


def _pointed_at(text: str, position: int) -> str:
    """The line with the fault, and a caret below the place; a full-width character is two columns wide."""
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].partition("\n")[0]
    before = text[start:position]
    columns = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in before)
    return f"  {line}\n  {' ' * columns}^"
