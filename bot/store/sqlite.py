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
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Self

from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError
from bot.store import migrations
from bot.store.grouping import LATER, GroupCommit
from bot.store.port import Params, Row, T, Work
from bot.store.statements import Dialect, statement

_log = logging.getLogger(__name__)

_READERS = 3
_STATEMENTS = 512
"""Kept, as text and compiled: each that takes several rows is another one for every number of them."""
_PATIENCE_SECONDS = 30.0
"""How long one waits while another process writes."""
_CHECKPOINT_SECONDS = 0.5
_LONGEST_WAL_PAGES = 32_768
"""128 MB: if checkpoints beside the writer do not keep up, the writer makes one itself."""
_GROUP_SECONDS = 0.004
"""Transactions are grouped for so long; webhooks wait for the commit of the group before theirs."""
_POLL_SECONDS = 0.02
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Append:
    name: str
    rows: Sequence[Params]
    notify: bool


class _Connection:
    """A connection and the thread it lives in: SQLite works there while the event loop goes on."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "sqlite")

    async def open(self, path: Path, *pragmas: str) -> None:
        """Connect to the file, which is created if need be."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connect, path, pragmas)

    def _connect(self, path: Path, pragmas: Sequence[str]) -> None:
        self._raw = sqlite3.connect(
            path, timeout=_PATIENCE_SECONDS, isolation_level=None, cached_statements=_STATEMENTS
        )
        self._raw.row_factory = sqlite3.Row
        for pragma in ("synchronous=FULL", "foreign_keys=ON", *pragmas):
            self._raw.execute(f"PRAGMA {pragma}")

    async def visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work in the thread. Each visit waits for a turn of the event loop, which may be busy."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._raw))

    async def close(self) -> None:
        """Close the connection, if it was opened, and end the thread."""
        if hasattr(self, "_raw"):
            await self.visit(sqlite3.Connection.close)
        self._thread.shutdown(wait=False)


class _Session:
    """A `Session` in the thread of its connection: none of it waits, so a transaction is one visit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.notifies = False

    async def fetch(self, name: str, params: Params = _NONE, *, condition: str = "") -> Sequence[Row]:
        return self._connection.execute(statement("sqlite", name, condition).sql, params).fetchall()

    async def execute(self, name: str, params: Params = _NONE) -> int:
        return self._connection.execute(statement("sqlite", name).sql, params).rowcount

    async def execute_many(self, name: str, rows: Sequence[Params]) -> None:
        _run(self._connection, name, rows)

    async def notify(self) -> None:
        """This process is told after the commit; to others, `PRAGMA data_version` shows it."""
        self.notifies = True


def _result(work: Coroutine[Any, Any, T]) -> T:
    """Of a coroutine that waits for nothing; a transaction that waits holds up everyone else's."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("a transaction must not wait for anything but its own statements")


_VALUES = re.compile(r"VALUES \((:\w+(?:,\s*:\w+)*)\)")
_TOGETHER = 64
"""Rows in one statement: each that runs gives the interpreter's lock away and must win it back."""


@lru_cache(maxsize=_STATEMENTS)
def _together(name: str, count: int) -> tuple[str, Sequence[str]] | None:
    """A named statement with VALUES as one for several rows, and the names of a row; None if it has none."""
    sql = statement("sqlite", name).sql
    values = _VALUES.search(sql)
    if values is None:
        return None
    names = [part.strip().removeprefix(":") for part in values[1].split(",")]
    row = f"({', '.join('?' * len(names))})"
    return f"{sql[: values.start()]}VALUES {', '.join([row] * count)}{sql[values.end() :]}", names


class _Committed(NamedTuple):
    """A group that is durable: whether to tell of it, and the version that others had left the data at, if asked."""

    results: list[Any]
    notifies: bool
    version: int | None


def _commit(
    items: Sequence[_Append | Work[Any]], connection: sqlite3.Connection, *, look: bool
) -> _Committed:
    """Make a group of changes durable; `look` at what others have changed as well.

    The appends first: nobody in a group can have waited for another's change.
    """
    version = _data_version(connection) if look else None
    appends = [item for item in items if isinstance(item, _Append)]
    session = _Session(connection)
    session.notifies = any(item.notify for item in appends)
    if _is_one_statement(items, appends):
        _run(connection, appends[0].name, [row for item in appends for row in item.rows])
        return _Committed([None] * len(items), session.notifies, version)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for name, run in itertools.groupby(appends, key=lambda item: item.name):
            _run(connection, name, [row for item in run for row in item.rows])
        results = list(_results(items, session))
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return _Committed(results, session.notifies, version)


def _results(items: Sequence[_Append | Work[Any]], session: _Session) -> Iterator[Any]:
    """What was appended has none; the transactions' own, of as many as there is time for, and one at least."""
    end = None
    for item in items:
        if isinstance(item, _Append):
            yield None
        elif end is not None and time.monotonic() >= end:
            yield LATER
        else:
            end = end or time.monotonic() + _GROUP_SECONDS
            yield _result(item(session))


def _is_one_statement(items: Sequence[_Append | Work[Any]], appends: Sequence[_Append]) -> bool:
    """Whether a group needs no BEGIN and COMMIT: a single statement is a transaction of its own."""
    if len(appends) < len(items) or len({item.name for item in appends}) > 1:
        return False
    return sum(len(item.rows) for item in appends) <= _TOGETHER and _together(appends[0].name, 1) is not None


def _run(connection: sqlite3.Connection, name: str, rows: Sequence[Params]) -> None:
    if _together(name, 1) is None:
        connection.executemany(statement("sqlite", name).sql, rows)
        return
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        if together := _together(name, len(some)):
            sql, names = together
            connection.execute(sql, [row[key] for row in some for key in names])


def _data_version(connection: sqlite3.Connection) -> int:
    """Changes with every commit of another process; those of this very connection do not show on it."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


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
        self._open: list[_Connection] = []
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
        except (sqlite3.Error, OSError) as error:
            await database.close()
            raise ConfigurationError(f"データベース {path} を開けません: {error}") from error
        return database

    async def _start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = await self._connect("journal_mode=WAL", f"wal_autocheckpoint={_LONGEST_WAL_PAGES}")
        self._look(await self._writer.visit(_data_version))
        self._known = self._version
        for _ in range(_READERS):
            self._readers.put_nowait(await self._connect("query_only=ON"))
        self._checkpoints = asyncio.create_task(self._checkpoint(await self._connect()))

    async def _checkpoint(self, connection: _Connection) -> None:
        """Move what was committed into the file, beside the writer: in its way, it would hold up everything.

        https://www.sqlite.org/wal.html#ckpt
        """
        while True:
            await self._written.wait()
            self._written.clear()
            try:
                await connection.visit(lambda raw: raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall())
            except sqlite3.Error:
                _log.exception("What was committed stays in the log for now")
            await asyncio.sleep(_CHECKPOINT_SECONDS)

    async def _connect(self, *pragmas: str) -> _Connection:
        connection = _Connection()
        self._open.append(connection)
        await connection.open(self._path, *pragmas)
        return connection

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
            sql = statement("sqlite", name, condition).sql
            return await reader.visit(lambda raw: raw.execute(sql, params).fetchall())

    async def write(self, work: Work[T]) -> T:
        """See `Database.write`."""
        result: T = await self._group.submit(work)
        return result

    async def append(
        self, name: str, rows: Sequence[Params], *, notify: bool = False, patient: bool = False
    ) -> None:
        """See `Database.append`."""
        await self._group.submit(_Append(name, rows, notify), patient=patient)

    async def _commit(self, items: list[_Append | Work[Any]]) -> list[Any]:
        committed = await self._writer.visit(partial(_commit, items, look=self._is_time_to_look()))
        if committed.version is not None:
            self._look(committed.version)
        if committed.notifies:
            self._news.set()
        self._written.set()
        return committed.results

    def _is_time_to_look(self) -> bool:
        return time.monotonic() - self._looked >= _POLL_SECONDS

    def _look(self, version: int) -> None:
        self._version, self._looked = version, time.monotonic()

    async def changed(self, seconds: float) -> None:
        """See `Database.changed`; looks 50 times a second, unless commits just have."""
        for _ in range(max(1, round(seconds / _POLL_SECONDS))):
            if self._is_time_to_look():
                self._look(await self._writer.visit(_data_version))
            if self._news.is_set() or self._version != self._known:
                self._news.clear()
                self._known = self._version
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def upgrade(self) -> list[str]:
        """See `Database.upgrade`."""
        return await self._writer.visit(self._upgrade)

    def _upgrade(self, connection: sqlite3.Connection) -> list[str]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(migrations.LEDGER)
            rows = connection.execute(migrations.APPLIED).fetchall()
            todo = migrations.missing({row["version"] for row in rows}, self._migrations)
            for migration in todo:
                for sql in migration.statements("sqlite"):
                    connection.execute(sql)
                record = {
                    "version": migration.version,
                    "name": migration.name,
                    "now": self._clock.now_ms(),
                }
                connection.execute(statement("sqlite", "schema.record").sql, record)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        return [migration.name for migration in todo]

    async def close(self) -> None:
        """See `Database.close`."""
        await self._group.close()
        if self._checkpoints is not None:
            self._checkpoints.cancel()
            await asyncio.wait([self._checkpoints])
        for connection in self._open:
            await connection.close()
        self._open.clear()
