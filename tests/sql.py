"""Any SQL on the database of a store, whatever the store has statements for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


async def run_sql(database: Any, sql: str) -> list[Any]:
    """The rows it gives."""
    if database.dialect == "sqlite":
        return list(await database._writer.visit(lambda connection: connection.execute(sql).fetchall()))
    return list(await database._pool.fetch(sql))


async def rows_of(database: Any, *tables: str) -> Sequence[tuple[Any, ...]]:
    """Everything in some tables."""
    return [tuple(row) for table in tables for row in await run_sql(database, f"SELECT * FROM {table}")]
