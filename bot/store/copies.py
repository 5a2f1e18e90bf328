"""Copies of a database: one SQLite file in our own schema, whichever kind of database it comes from."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError, InvalidInputError, MachiError
from bot.store.port import Params
from bot.store.statements import statement
from bot.store.store import sqlite_path

_SCRATCH = ".machi-copy-"


class Copy(NamedTuple):
    """A copy: how many rows each table has, and how many bytes the file.

    `made_ms` is a moment (ms since the epoch) from which on it does not know what happened.
    """

    file: Path
    made_ms: int
    tables: dict[str, int]
    size: int

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(self.tables.values())


def read_only(file: Path) -> sqlite3.Connection:
    """A connection that cannot change the file; `sqlite3.Error` at its first use if it is no database."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=30000")
    return connection


def fetch(
    connection: sqlite3.Connection, name: str, params: Params | None = None, *, condition: str = ""
) -> list[Any]:
    """The first column of each row of a named statement."""
    return [row[0] for row in connection.execute(statement("sqlite", name, condition).sql, params or {})]


def execute(connection: sqlite3.Connection, name: str, params: Params | None = None) -> None:
    """Run a named statement."""
    connection.execute(statement("sqlite", name).sql, params or {})


def has_schema(connection: sqlite3.Connection) -> bool:
    """Whether a file has our ledger of migrations."""
    return bool(fetch(connection, "copies.has_schema")[0])


def tables(connection: sqlite3.Connection) -> list[str]:
    """The names of every table of ours."""
    return fetch(connection, "copies.tables")


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns, in its order."""
    return fetch(connection, "copies.columns", {"table": table})


def counters(connection: sqlite3.Connection) -> dict[str, int]:
    """The highest id each table with ids of its own ever gave."""
    if not fetch(connection, "copies.identities"):
        return {}
    return dict(connection.execute(statement("sqlite", "copies.counters").sql))


def raise_counters(connection: sqlite3.Connection, given: dict[str, int]) -> None:
    """See to it that no table gives an id again that it gave somewhere else."""
    known = counters(connection)
    for table in fetch(connection, "copies.identities"):
        if (highest := given.get(table, 0)) > known.get(table, 0):
            execute(connection, "copies.forget_counter", {"name": table})
            execute(connection, "copies.set_counter", {"name": table, "seq": highest})


def quoted(names: Sequence[str]) -> str:
    """Names of tables or columns as SQL takes them."""
    return ", ".join(f'"{name}"' for name in names)


async def back_up(url: str, file: Path, clock: Clock) -> Copy:
    """Copy the database of a URL as it is at one moment, while others write to it; the file is whole or not there.

    Raises:
        ConfigurationError: there is no such database, or nothing in it.
        InvalidInputError: the file exists, or nothing can be written there.
        MachiError: the database or the disk fails.
    """
    try:
        return await unexplained_back_up(url, file, clock)
    except sqlite3.Error as error:
        raise MachiError(f"コピー {file} を作れませんでした: {error}") from error


async def unexplained_back_up(url: str, file: Path, clock: Clock) -> Copy:
    """The same, but with SQLite's own errors."""
    if os.path.lexists(file):  # noqa: ASYNC240  nothing else runs meanwhile
        raise InvalidInputError(f"{file} はもうあります。上書きはしません。別の名前を指定してください。")
    made_ms = clock.now_ms()
    path = sqlite_path(url)
    with _appearing(file) as temporary:
        with closing(sqlite3.connect(temporary, isolation_level=None)) as target:
            if path is not None:
                _copy_sqlite(path, target)
            else:
                from bot.store.postgres_copies import dump  # noqa: PLC0415  only the driver that is used is loaded

                await dump(url, target)
            counts = _finish(target, made_ms)
        size = temporary.stat().st_size
    return Copy(file, made_ms, counts, size)


def _copy_sqlite(path: Path, target: sqlite3.Connection) -> None:
    """All pages in one go, in one read transaction: in WAL mode nobody who writes has to wait."""
    if not path.is_file():
        raise ConfigurationError(f"データベース {path} がありません。MACHI_DATABASE_URL を確かめてください。")
    with closing(read_only(path)) as source:
        source.backup(target)
    if not has_schema(target):
        raise ConfigurationError(f"データベース {path} は空です。コピーするものがありません。")


def _finish(target: sqlite3.Connection, made_ms: int) -> dict[str, int]:
    """Let a copy say when it was made, and be one file alone; the rows of each table."""
    target.execute("PRAGMA journal_mode=DELETE")
    target.execute("PRAGMA synchronous=FULL")
    execute(target, "copies.add_mark")
    execute(target, "copies.forget_mark")
    execute(target, "copies.mark", {"made_ms": made_ms})
    return {table: fetch(target, "copies.count", condition=quoted([table]))[0] for table in tables(target)}


@contextmanager
def _appearing(file: Path) -> Iterator[Path]:
    """A temporary file beside `file` that takes that name once it is whole and on the disk."""
    with scratch(file.parent) as temporary:
        yield temporary
        sync(temporary)
        try:
            os.link(temporary, file)  # unlike a renaming, it does not overwrite what has appeared meanwhile
        except FileExistsError:
            raise InvalidInputError(f"{file} はもうあります。上書きはしません。") from None
        except OSError:  # a file system without links
            temporary.rename(file)
        sync(file.parent)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A new empty file for a database, for its owner alone, and gone afterwards; what killed processes left goes first.

    Whoever uses one holds the operating system's lock on it.

    Raises:
        InvalidInputError: the folder cannot be written to.
    """
    try:
        for left in folder.glob(f"{_SCRATCH}*.db"):
            _sweep(left)
        number, temporary = _locked(folder)
    except OSError as error:
        raise InvalidInputError(f"{folder} に書けません({error.strerror})。") from None
    try:
        yield temporary
    finally:
        _discard(temporary)
        os.close(number)


def _locked(folder: Path) -> tuple[int, Path]:
    while True:
        number, name = tempfile.mkstemp(prefix=_SCRATCH, suffix=".db", dir=folder)
        fcntl.flock(number, fcntl.LOCK_EX)
        if os.fstat(number).st_nlink:  # nobody took it for one left over before it was locked
            return number, Path(name)
        os.close(number)


def _sweep(left: Path) -> None:
    """Remove what a killed process left, unless somebody works with it."""
    with suppress(OSError), left.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _discard(left)


def _discard(temporary: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            temporary.with_name(temporary.name + ending).unlink()


def sync(path: Path) -> None:
    """Make sure that a file, or a folder's list of names, is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
