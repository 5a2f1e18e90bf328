"""The SQLite driver: WAL, one writing connection that commits in groups, a few reading ones.

`synchronous=FULL`: in WAL mode NORMAL may lose the last commits when the power fails, and LINE gets its
200 on the strength of a commit. https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Self

import aiosqlite

from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError
from bot.store import migrations
from bot.store.grouping import GroupCommit
from bot.store.port import Params, Row, T, Work
from bot.store.statements import Dialect, statement

_log = logging.getLogger(__name__)

_READERS = 3
_CHECKPOINT_SECONDS = 0.5
_LONGEST_WAL_PAGES = 32_768
"""128 MB: if checkpoints beside the writer do not keep up, the writer makes one itself."""
_POLL_SECONDS = 0.02
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Append:
    name: str
    rows: Sequence[Params]
    notify: bool


class _Connection:
    """Named statements on one connection; a `Session`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.raw = connection
        self.notifies = False

    async def fetch(self, name: str, params: Params = _NONE, *, condition: str = "") -> Sequence[Row]:
        rows = await self.raw.execute_fetchall(statement("sqlite", name, condition).sql, dict(params))
        return list(rows)

    async def execute(self, name: str, params: Params = _NONE) -> int:
        cursor = await self.raw.execute(statement("sqlite", name).sql, dict(params))
        return cursor.rowcount

    async def execute_many(self, name: str, rows: Sequence[Params]) -> None:
        await self.raw.executemany(statement("sqlite", name).sql, [dict(row) for row in rows])

    async def notify(self) -> None:
        """This process is told after the commit; to others, `PRAGMA data_version` shows it."""
        self.notifies = True

    async def in_one_go(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Several statements in one visit to the connection's thread: each visit costs as much as an insert."""
        await self.raw._execute(work, self.raw._conn)  # type: ignore[no-untyped-call]  # noqa: SLF001  there is no public way


_VALUES = re.compile(r"VALUES \((:\w+(?:,\s*:\w+)*)\)")
_TOGETHER = 64
"""Rows in one INSERT: each statement that runs gives the interpreter's lock away and must win it back."""


@lru_cache(maxsize=256)
def _inserting(name: str, count: int) -> tuple[str, Sequence[str]] | None:
    """A named INSERT of one row of parameters as one of several, and their names; None for other statements."""
    sql = statement("sqlite", name).sql
    values = _VALUES.search(sql)
    if values is None:
        return None
    names = [part.strip().removeprefix(":") for part in values[1].split(",")]
    row = f"({', '.join('?' * len(names))})"
    return f"{sql[: values.start()]}VALUES {', '.join([row] * count)}{sql[values.end() :]}", names


def _append_durably(appends: Sequence[_Append], connection: sqlite3.Connection) -> None:
    name = appends[0].name
    rows = [row for item in appends for row in item.rows]
    if len(rows) <= _TOGETHER and all(item.name == name for item in appends) and _inserting(name, 1):
        _run(connection, name, rows)  # a single statement is a transaction of its own
        return
    try:
        _begin_with(appends, connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _begin_with(appends: Sequence[_Append], connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for name, run in itertools.groupby(appends, key=lambda item: item.name):
        _run(connection, name, [row for item in run for row in item.rows])


def _run(connection: sqlite3.Connection, name: str, rows: Sequence[Params]) -> None:
    if _inserting(name, 1) is None:
        connection.executemany(statement("sqlite", name).sql, rows)
        return
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        if inserting := _inserting(name, len(some)):
            sql, names = inserting
            connection.execute(sql, [row[key] for row in some for key in names])


class SqliteDatabase:
    """See `bot.store.port.Database`."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, clock: Clock, migrations_folder: Path = migrations.FOLDER) -> None:
        self._path = path
        self._clock = clock
        self._migrations = migrations_folder
        self._group: GroupCommit[_Append | Work[Any]] = GroupCommit(self._commit)
        self._readers: asyncio.Queue[_Connection] = asyncio.Queue()
        self._news = asyncio.Event()
        self._open: list[aiosqlite.Connection] = []
        self._written = asyncio.Event()
        self._checkpoints: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path, clock: Clock, migrations_folder: Path = migrations.FOLDER) -> Self:
        """Open (or create) the file.

        Raises:
            ConfigurationError: the file cannot be opened or is not a database.
        """
        database = cls(path, clock, migrations_folder)
        try:
            await database._start()
        except (aiosqlite.Error, OSError) as error:
            await database.close()
            raise ConfigurationError(f"データベース {path} を開けません: {error}") from error
        return database

    async def _start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = await self._connect()
        await self._writer.raw.execute_fetchall("PRAGMA journal_mode=WAL")
        await self._writer.raw.execute_fetchall(f"PRAGMA wal_autocheckpoint={_LONGEST_WAL_PAGES}")
        self._version = await self._data_version()
        for _ in range(_READERS):
            self._readers.put_nowait(await self._connect(read_only=True))
        self._checkpoints = asyncio.create_task(self._checkpoint(await self._connect()))

    async def _checkpoint(self, connection: _Connection) -> None:
        """Move what was committed into the file, beside the writer: in its way, it would hold up everything.

        https://www.sqlite.org/wal.html#ckpt
        """
        while True:
            await self._written.wait()
            self._written.clear()
            try:
                await connection.raw.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
            except aiosqlite.Error:
                _log.exception("What was committed stays in the log for now")
            await asyncio.sleep(_CHECKPOINT_SECONDS)

    async def _connect(self, *, read_only: bool = False) -> _Connection:
        connection = await aiosqlite.connect(self._path, isolation_level=None)
        self._open.append(connection)
        connection.row_factory = aiosqlite.Row
        for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        if read_only:
            await connection.execute_fetchall("PRAGMA query_only=ON")
        return _Connection(connection)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[_Connection]:
        reader = await self._readers.get()
        try:
            yield reader
        finally:
            self._readers.put_nowait(reader)

    async def fetch(self, name: str, params: Params = _NONE, *, condition: str = "") -> Sequence[Row]:
        """See `Database.fetch`."""
        async with self._reader() as reader:
            return await reader.fetch(name, params, condition=condition)

    async def write(self, work: Work[T]) -> T:
        """See `Database.write`."""
        result: T = await self._group.submit(work)
        return result

    async def append(self, name: str, rows: Sequence[Params], *, notify: bool = False) -> None:
        """See `Database.append`."""
        await self._group.submit(_Append(name, rows, notify))

    async def _commit(self, items: list[_Append | Work[Any]]) -> list[Any]:
        appends = [item for item in items if isinstance(item, _Append)]
        self._writer.notifies = any(item.notify for item in appends)
        if len(appends) == len(items):
            await self._writer.in_one_go(partial(_append_durably, appends))
            results: list[Any] = [None] * len(items)
        else:
            results = await self._transaction(items, appends)
        if self._writer.notifies:
            self._news.set()
        self._written.set()
        return results

    async def _transaction(self, items: list[_Append | Work[Any]], appends: list[_Append]) -> list[Any]:
        """The appends first: nobody in a group can have waited for another's change."""
        writer = self._writer
        try:
            await writer.in_one_go(partial(_begin_with, appends))
            results = [None if isinstance(item, _Append) else await item(writer) for item in items]
            await writer.raw.execute_fetchall("COMMIT")
        except BaseException:
            await writer.raw.rollback()
            raise
        return results

    async def _data_version(self) -> int:
        """Changes with every commit of another process; those of our own writer do not show on it."""
        rows = await self._writer.raw.execute_fetchall("PRAGMA data_version")
        return int(next(iter(rows))[0])

    async def changed(self, seconds: float) -> None:
        """See `Database.changed`; looks 50 times a second."""
        for _ in range(max(1, round(seconds / _POLL_SECONDS))):
            version = await self._data_version()
            if self._news.is_set() or version != self._version:
                self._news.clear()
                self._version = version
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def upgrade(self) -> list[str]:
        """See `Database.upgrade`."""
        connection = self._writer.raw
        await connection.execute_fetchall("BEGIN IMMEDIATE")
        try:
            await connection.execute(migrations.LEDGER)
            rows = await connection.execute_fetchall(migrations.APPLIED)
            todo = migrations.missing({row["version"] for row in rows}, self._migrations)
            for migration in todo:
                for sql in migration.statements("sqlite"):
                    await connection.execute(sql)
                await self._writer.execute(
                    "schema.record",
                    {"version": migration.version, "name": migration.name, "now": self._clock.now_ms()},
                )
            await connection.execute_fetchall("COMMIT")
        except BaseException:
            await connection.rollback()
            raise
        return [migration.name for migration in todo]

    async def close(self) -> None:
        """See `Database.close`; an aiosqlite connection left open would keep the process alive."""
        await self._group.close()
        if self._checkpoints is not None:
            self._checkpoints.cancel()
            await asyncio.wait([self._checkpoints])
        for connection in self._open:
            await connection.close()
        self._open.clear()
