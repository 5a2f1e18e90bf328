"""Named SQL statements, read from `sql/*.sql`.

A statement starts with `-- name: NAME`; `-- name: NAME [postgresql]` (or `[sqlite]`) is the variant for one
database where the two differ. Parameters are `:name` in both; `{condition}` is where a compiled segment goes.
On SQLite a statement with `VALUES (:a, :b)` takes many rows at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

Dialect = Literal["sqlite", "postgresql"]

_FOLDER = Path(__file__).with_name("sql")
_HEADER = re.compile(r"^-- name: (?P<name>\w+)(?: \[(?P<dialect>\w+)\])?$", re.MULTILINE)
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")


class Statement(NamedTuple):
    """One statement as its driver wants it: `parameters` in the order of PostgreSQL's `$1, $2, …`."""

    sql: str
    parameters: Sequence[str]


@lru_cache(maxsize=2)
def _texts(dialect: Dialect) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in sorted(_FOLDER.glob("*.sql")):
        parts = _HEADER.split(file.read_text(encoding="utf-8"))[1:]
        for name, only, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            full = f"{file.stem}.{name}"
            if only == dialect or (not only and full not in texts):
                texts[full] = text.strip().rstrip(";")
    return texts


@lru_cache(maxsize=512)
def statement(dialect: Dialect, name: str, condition: str = "") -> Statement:
    """The statement of that name (`file.name`) for a database, with a segment's condition put in.

    Raises:
        KeyError: there is no such statement.
    """
    sql = _texts(dialect)[name].replace("{condition}", condition)
    parameters = list(dict.fromkeys(_PARAMETER.findall(sql)))
    if dialect == "postgresql":
        sql = _PARAMETER.sub(lambda match: f"${parameters.index(match[1]) + 1}", sql)
    return Statement(sql, parameters)


def fragment(dialect: Dialect, name: str) -> str:
    """A named text that stands behind FROM in other statements, as `{condition}`; its parameters are `:name`.

    Raises:
        KeyError: there is none.
    """
    return _texts(dialect)[name]
