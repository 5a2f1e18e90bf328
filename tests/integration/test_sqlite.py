"""What is promised of SQLite alone: checkpoints beside the writer, and transactions that wait for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.store import grouping
from bot.store.port import Database, Session
from bot.store.store import Store, open_database
from tests.clock import HandClock
from tests.integration.delivering import eventually
from tests.settling import settle, someone, user


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "machi.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{path}", HandClock())
    await database.upgrade()
    yield database
    await database.close()


async def test_the_file_has_it_although_the_writer_made_no_checkpoint(path: Path, database: Database) -> None:
    await settle(Store.over(database, HandClock()), someone(1))

    async def look() -> bool:
        file = await asyncio.to_thread(path.read_bytes)  # what is not checkpointed stands in machi.db-wal
        return user(1).encode() in file

    await eventually(look)


async def test_a_transaction_that_waits_is_refused_and_leaves_nothing(database: Database) -> None:
    async def work(session: Session) -> None:
        await session.execute("outbox.seen", {"owner": "me", "now": 1, "fault": None})
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="must not wait"):
        await database.write(work)
    assert not await database.fetch("outbox.senders", {"since": 0})


async def test_what_others_commit_is_heard_although_this_process_never_rests(
    path: Path, database: Database
) -> None:
    async def restless() -> None:
        while True:
            await database.append("outbox.hasten", [{"now": 1}])

    async def heard() -> None:
        await database.changed(600)

    other: Any = await open_database(f"sqlite:///{path}", HandClock())
    busy = asyncio.create_task(restless())
    try:
        await database.changed(0.01)
        waiting = asyncio.create_task(heard())
        await asyncio.sleep(0)
        await settle(Store.over(other, HandClock()), someone(1))
        async with asyncio.timeout(10):
            await waiting
    finally:
        busy.cancel()
        await asyncio.wait({busy})
        await other.close()


async def test_what_is_patient_is_committed_with_what_is_not_or_after_a_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sender(name: str) -> Mapping[str, Any]:
        return {"owner": name, "now": 1, "fault": None}

    async def write(session: Session) -> None:
        await session.execute("outbox.seen", sender("in a hurry"))

    async def seen() -> set[str]:
        return {row["owner"] for row in await database.fetch("outbox.senders", {"since": 0})}

    monkeypatch.setattr(grouping, "_PATIENCE_SECONDS", 3600.0)
    patient = asyncio.create_task(database.append("outbox.seen", [sender("patient")], patient=True))
    await asyncio.wait({patient}, timeout=0.1)
    assert not patient.done()
    async with asyncio.timeout(10):
        await database.write(write)
        await patient
        assert await seen() == {"in a hurry", "patient"}
        monkeypatch.setattr(grouping, "_PATIENCE_SECONDS", 0.01)
        await database.append("outbox.seen", [sender("alone")], patient=True)
    assert "alone" in await seen()
