"""Numbered migrations: one text for both databases, with the few words that differ filled in."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

from bot.domain.errors import ConfigurationError
from bot.store.statements import Dialect

FOLDER = Path(__file__).with_name("migrations")
_NAME = re.compile(r"(?P<version>\d{4})_\w+\.sql")

_WORDS: dict[Dialect, dict[str, str]] = {
    "sqlite": {
        "identity": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "text": "TEXT",
        "bytes": "BLOB",
        "clustered": "WITHOUT ROWID",
    },
    "postgresql": {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "text": 'TEXT COLLATE "C"',
        "bytes": "BYTEA",
        "clustered": "",
    },
}

LEDGER = "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT, applied_ms BIGINT)"
APPLIED = "SELECT version, applied_ms FROM migrations ORDER BY version"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema; `version` counts from 1 without gaps."""

    version: int
    name: str
    text: str

    def statements(self, dialect: Dialect) -> Iterator[str]:
        """Its statements for one database."""
        pending = ""
        for line in Template(self.text).substitute(_WORDS[dialect]).splitlines():
            pending += line + "\n"
            if sqlite3.complete_statement(pending):
                yield pending.strip()
                pending = ""


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order."""
    files = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    return [Migration(int(path.name[:4]), path.stem, path.read_text(encoding="utf-8")) for path in files]


def missing(applied: set[int], folder: Path = FOLDER) -> list[Migration]:
    """The migrations not yet applied, in order.

    Raises:
        ConfigurationError: the database was written by a newer version of the program.
    """
    known = migrations(folder)
    if applied - {migration.version for migration in known}:
        raise ConfigurationError(
            "データベースがこのプログラムより新しい版です。新しい版の machi-push をお使いください。"
        )
    return [migration for migration in known if migration.version not in applied]
