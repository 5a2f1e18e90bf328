"""How SQLite goes about what the program asks of it: no question reads all batches or events there ever were."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import statements
from bot.store.sqlite import SqliteDatabase
from tests.clock import HandClock

_SQL = Path(statements.__file__).with_name("sql")
_NAMES = {
    f"{file.stem}.{name}"
    for file in _SQL.glob("*.sql")
    if file.stem != "copies"  # of everything there is
    for name in re.findall(r"^-- name: (\w+)", file.read_text("utf-8"), re.MULTILINE)
}
_GROWING = ("batches", "recipients", "addresses", "inbox")
_EVER = re.compile(
    r"SCAN (?P<table>\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?"
    r"|SEARCH (?P<automatic>\w+) USING AUTOMATIC"  # an index made for the occasion, of everything
)
_FEW = {"batches_leased", "batches_ready", "batches_in_doubt"}
"""Indexes of nothing but what has not ended."""
_WHOLE = {"outbox.forget_addresses", "outbox.forget_addresses_of", "outbox.waiting_with"}
"""These go by the addresses, which there are only of what has not ended, or has just."""


def _scanned(connection: sqlite3.Connection, sql: str, parameters: list[str]) -> set[str]:
    """The large tables that a statement reads from end to end."""
    named = re.findall(r"(?:FROM|JOIN|,)\s+(\w+) (?:AS )?(\w+)\b", sql)
    names = {alias: table for table, alias in named}
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(parameters, 1))
    found = set()
    for *_, step in plan:
        if (scan := _EVER.match(step)) and scan["index"] not in _FEW:
            table = scan["table"] or scan["automatic"]
            found.add(names.get(table, table))
    return found & set(_GROWING)


@pytest.fixture
async def connection(tmp_path: Path, clock: HandClock) -> sqlite3.Connection:
    database = await SqliteDatabase.open(tmp_path / "town.db", clock)
    await database.upgrade()
    await database.close()
    return sqlite3.connect(tmp_path / "town.db")


async def test_no_question_reads_all_that_ever_was(connection: sqlite3.Connection) -> None:
    with closing(connection):
        asked = 0
        for name in sorted(_NAMES):
            sql, parameters = statements.statement("sqlite", name, "")
            try:
                scanned = _scanned(connection, sql, list(parameters))
            except sqlite3.OperationalError:
                continue  # it is whole only with a segment's condition, or with the name of a table
            asked += 1
            assert not scanned or (name in _WHOLE and scanned == {"addresses"}), (
                f"{name} reads all of {scanned}"
            )
        assert asked > len(_NAMES) * 0.9
