"""A town of any size in a SQLite file, without the import that a real one goes through."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_RESIDENTS = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :residents)
INSERT INTO residents (user_id, language, state, created_ms, updated_ms)
SELECT printf('U%032x', n), 'ja', 'following', 0, 0 FROM numbers
"""


def settle(file: Path, residents: int) -> None:
    """Add that many residents, all following, to a database whose schema is there."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_RESIDENTS, {"residents": residents})
        connection.commit()
