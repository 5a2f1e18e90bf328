"""PostgreSQL's side of copies: every table into a SQLite file, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from typing import Any

import asyncpg

from bot.domain.errors import ConfigurationError, MachiError, RefusedError
from bot.store import migrations
from bot.store.copies import columns, counters, fetch, quoted, raise_counters, tables
from bot.store.port import Params
from bot.store.postgres import CHANNEL, MIGRATION_LOCK
from bot.store.statements import statement

_AT_ONCE = 1000
ALIVE_SECONDS = 30.0
"""A sender seen this lately is taken to be running."""


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    try:
        connection = await asyncpg.connect(url)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConfigurationError(f"PostgreSQL に接続できません: {error}") from error
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise MachiError(f"PostgreSQL でエラーになりました。何も変えていません: {error}") from error
    finally:
        await connection.close()


async def _fetch(connection: Any, name: str, params: Params | None = None) -> list[Any]:
    sql, order = statement("postgresql", name)
    return [row[0] for row in await connection.fetch(sql, *[(params or {})[key] for key in order])]


async def _has_schema(connection: Any) -> bool:
    return bool((await _fetch(connection, "copies.has_schema"))[0])


async def dump(url: str, target: sqlite3.Connection) -> None:
    """Fill an empty SQLite file with everything as it is at one moment.

    Raises:
        ConfigurationError: the database cannot be reached, is empty, or is newer than the program.
    """
    target.execute("PRAGMA foreign_keys=OFF")
    target.execute("PRAGMA synchronous=OFF")  # the file is made sure of as a whole
    async with (
        _connected(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if not await _has_schema(connection):
            raise ConfigurationError("データベースは空です。コピーするものがありません。")
        target.execute("BEGIN")
        _make_schema(target, set(await _fetch(connection, "copies.ledger")))
        for table in tables(target):
            await _fill(connection, target, table)
        given = {
            table: (await _fetch(connection, "copies.counter", {"table": table}))[0] or 0
            for table in fetch(target, "copies.identities")
        }
        raise_counters(target, given)
        target.execute("COMMIT")


def _make_schema(target: sqlite3.Connection, applied: set[int]) -> None:
    """The schema as old as the database is."""
    migrations.missing(applied)
    target.execute(migrations.LEDGER)
    for migration in migrations.migrations():
        if migration.version in applied:
            for sql in migration.statements("sqlite"):
                target.execute(sql)


async def _fill(connection: Any, target: sqlite3.Connection, table: str) -> None:
    names = columns(target, table)
    target.execute(statement("sqlite", "copies.empty", quoted([table])).sql)
    places = ", ".join("?" * len(names))
    insert = statement(
        "sqlite", "copies.insert", f"{quoted([table])} ({quoted(names)}) VALUES ({places})"
    ).sql
    select = statement("postgresql", "copies.rows", f"{quoted(names)} FROM {quoted([table])}").sql
    some: list[tuple[Any, ...]] = []
    async for record in connection.cursor(select, prefetch=_AT_ONCE):
        some.append(tuple(record))
        if len(some) == _AT_ONCE:
            target.executemany(insert, some)
            some.clear()
    target.executemany(insert, some)


async def is_empty(url: str) -> bool:
    """Whether nothing of ours is in a database yet."""
    async with _connected(url) as connection:
        return not await _has_schema(connection)


async def refuse_if_in_use(url: str, now_ms: int) -> None:
    """Make sure that no service runs on a database.

    Raises:
        RefusedError: one does.
    """
    async with _connected(url) as connection:
        if not await _has_schema(connection):
            return
        since = {"since": now_ms - round(ALIVE_SECONDS * 1000)}
        senders = await _fetch(connection, "outbox.senders", since)
        others = (await _fetch(connection, "copies.connected"))[0]
    if senders or others:
        who = f"({'、'.join(senders)})" if senders else ""
        raise RefusedError(
            f"このデータベースを、動いている machi が使っています{who}。machi web と machi worker(machi serve)を"
            f"すべて止めて、{ALIVE_SECONDS:.0f} 秒待ってから、もう一度実行してください。何も変えていません。"
        )


async def load(url: str, source: sqlite3.Connection) -> None:
    """Put a SQLite file of the same version in the place of everything there is, in one transaction."""
    async with _connected(url) as connection, connection.transaction():
        await _fetch(connection, "copies.hold_schema", {"number": MIGRATION_LOCK})
        await connection.execute(statement("postgresql", "copies.empty", quoted(tables(source))).sql)
        for table in _parents_first(source):
            names = columns(source, table)
            await connection.copy_records_to_table(table, columns=names, records=_rows(source, table, names))
        for table, seq in counters(source).items():
            if seq > 0:  # a counter is never taken back, whatever becomes of the transaction: it only rises
                await _fetch(connection, "copies.raise_counter", {"table": table, "seq": seq})
        await connection.execute(f"NOTIFY {CHANNEL}")


def _rows(source: sqlite3.Connection, table: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
    return source.execute(statement("sqlite", "copies.rows", f"{quoted(names)} FROM {quoted([table])}").sql)


def _parents_first(source: sqlite3.Connection) -> list[str]:
    """Tables in an order in which no row refers to one that comes later."""
    graph = {
        table: set(fetch(source, "copies.parents", {"table": table})) - {table} for table in tables(source)
    }
    return list(TopologicalSorter(graph).static_order())
