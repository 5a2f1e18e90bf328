"""The schema: made from nothing, brought up to date in place, and never by two at once."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.domain.residents import Resident
from bot.store import migrations
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite import SqliteDatabase
from bot.store.store import Store, open_database, sqlite_path
from tests.clock import HandClock

BEFORE = """
INSERT INTO broadcasts (title, state, segment, priority, drill, everyone, digest, context, author, approver, created_ms,
                        started_ms)
VALUES ('order', 'done', 'all', 2, 0, 0, 0, '{}', 'clerk', 'chief', 4, 5);
INSERT INTO orders (level, hazard, districts, reasons, state, reach, drill, author, created_ms, issued_ms)
VALUES (4, '洪水', '["溝延"]', '{}', 'in_force', 'district', 0, 'clerk', 4, 5),
       (4, '地震', '["溝延"]', '{}', 'lifted', 'district', 0, 'clerk', 4, 5);
INSERT INTO order_broadcasts (broadcast_id, order_id, deed, districts) VALUES (1, 1, 'issue', '["溝延"]');
"""
NAMES = [migration.name for migration in migrations.migrations()]


async def opened(url: str, clock: HandClock, folder: Path) -> SqliteDatabase | PostgresDatabase:
    path = sqlite_path(url)
    if path is not None:
        return await SqliteDatabase.open(path, clock, folder)
    return await PostgresDatabase.open(url, clock, folder)


async def test_a_database_is_made_once_and_then_up_to_date(database_url: str, clock: HandClock) -> None:
    database = await open_database(database_url, clock)
    assert await database.upgrade() == NAMES
    assert await database.upgrade() == []
    await database.close()


async def test_two_processes_may_upgrade_at_once(database_url: str, clock: HandClock) -> None:
    databases = [await open_database(database_url, clock) for _ in range(4)]
    applied = await asyncio.gather(*(database.upgrade() for database in databases))
    assert sorted(applied, key=len) == [[], [], [], NAMES]
    for database in databases:
        await database.close()


async def test_an_older_database_is_brought_up_to_date_with_its_data(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    old = await opened(database_url, clock, folder)
    await old.upgrade()
    resident = Resident("U" + "1" * 32)
    await Store.over(old, clock).residents.save_all([(resident.user_id, lambda _: resident)])
    await old.close()

    (folder / "9999_more.sql").write_text(
        "ALTER TABLE residents ADD COLUMN nickname $text;\nCREATE TABLE more (id $identity);\n"
    )
    new = await opened(database_url, clock, folder)
    assert await new.upgrade() == ["9999_more"]
    assert await Store.over(new, clock).residents.look_up(resident.user_id) == resident
    await new.close()

    behind = await open_database(database_url, clock)
    with pytest.raises(ConfigurationError):
        await behind.upgrade()
    await behind.close()


async def test_an_order_in_force_at_the_upgrade_is_published_after_it(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    for later in sorted(folder.glob("*.sql"))[9:]:
        later.rename(folder / f"{int(later.name[:4]) + 1:04d}{later.name[4:]}")
    (folder / "0010_before.sql").write_text(BEFORE, "utf-8")
    database = await opened(database_url, clock, folder)
    await database.upgrade()
    record = await Store.over(database, clock).published.since(0, 0)
    (change,) = record.changes
    assert (change.order_id, change.change, change.state) == (1, "issue", "in_force")
    assert (change.districts, change.broadcast_id, change.at_ms) == (("溝延",), 1, 5)
    assert record.broadcasts == ()  # what was approved before is not published now
    await database.close()


async def test_a_migration_that_fails_leaves_nothing(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    (folder / "9999_broken.sql").write_text(
        "CREATE TABLE more (id $identity);\nINSERT INTO nowhere VALUES (1);\n"
    )
    database = await opened(database_url, clock, folder)
    with pytest.raises(Exception, match="nowhere"):
        await database.upgrade()
    (folder / "9999_broken.sql").write_text("CREATE TABLE more (id $identity);\n")
    assert await database.upgrade() == [*NAMES, "9999_broken"]
    await database.close()


@pytest.mark.parametrize("url", ["mysql://x", "", "sqlite:machi.db", "postgresql://127.0.0.1:1/none"])
async def test_a_url_that_leads_nowhere_is_one_clear_fault(url: str, clock: HandClock) -> None:
    with pytest.raises(ConfigurationError):
        await open_database(url, clock)


async def test_a_file_that_is_no_database_is_one_clear_fault(tmp_path: Path, clock: HandClock) -> None:
    file = tmp_path / "machi.db"
    file.write_text("this is a letter, not a database" * 50)
    with pytest.raises(ConfigurationError, match=r"machi\.db"):
        await open_database(f"sqlite:///{file}", clock)
