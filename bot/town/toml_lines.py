"""Finds the line on which each value of a TOML document stands, which `tomllib` does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]
"""Where a value lies: keys, and indexes of arrays of tables, such as `("topics", 2, "asks")`."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(?P<open>\[\[?)[ \t]*(?P<key>{_DOTTED})[ \t]*\]\]?")
_ASSIGNMENT = re.compile(rf"[ \t]*(?P<key>{_DOTTED})[ \t]*=")
_STRINGS = (r'"""(?:[^\\]|\\.)*?"{3,5}', r"'''.*?'{3,5}", r'"(?:[^"\\\n]|\\.)*"', r"'[^'\n]*'")
_TOKEN = re.compile("|".join((*_STRINGS, r"#[^\n]*", r".")), re.DOTALL)


def lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every table header and assignment of a valid document."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    position, line = 0, 1
    while position < len(text):
        if header := _HEADER.match(text, position):
            table = _enter(counts, _parts(header["key"]), array=header["open"] == "[[")
            found.setdefault(table, line)
            end = _statement_end(text, header.end())
        elif assignment := _ASSIGNMENT.match(text, position):
            found.setdefault((*table, *_parts(assignment["key"])), line)
            end = _statement_end(text, assignment.end())
        else:  # an empty line or a comment
            end = _statement_end(text, position)
        line += text.count("\n", position, end)
        position = end
    return found


def line_of(found: Mapping[Path, int], path: Path) -> int:
    """The line of a value, else of the nearest table around it; 0 for the document as a whole."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, 0)


def _statement_end(text: str, position: int) -> int:
    """Just after the line break that ends the statement; those within strings and brackets do not."""
    depth = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        assert token is not None  # `.` matches whatever is left
        position = token.end()
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            break
    return position


def _parts(key: str) -> tuple[str, ...]:
    """The parts of a dotted key, read by `tomllib` itself so that quotes and escapes are right."""
    parts = []
    value: Any = tomllib.loads(f"{key} = 0")
    while isinstance(value, dict):
        ((part, value),) = value.items()
        parts.append(part)
    return tuple(parts)


def _enter(counts: dict[Path, int], keys: tuple[str, ...], *, array: bool) -> Path:
    """The path of a header; `[[a]]` opens a new element, and later headers mean the last one of `a`."""
    path: Path = ()
    for number, key in enumerate(keys, 1):
        path = (*path, key)
        if array and number == len(keys):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
