"""A few words to declare what a JSON value must look like, and to say where it does not.

A check takes a value and the path that led to it and yields the problems it finds. Checks are built by
calling the functions below and composed as plain values, so the modules that declare LINE's objects read
like its reference. Unknown properties pass: LINE adds some without notice and ignores those it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.counting import utf16

Path = tuple[str | int, ...]
"""Keys and indexes from the request body down to a value: ``("messages", 0, "text")``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a value, in LINE's words, and where it is."""

    message: str
    path: Path


Check = Callable[[Any, Path], Iterator[Problem]]
Rule = Callable[[dict[str, Any]], Iterator[tuple[str, Path]]]
"""A condition between the properties of one object; yields (message, path below the object)."""


def text(*, most: int, least: int = 1, count: Callable[[str], int] = utf16) -> Check:
    """A string of ``least`` to ``most`` characters as ``count`` counts them."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("Must be a string", path)
        elif not value and least:
            yield Problem("May not be empty", path)
        elif not least <= count(value) <= most:
            yield Problem(f"Length must be between {least} and {most}", path)

    return check


def choice(*values: str) -> Check:
    """One of the given strings."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if value not in values:
            yield Problem(f"Must be one of the following values: [{', '.join(values)}]", path)

    return check


def matching(pattern: str, message: str, *, most: int = 5000) -> Check:
    """A string that the regular expression matches as a whole."""
    compiled = re.compile(pattern)

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield Problem(message, path)
        elif utf16(value) > most:
            yield Problem(f"Length must be between 1 and {most}", path)

    return check


def number(*, least: float, most: float = 2**31 - 1, whole: bool = True) -> Check:
    """A number in a range; ``whole`` for integers only. JSON's true and false are not numbers."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            yield Problem("Must be a number", path)
        elif not least <= value <= most:
            yield Problem(f"Must be between {least} and {most}", path)

    return check


def flag(value: Any, path: Path) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield Problem("Must be true or false", path)


def items(item: Check, *, most: int, least: int = 1) -> Check:
    """An array of ``least`` to ``most`` values that each pass ``item``."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("Must be an array", path)
        elif not least <= len(value) <= most:
            yield Problem(f"Size must be between {least} and {most}", path)
        else:
            for index, element in enumerate(value):
                yield from item(element, (*path, index))

    return check


def values(item: Check, *, most: int) -> Check:
    """An object used as a mapping: any keys, up to ``most``, whose values pass ``item``."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("Must be an object", path)
        elif len(value) > most:
            yield Problem(f"Size must be between 0 and {most}", path)
        else:
            for key, element in value.items():
                yield from item(element, (*path, key))

    return check


def record(
    required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None, *rules: Rule
) -> Check:
    """An object with these properties. A property that is null counts as absent.

    The rules, which look at several properties together, run only once each property is right by itself.
    """
    required = required or {}
    known = {**required, **(optional or {})}

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("Must be an object", path)
            return
        problems = [Problem("May not be empty", (*path, key)) for key in required if value.get(key) is None]
        for key, element in value.items():
            if key in known and element is not None:
                problems.extend(known[key](element, (*path, key)))
        if not problems:
            problems = [Problem(message, path + below) for rule in rules for message, below in rule(value)]
        yield from problems

    return check


def tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose ``type`` says which check applies to it."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("Must be an object", path)
        elif not isinstance(value.get("type"), str) or value["type"] not in kinds:
            yield Problem(f"Must be one of the following values: [{', '.join(kinds)}]", (*path, "type"))
        else:
            yield from kinds[value["type"]](value, path)

    return check


def later(find: Callable[[], Check]) -> Check:
    """A check that is looked up only when used: for objects that hold objects of their own kind."""

    def check(value: Any, path: Path) -> Iterator[Problem]:
        yield from find()(value, path)

    return check
