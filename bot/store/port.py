"""The port both databases implement: named statements, transactions, grouped appends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from bot.store.statements import Dialect

T = TypeVar("T")
Row = Any  # sqlite3.Row or asyncpg.Record: row["column"] on both
Params = Mapping[str, Any]


class Session(Protocol):
    """What can be asked of the database; inside `Database.write` it is one transaction."""

    async def fetch(self, name: str, params: Params = ..., *, condition: str = "") -> Sequence[Row]:
        """All rows of a named statement."""

    async def execute(self, name: str, params: Params = ...) -> int:
        """Run a named statement; the number of rows it changed."""

    async def execute_many(self, name: str, rows: Sequence[Params]) -> None:
        """Run a named statement once for each row of parameters."""

    async def notify(self) -> None:
        """Wake, after the commit, everyone who waits in `Database.changed`."""


Work = Callable[[Session], Coroutine[Any, Any, T]]


class Database(Protocol):
    """One database, SQLite or PostgreSQL."""

    dialect: Dialect

    async def fetch(self, name: str, params: Params = ..., *, condition: str = "") -> Sequence[Row]:
        """Read, outside any transaction; sees everything committed before."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one transaction and return its result once that is durable.

        `work` may run more than once (when a neighbour in its group fails, or on a serialisation
        conflict), and on SQLite in another thread, so it must change nothing but the database, and it must not
        wait for anything else.
        """

    async def append(
        self, name: str, rows: Sequence[Params], *, notify: bool = False, patient: bool = False
    ) -> None:
        """Run a statement for each row, sharing one commit with other callers; returns once durable.

        `notify` wakes those who wait in `changed`; `patient` lets SQLite wait up to 20 ms for others who commit.
        """

    async def changed(self, seconds: float) -> None:
        """Return soon after a commit that notified, by this process or another, or after `seconds`."""

    async def upgrade(self) -> list[str]:
        """Apply the migrations that are missing, each in one transaction; their names."""

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
