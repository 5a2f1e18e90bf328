"""Back to a copy: everything is made ready in a temporary file, then takes the database's place at once."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, count
from pathlib import Path

from bot.domain.clock import Clock, from_ms
from bot.domain.errors import InvalidInputError, MachiError
from bot.store import migrations
from bot.store.copies import (
    Copy,
    back_up,
    counters,
    execute,
    fetch,
    has_schema,
    quoted,
    raise_counters,
    read_only,
    scratch,
    sync,
    tables,
    unexplained_back_up,
)
from bot.store.port import Work
from bot.store.settling import Lapse, Restored, Returned, Settled, settle
from bot.store.sqlite import SqliteDatabase
from bot.store.statements import statement
from bot.store.store import sqlite_path

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def checked(url: str, file: Path) -> Iterator[Path]:
    """A temporary copy of a file from which the database of `url` can be restored, for as long as that takes.

    Raises:
        InvalidInputError: it is none, is damaged, or is of a newer version of the program.
    """
    path = sqlite_path(url)
    if not file.is_file():
        raise InvalidInputError(f"{file} というファイルがありません。")
    if path is not None and path.exists() and path.samefile(file):
        raise InvalidInputError(f"{file} は、いまのデータベースそのものです。コピーを指定してください。")
    beside = file if path is None else path
    beside.parent.mkdir(parents=True, exist_ok=True)
    with scratch(beside.parent) as temporary:
        _take(file, temporary)
        yield temporary


def _take(file: Path, temporary: Path) -> None:
    """Copy a file and make sure of what it is."""
    nothing = "何も変えていません。"
    try:
        with closing(read_only(file)) as source, closing(_opened(temporary)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            faults = [row[0] for row in target.execute("PRAGMA integrity_check(1)")]
            broken = target.execute("PRAGMA foreign_key_check").fetchone()
            known = {each.version: each.name for each in migrations.migrations()}
            ledger = _ledger(target)
    except sqlite3.Error as error:
        raise InvalidInputError(
            f"{file} を SQLite のデータベースとして読めません({error})。{nothing}"
        ) from None
    if faults != ["ok"] or broken is not None:
        what = f"表 {broken[0]} の行が、ない行を指しています" if faults == ["ok"] else faults[0]
        raise InvalidInputError(f"{file} は壊れています({what})。別のコピーを使ってください。{nothing}")
    if not ledger or any(known.get(version, name) != name for version, name in ledger.items()):
        raise InvalidInputError(f"{file} は machi-push のデータベースではありません。{nothing}")
    if ledger.keys() - known.keys():
        raise InvalidInputError(
            f"{file} は、このプログラムより新しい版のコピーです。新しい版の machi-push を使ってください。{nothing}"
        )


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None)


def _ledger(target: sqlite3.Connection) -> dict[int, str]:
    if not has_schema(target):
        return {}
    return dict(target.execute(statement("sqlite", "copies.ledger").sql))


def copied_ms(temporary: Path, now_ms: int) -> int:
    """From when on a checked copy does not know what happened, in ms since the epoch.

    Of a file that does not say when it was made, as another program's copy, it is the latest time in it.
    """
    with closing(_opened(temporary)) as connection:
        if (
            fetch(connection, "copies.has_mark")[0]
            and (made := fetch(connection, "copies.made")[0]) is not None
        ):
            return min(int(made), now_ms)
        return min(int(fetch(connection, "copies.newest")[0] or 0), now_ms)


async def upgraded(temporary: Path, clock: Clock) -> None:
    """Bring a checked copy up to date."""
    database = await SqliteDatabase.open(temporary, clock)
    try:
        await database.upgrade()
    finally:
        await database.close()


async def restore(
    url: str,
    temporary: Path,
    clock: Clock,
    *,
    copied_ms: int,
    actor: str,
    lapse: Lapse,
    keep_beside: Path,
) -> Restored:
    """Put a checked and upgraded copy in the place of what there is, which is kept in a copy of its own.

    Nobody else may use the database meanwhile. `keep_beside`: the file beside which what was there is kept.

    Raises:
        MachiError: the database or the disk fails; then it is as it was.
    """
    now_ms, path = clock.now_ms(), sqlite_path(url)
    work = partial(settle, copied_ms=copied_ms, now_ms=now_ms, actor=actor, lapse=lapse)
    kept = _unused(keep_beside, f"{keep_beside.stem}.before-restore-{from_ms(now_ms):%Y%m%d-%H%M%S}")
    try:
        settled = await _settled(temporary, clock, work)
        rows, new = _rows(temporary), _people(temporary)
        if path is not None:
            safety_copy = await _replace_sqlite(url, path, temporary, kept, clock)
        else:
            safety_copy = await _replace_postgres(url, temporary, kept, clock)
    except (sqlite3.Error, OSError) as error:
        raise MachiError(f"復元できませんでした: {error}") from error
    returned = None if safety_copy is None else _returned(safety_copy, new)
    return Restored(copied_ms, rows, settled, lapse.notices, safety_copy, returned)


def _unused(beside: Path, stem: str) -> Path:
    """A file that is not there yet: two restores may fall into one second."""
    names = chain([f"{stem}.db"], (f"{stem}-{number}.db" for number in count(2)))
    return next(file for name in names if not (file := beside.with_name(name)).exists())


def _people(file: Path) -> dict[str, bool]:
    with closing(read_only(file)) as connection:
        return dict(connection.execute(statement("sqlite", "copies.people").sql))


def _returned(safety_copy: Path, new: dict[str, bool]) -> Returned | None:
    """Who had left; of a database that shares nobody with the copy there is nothing to tell."""
    try:
        old = _people(safety_copy)
    except sqlite3.Error:  # it was damaged
        return None
    if old.keys().isdisjoint(new):
        return None
    return Returned(
        erased=sorted(new.keys() - old.keys()),
        stopped=sorted(user_id for user_id, follows in new.items() if follows and not old.get(user_id, True)),
    )


def _rows(file: Path) -> int:
    with closing(_opened(file)) as connection:
        return sum(fetch(connection, "copies.count", condition=quoted([t]))[0] for t in tables(connection))


async def _settled(temporary: Path, clock: Clock, work: Work[Settled]) -> Settled:
    database = await SqliteDatabase.open(temporary, clock)
    try:
        settled = await database.write(work)
    finally:
        await database.close()
    with closing(_opened(temporary)) as connection:
        execute(connection, "copies.drop_mark")
        connection.execute("PRAGMA journal_mode=DELETE")
    return settled


async def _replace_sqlite(url: str, path: Path, temporary: Path, kept: Path, clock: Clock) -> Path | None:
    if not _holds_anything(path):
        _overwrite(path, temporary)
        return None
    try:
        copy = await unexplained_back_up(url, kept, clock)
        with closing(read_only(path)) as live, closing(_opened(temporary)) as prepared:
            raise_counters(prepared, counters(live))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        _set_aside(path, kept)
        _put_in_place(temporary, path)
        return kept
    _overwrite(path, temporary)
    return copy.file


def _holds_anything(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    try:
        with closing(read_only(path)) as live:
            return bool(tables(live))
    except sqlite3.DatabaseError:
        return True


def _overwrite(path: Path, temporary: Path) -> None:
    """One transaction of SQLite's, whatever else has the file open: after a kill at any moment it is all or nothing."""
    with closing(_opened(path)) as live, closing(_opened(temporary)) as prepared:
        live.execute("PRAGMA synchronous=FULL")
        (size,) = live.execute("PRAGMA page_size").fetchone()
        if prepared.execute("PRAGMA page_size").fetchone() != (size,):  # what is in WAL mode keeps its own
            prepared.execute(f"PRAGMA page_size={size}")
            prepared.execute("VACUUM")
        prepared.backup(live)


def _put_in_place(temporary: Path, path: Path) -> None:
    temporary.replace(path)
    sync(path.parent)


def _set_aside(path: Path, kept: Path) -> None:
    """Keep a damaged database as it is, byte for byte, and its journal, which must not meet another file."""
    for ending in ("", "-wal"):
        part, copy = path.with_name(path.name + ending), kept.with_name(kept.name + ending)
        if part.exists():
            copy.unlink(missing_ok=True)  # what could not be read to its end
            with (
                part.open("rb") as source,
                os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as to,
            ):
                shutil.copyfileobj(source, to)
            sync(copy)
    sync(kept.parent)
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


async def _replace_postgres(url: str, temporary: Path, kept: Path, clock: Clock) -> Path | None:
    from bot.store.postgres import PostgresDatabase  # noqa: PLC0415  only the driver that is used is loaded
    from bot.store.postgres_copies import is_empty, load  # noqa: PLC0415  likewise

    copy: Copy | None = None if await is_empty(url) else await back_up(url, kept, clock)
    database = await PostgresDatabase.open(url, clock)
    try:
        await database.upgrade()
    finally:
        await database.close()
    with closing(_opened(temporary)) as prepared:
        await load(url, prepared)
    return copy.file if copy else None
