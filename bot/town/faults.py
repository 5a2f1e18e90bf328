"""Gathers the faults of one file, so that a clerk sees all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from bot.domain.errors import Fault
from bot.rendering.filters import parse_date

T = TypeVar("T")

_YEARS = range(2000, 2100)
"""Years a town's files may speak of: any other is a slip of the finger."""


class Faults:
    """The faults found so far in one file, shown under its path relative to the town's folder."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []

    def add(self, line: int, message: str) -> None:
        """Note a fault; line 0 means the file as a whole."""
        self.found.append(Fault(self.file, line, message))

    def attempt(self, line: int, parse: Callable[[str], T], text: str) -> T | None:
        """What `parse` makes of a text, or None with its ValueError noted as a fault."""
        try:
            return parse(text)
        except ValueError as error:
            self.add(line, str(error))
            return None


def past_day(text: str) -> date:
    """A day of any year, written as for `day`.

    Raises:
        ValueError: it is not one, in Japanese.
    """
    found = parse_date(text)
    if found is None:
        raise ValueError(f"「{text}」は日付ではありません。2026-11-30 のように書いてください。")
    return found


def day(text: str) -> date:
    """A day written `2026-11-30` or `2026/11/30`.

    Raises:
        ValueError: it is not one, in Japanese.
    """
    found = parse_date(text)
    if found is None or found.year not in _YEARS:
        raise ValueError(f"「{text}」は日付ではありません。2026-11-30 のように書いてください。")
    return found
