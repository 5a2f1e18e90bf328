"""The PostgreSQL driver: asyncpg, a pool, LISTEN/NOTIFY for waking."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import asyncpg

from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError
from bot.store import migrations
from bot.store.grouping import GroupCommit
from bot.store.port import Params, Row, T, Work
from bot.store.statements import Dialect, statement

CHANNEL = "machi"
_POOL = 10
MIGRATION_LOCK = 0x6D61636869  # "machi": any number no one else uses on this database
_NONE: Mapping[str, Any] = {}
_CONNECT_SECONDS = 5.0
_SECONDS = 10.0
"""How long a statement may take; after that its connection leads nowhere, such as to a primary that has vanished."""
_SEGMENT_SECONDS = 120.0
"""The same where a segment looks at every resident of a city."""
_MIGRATION_SECONDS = 3600.0
_POOL_SECONDS = 30.0
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Append:
    name: str
    rows: Sequence[Params]
    notify: bool


class _Connection:
    """Named statements on one connection; a `Session`."""

    def __init__(self, connection: Any) -> None:
        self.raw = connection

    async def fetch(self, name: str, params: Params = _NONE, *, condition: str = "") -> Sequence[Row]:
        sql, order = statement("postgresql", name, condition)
        seconds = _SEGMENT_SECONDS if condition else _SECONDS
        rows: Sequence[Row] = await self.raw.fetch(sql, *[params[key] for key in order], timeout=seconds)
        return rows

    async def execute(self, name: str, params: Params = _NONE) -> int:
        sql, order = statement("postgresql", name)
        status: str = await self.raw.execute(sql, *[params[key] for key in order])
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, name: str, rows: Sequence[Params]) -> None:
        sql, order = statement("postgresql", name)
        await self.raw.executemany(sql, [[row[key] for key in order] for row in rows])

    async def notify(self) -> None:
        await self.raw.execute(f"NOTIFY {CHANNEL}")


class PostgresDatabase:
    """See `bot.store.port.Database`."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, clock: Clock, migrations_folder: Path = migrations.FOLDER) -> None:
        self._url = url
        self._clock = clock
        self._migrations = migrations_folder
        self._group: GroupCommit[_Append] = GroupCommit(self._commit)
        self._pool: Any = None
        self._listener: Any = None
        self._listening = asyncio.Lock()
        self._news = asyncio.Event()

    @classmethod
    async def open(cls, url: str, clock: Clock, migrations_folder: Path = migrations.FOLDER) -> Self:
        """Connect.

        Raises:
            ConfigurationError: there is no such database, or it refuses us.
        """
        database = cls(url, clock, migrations_folder)
        try:
            database._pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=_POOL,
                timeout=_CONNECT_SECONDS,
                command_timeout=_SECONDS,
                server_settings={"application_name": "machi-push"},
            )
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ConfigurationError(f"PostgreSQL に接続できません: {error}") from error
        return database

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection; one that does not answer in time is given up, and with it all that are as old."""
        connection = await self._pool.acquire(timeout=_POOL_SECONDS)
        try:
            yield connection
        except asyncio.CancelledError:
            connection.terminate()  # to wait for its answer might be to wait for ever
            raise
        except TimeoutError:
            connection.terminate()
            await self._pool.expire_connections()
            if self._listener is not None:
                self._listener.terminate()
            raise
        finally:
            await self._pool.release(connection, timeout=_CONNECT_SECONDS)

    async def fetch(self, name: str, params: Params = _NONE, *, condition: str = "") -> Sequence[Row]:
        """See `Database.fetch`."""
        async with self._connection() as connection:
            return await _Connection(connection).fetch(name, params, condition=condition)

    async def write(self, work: Work[T]) -> T:
        """See `Database.write`."""
        while True:
            try:
                async with self._connection() as connection:
                    return await self._transaction(connection, work)
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
                continue

    async def _transaction(self, connection: Any, work: Work[T]) -> T:
        """What is cut off is not asked to roll back, as it might not answer: the server does when it is gone."""
        transaction = connection.transaction()
        await transaction.start()
        try:
            result = await work(_Connection(connection))
        except TimeoutError:
            raise
        except Exception:
            await transaction.rollback()
            raise
        await transaction.commit()
        return result

    async def append(
        self,
        name: str,
        rows: Sequence[Params],
        *,
        notify: bool = False,
        patient: bool = False,  # noqa: ARG002  nobody waits here for those who commit
    ) -> None:
        """See `Database.append`."""
        await self._group.submit(_Append(name, rows, notify))

    async def _commit(self, items: list[_Append]) -> list[None]:
        async def work(session: Any) -> None:
            for name, run in itertools.groupby(items, key=lambda item: item.name):
                await session.execute_many(name, [row for item in run for row in item.rows])
            if any(item.notify for item in items):
                await session.notify()

        await self.write(work)
        return [None] * len(items)

    async def changed(self, seconds: float) -> None:
        """See `Database.changed`; a lost listening connection is replaced at the next call."""
        async with self._listening:
            if self._listener is None or self._listener.is_closed():
                self._listener = await asyncpg.connect(
                    self._url, timeout=_CONNECT_SECONDS, command_timeout=_SECONDS
                )
                await self._listener.add_listener(CHANNEL, lambda *_: self._news.set())
                return  # what was notified before we listened must not be waited for
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def upgrade(self) -> list[str]:
        """See `Database.upgrade`; an advisory lock keeps two processes from doing it at once."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK, timeout=_MIGRATION_SECONDS
            )
            await connection.execute(migrations.LEDGER)
            applied = {row["version"] for row in await connection.fetch(migrations.APPLIED)}
            todo = migrations.missing(applied, self._migrations)
            for migration in todo:
                for sql in migration.statements("postgresql"):
                    await connection.execute(sql, timeout=_MIGRATION_SECONDS)
                await _Connection(connection).execute(
                    "schema.record",
                    {"version": migration.version, "name": migration.name, "now": self._clock.now_ms()},
                )
        return [migration.name for migration in todo]

    async def close(self) -> None:
        """See `Database.close`."""
        await self._group.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                if self._listener is not None:
                    await self._listener.close()
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
