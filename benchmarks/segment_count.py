"""How long it takes to count a segment among a million residents, against SQL written by hand."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import segments
from bot.domain.clock import SystemClock
from bot.domain.residents import LANGUAGES
from bot.store.store import Store, open_database

RESIDENTS, ROUNDS = 1_000_000, 5
TODAY = date(2026, 11, 23)
VOCABULARY = segments.Vocabulary(
    {
        "language": LANGUAGES,
        "topic": [f"topic{number}" for number in range(6)],
        "district": [f"district{number}" for number in range(6)],
        "tax": [f"tax{number}" for number in range(6)],
    }
)

_RESIDENTS = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :residents)
INSERT INTO residents (id, user_id, language, state, created_ms, updated_ms)
SELECT n, printf('U%032x', n), iif(n % 10 = 0, 'en', 'ja'), iif(n % 20 = 7, 'blocked', 'following'), 0, 0
FROM numbers
"""
_FACTS = """
WITH mixed (id, a, b, c) AS (
    SELECT id, id * 2654435761 / 64 % 100003, id * 40503 / 32 % 10007, id * 69069 / 16 % 1009 FROM residents
)
INSERT INTO facts (resident_id, key, value, position)
SELECT id, 'topic', 'topic' || ((a + 2 * n) % 6), n FROM mixed, (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2)
UNION ALL SELECT id, 'child.birth_month', printf('%04d-%02d', 2012 + a % 15, 1 + b % 12), 3 FROM mixed
UNION ALL SELECT id, 'district', 'district' || (b % 6), 4 FROM mixed
UNION ALL SELECT id, 'tax', 'tax' || (c % 6), 5 FROM mixed
UNION ALL SELECT id, 'bus_stop', 'stop' || (b % 60), 6 FROM mixed
UNION ALL SELECT id, 'garbage_area', 'area' || (c % 8), 7 FROM mixed
"""
_BY_VALUE = "CREATE INDEX facts_by_value ON facts (key, value, resident_id)"

BY_HAND = {
    "topic = topic1": """
        SELECT count(*) FROM facts f JOIN residents r ON r.id = f.resident_id
        WHERE f.key = 'topic' AND f.value = 'topic1' AND r.state = 'following'
    """,
    "topic = topic1 and child.age_months between 3 and 5": """
        SELECT count(DISTINCT r.id) FROM facts c
        JOIN facts t ON t.resident_id = c.resident_id AND t.key = 'topic' AND t.value = 'topic1'
        JOIN residents r ON r.id = c.resident_id
        WHERE c.key = 'child.birth_month' AND c.value BETWEEN '2026-06' AND '2026-08' AND r.state = 'following'
    """,
    "tax in (tax1, tax2) and district = district3": """
        SELECT count(DISTINCT r.id) FROM facts d
        JOIN facts t ON t.resident_id = d.resident_id AND t.key = 'tax' AND t.value IN ('tax1', 'tax2')
        JOIN residents r ON r.id = d.resident_id
        WHERE d.key = 'district' AND d.value = 'district3' AND r.state = 'following'
    """,
    "topic = topic1 and not tax = tax4": """
        SELECT count(*) FROM facts f JOIN residents r ON r.id = f.resident_id
        WHERE f.key = 'topic' AND f.value = 'topic1' AND r.state = 'following' AND NOT EXISTS (
            SELECT 1 FROM facts t WHERE t.resident_id = r.id AND t.key = 'tax' AND t.value = 'tax4')
    """,
    "tax = tax1 or district = district2 and language != ja": """
        SELECT count(*) FROM residents r WHERE r.state = 'following' AND (
            EXISTS (SELECT 1 FROM facts t WHERE t.resident_id = r.id AND t.key = 'tax' AND t.value = 'tax1')
            OR r.language <> 'ja' AND EXISTS (SELECT 1 FROM facts d
                WHERE d.resident_id = r.id AND d.key = 'district' AND d.value = 'district2'))
    """,
}
"""Each question as one writes it who knows that a resident may have several children and taxes."""


def _settle(path: Path) -> None:
    """A million residents with eight facts each."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("synchronous=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {pragma}")
        for sql in ("BEGIN", "DROP INDEX facts_by_value", _RESIDENTS, _FACTS, _BY_VALUE, "COMMIT"):
            connection.execute(sql, {"residents": RESIDENTS} if sql is _RESIDENTS else {})


async def _timed(count: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    start = time.perf_counter()
    found = await count()
    return time.perf_counter() - start, found


async def _ratio(store: Store, connection: sqlite3.Connection, question: str) -> float:
    """The best compiled time over the best hand-written one, taken in turns, each in a thread of its own."""

    def count() -> int:
        found: int = connection.execute(BY_HAND[question]).fetchone()[0]
        return found

    async def by_hand() -> int:
        return await asyncio.to_thread(count)

    async def compiled() -> int:
        condition = segments.compile(segments.parse(question, VOCABULARY), TODAY)
        return await store.residents.count(condition)

    times = [(await _timed(compiled), await _timed(by_hand)) for _ in range(ROUNDS)]
    (_, ours), (_, theirs) = times[0]
    if ours != theirs:
        raise AssertionError(f"{question}: compiled finds {ours} residents, by hand {theirs}")
    return min(pair[0][0] for pair in times) / min(pair[1][0] for pair in times)


async def _measure(path: Path) -> list[tuple[str, float]]:
    database = await open_database(f"sqlite:///{path}", SystemClock())
    try:
        await database.upgrade()
        _settle(path)
        with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            connection.execute("PRAGMA cache_size=-32768")  # as much as the store's connections have
            store = Store.over(database, SystemClock())
            return [(question, await _ratio(store, connection, question)) for question in BY_HAND]
    finally:
        await database.close()


def measure() -> list[tuple[str, float]]:
    """Each question with the ratio of the compiled segment's time to that of the SQL by hand."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder) / "machi.db"))


def main() -> None:
    for question, ratio in measure():
        print(f"count of {question}: {ratio:.2f} times SQL by hand")


if __name__ == "__main__":
    main()
