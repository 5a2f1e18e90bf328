"""A town of any size in a database, without the import that a real one goes through."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing

import asyncpg

_SQLITE = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :residents)
INSERT INTO residents (user_id, language, state, created_ms, updated_ms)
SELECT printf('U%032x', n), 'ja', 'following', 0, 0 FROM numbers
"""
_POSTGRESQL = """
INSERT INTO residents (user_id, language, state, created_ms, updated_ms)
SELECT 'U' || lpad(to_hex(n), 32, '0'), 'ja', 'following', 0, 0 FROM generate_series(1, $1::int) AS n
"""


def settle(url: str, residents: int) -> None:
    """Add that many residents, all following, to a database whose schema is there."""
    if not url.startswith("sqlite:///"):
        asyncio.run(_settle_postgresql(url, residents))
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_SQLITE, {"residents": residents})
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()  # or the disk would still be busy with it while something is measured


async def _settle_postgresql(url: str, residents: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_POSTGRESQL, residents)
    await connection.execute("ANALYZE residents")
    await connection.close()
