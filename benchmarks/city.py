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
_DISTRICTS = """
INSERT INTO facts (resident_id, key, value, position)
SELECT id, 'district', CASE id % 6 WHEN 0 THEN '谷地中部' WHEN 1 THEN '谷地南部' WHEN 2 THEN '谷地西部'
    WHEN 3 THEN '西里' WHEN 4 THEN '溝延' ELSE '北谷地' END, 0 FROM residents
"""


def settle(url: str, residents: int, *, districts: bool = False) -> None:
    """Add that many residents, all following, to a database whose schema is there; on SQLite also where they live."""
    if not url.startswith("sqlite:///"):
        asyncio.run(_settle_postgresql(url, residents))
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_SQLITE, {"residents": residents})
        if districts:
            connection.execute(_DISTRICTS)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.sync()  # or the disk would still be busy with it while something is measured


async def _settle_postgresql(url: str, residents: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_POSTGRESQL, residents)
    await connection.execute("ANALYZE residents")
    await connection.close()
