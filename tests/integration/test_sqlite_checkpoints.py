"""What is committed gets into the SQLite file while the service runs, and nobody who writes waits for it."""

from __future__ import annotations

from pathlib import Path

from bot.store.store import Store, open_database
from tests.clock import HandClock
from tests.integration.delivering import eventually
from tests.settling import settle, someone, user


async def test_the_file_has_it_although_the_writer_made_no_checkpoint(tmp_path: Path) -> None:
    path, clock = tmp_path / "machi.db", HandClock()
    database = await open_database(f"sqlite:///{path}", clock)
    try:
        await database.upgrade()
        await settle(Store.over(database, clock), someone(1))

        async def look() -> bool:
            return user(1).encode() in path.read_bytes()  # what is not checkpointed stands in machi.db-wal

        await eventually(look)
    finally:
        await database.close()
