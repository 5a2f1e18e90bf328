"""Copies: whole, from either database, into either; and what is no copy changes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from bot.domain.errors import ConfigurationError, InvalidInputError, MachiError, RefusedError
from bot.domain.residents import ResidentState
from bot.store import migrations
from bot.store.copies import back_up
from bot.store.postgres_copies import load, refuse_if_in_use
from bot.store.sqlite import SqliteDatabase
from bot.store.store import Store, open_database
from tests.clock import HandClock
from tests.contract.every_table import ROWS, fill, ids_of_file, of, of_file
from tests.integration.going_back import go_back, named
from tests.settling import settle, someone, user

MANY = {"migrations"}


async def made(url: str, clock: HandClock) -> None:
    """A database with an up-to-date schema."""
    database = await open_database(url, clock)
    await database.upgrade()
    await database.close()


async def filled(url: str, clock: HandClock) -> None:
    await made(url, clock)
    await fill(url)


async def join(url: str, clock: HandClock, *numbers: int) -> None:
    database = await open_database(url, clock)
    await database.upgrade()
    await settle(Store.over(database, clock), *map(someone, numbers))
    await database.close()


async def residents(url: str) -> list[str]:
    return sorted(row["user_id"] for row in (await of(url))["residents"])


def unsettled(everything: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """What a restore leaves alone."""
    changes = {
        "batches",
        "broadcasts",
        "notices",
        "audit",
        "senders",
        "deferred",
        "news_feeds",
        "news_articles",
    }
    return {
        table: [{k: v for k, v in row.items() if k != "lease_until_ms"} for row in rows]
        for table, rows in everything.items()
        if table not in {*changes, "jma_feeds"}
    }


def test_there_is_a_row_for_every_table(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "schema.db", isolation_level=None)) as connection:
        for migration in migrations.migrations():
            for sql in migration.statements("sqlite"):
                connection.execute(sql)
    assert of_file(tmp_path / "schema.db").keys() == ROWS.keys(), "a new table needs a row in every_table.py"


async def test_a_copy_has_every_row_of_every_table(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    await filled(database_url, clock)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    found = of_file(copy.file)
    assert found == await of(database_url)
    assert {table: len(rows) for table, rows in found.items()} == copy.tables
    assert found.keys() == ROWS.keys() | MANY
    assert {table: len(found[table]) for table in ROWS} == {table: len(rows) for table, rows in ROWS.items()}
    assert stat.S_IMODE(copy.file.stat().st_mode) == 0o600
    assert copy.size == copy.file.stat().st_size
    assert named(tmp_path, "*copy*", ".*") == ["copy.db"], "one file alone"


async def test_to_postgresql_and_back_is_the_same_to_the_byte(
    postgres_url: str, clock: HandClock, tmp_path: Path
) -> None:
    source = f"sqlite:///{tmp_path / 'machi.db'}"
    await filled(source, clock)
    with closing(sqlite3.connect(tmp_path / "machi.db")) as connection, connection:
        connection.execute(
            "INSERT INTO residents VALUES (?, 'U3', 'ja', 'following', 0, NULL, 1, 1, NULL)", [2**41]
        )
        connection.execute("DELETE FROM residents WHERE user_id = 'U3'")  # whose id is not given again
    first = await back_up(source, tmp_path / "first.db", clock)
    await made(postgres_url, clock)
    with closing(sqlite3.connect(first.file)) as connection:
        await load(postgres_url, connection)
    second = await back_up(postgres_url, tmp_path / "second.db", clock)
    assert of_file(second.file) == of_file(first.file)
    assert ids_of_file(second.file) == ids_of_file(first.file)
    assert ids_of_file(second.file)["residents"] == 2**41


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a copy is to go."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'new.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


async def test_a_copy_goes_into_an_empty_database_of_either_kind(
    database_url: str, new_url: str, clock: HandClock, tmp_path: Path
) -> None:
    await filled(database_url, clock)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    if new_url == database_url:
        connection = await asyncpg.connect(new_url)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()
    restored = await go_back(new_url, copy.file, clock)
    assert restored.safety_copy is None
    assert unsettled(await of(new_url)) == unsettled(of_file(copy.file))
    assert restored.rows == sum(map(len, (await of(new_url)).values()))


async def test_what_was_there_is_kept(database_url: str, clock: HandClock, tmp_path: Path) -> None:
    await join(database_url, clock, 1)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    await join(database_url, clock, 2)
    before = await of(database_url)
    clock.set("2026-11-25T10:15:00")
    restored = await go_back(database_url, copy.file, clock)
    assert restored.safety_copy is not None
    assert restored.safety_copy.name.endswith(".before-restore-20261125-101500.db")
    assert restored.safety_copy.parent == tmp_path
    assert of_file(restored.safety_copy) == before
    assert stat.S_IMODE(restored.safety_copy.stat().st_mode) == 0o600
    assert await residents(database_url) == [user(1)]
    again = await go_back(database_url, restored.safety_copy, clock)
    assert await residents(database_url) == [user(1), user(2)], "there is a way back from the way back"
    assert again.safety_copy not in {None, restored.safety_copy}, "also within a second"


async def test_who_left_after_the_copy_is_named(database_url: str, clock: HandClock, tmp_path: Path) -> None:
    await join(database_url, clock, 1, 2, 3, 4)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    database = await open_database(database_url, clock)
    store = Store.over(database, clock)
    await store.residents.erase(user(2))
    await settle(store, someone(3, state=ResidentState.STOPPED), someone(4, state=ResidentState.BLOCKED))
    await settle(store, someone(5))
    await database.close()
    restored = await go_back(database_url, copy.file, clock)
    assert restored.returned == ([user(2)], [user(3), user(4)])
    assert await residents(database_url) == [user(n) for n in (1, 2, 3, 4)]


async def test_of_another_database_nobody_is_named(database_url: str, clock: HandClock, copy: Path) -> None:
    await join(database_url, clock, 1)
    assert (await go_back(database_url, copy, clock)).returned is None


async def test_an_id_is_never_given_twice_not_even_one_given_after_the_copy(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    await join(database_url, clock, 1, 2)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    await join(database_url, clock, 3, 4)
    await go_back(database_url, copy.file, clock)
    await join(database_url, clock, 5)
    ids = {row["user_id"]: row["id"] for row in (await of(database_url))["residents"]}
    assert ids == {user(1): 1, user(2): 2, user(5): 5}


async def test_who_was_erased_last_before_the_copy_leaves_their_id_unused(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    await join(database_url, clock, 1, 2)
    database = await open_database(database_url, clock)
    await Store.over(database, clock).residents.erase(user(2))
    await database.close()
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    url = f"sqlite:///{tmp_path / 'new.db'}"
    await go_back(url, copy.file, clock)
    await join(url, clock, 3)
    assert {row["user_id"]: row["id"] for row in (await of(url))["residents"]} == {user(1): 1, user(3): 3}


async def test_a_copy_never_overwrites(database_url: str, clock: HandClock, tmp_path: Path) -> None:
    await join(database_url, clock, 1)
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    with pytest.raises(InvalidInputError, match="もうあります"):
        await back_up(database_url, file, clock)
    assert file.read_text() == "mine"
    with pytest.raises(InvalidInputError, match="書けません"):
        await back_up(database_url, tmp_path / "nowhere" / "copy.db", clock)


async def test_nothing_to_copy_is_told_and_leaves_no_file(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError):
        await back_up(database_url, tmp_path / "copy.db", clock)
    assert named(tmp_path, ".*", "copy*") == []


@pytest.fixture
async def copy(tmp_path: Path, clock: HandClock) -> Path:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    await filled(url, clock)
    return (await back_up(url, tmp_path / "copy.db", clock)).file


def truncated(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size - 4096)


def half_a_page(copy: Path) -> None:
    os.truncate(copy, copy.stat().st_size // 2 + 100)


def empty(copy: Path) -> None:
    os.truncate(copy, 0)


def text(copy: Path) -> None:
    copy.write_text("this is a letter, not a database" * 500)


def scribbled(copy: Path) -> None:
    with copy.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(os.urandom(8 * 4096))


def newer(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES (9999, '9999_more', 1)")


def of_others(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE migrations SET name = 'create_users' WHERE version = 1")


def without_parents(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("DELETE FROM broadcasts")


def gone(copy: Path) -> None:
    copy.unlink()


@pytest.mark.parametrize(
    "harm",
    [truncated, half_a_page, empty, text, scribbled, newer, of_others, without_parents, gone],
    ids=lambda harm: harm.__name__,
)
async def test_what_is_no_copy_changes_nothing(
    harm, copy: Path, database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    await join(database_url, clock, 1)
    before = await of(database_url)
    harm(copy)
    with pytest.raises(InvalidInputError) as caught:
        await go_back(database_url, copy, clock)
    assert "\n" not in str(caught.value)
    assert await of(database_url) == before
    assert named(tmp_path, "*before-restore*", ".machi*") == []


async def test_the_database_itself_is_no_copy_of_it(tmp_path: Path, clock: HandClock) -> None:
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    await join(url, clock, 1)
    (tmp_path / "link.db").symlink_to(tmp_path / "machi.db")
    with pytest.raises(InvalidInputError, match="そのもの"):
        await go_back(url, tmp_path / "link.db", clock)


async def test_an_older_copy_is_brought_up_to_date(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    shutil.copy(migrations.FOLDER / "0001_initial.sql", folder)
    old = await SqliteDatabase.open(tmp_path / "old.db", clock, folder)
    await old.upgrade()
    await old.close()
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection, connection:
        connection.execute("INSERT INTO residents VALUES (1, 'U1', 'ja', 'following', 0, NULL, 1, 1)")
    copy = await back_up(f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "copy.db", clock)
    assert copy.tables["migrations"] == 1, "a copy is as old as what it was made of"
    await join(database_url, clock, 1)
    await go_back(database_url, copy.file, clock)
    assert await residents(database_url) == ["U1"]
    await join(database_url, clock, 3)


async def test_a_copy_of_an_older_postgresql_is_as_old(
    postgres_url: str, clock: HandClock, tmp_path: Path
) -> None:
    from bot.store.postgres import PostgresDatabase  # noqa: PLC0415

    folder = tmp_path / "first"
    folder.mkdir()
    shutil.copy(migrations.FOLDER / "0001_initial.sql", folder)
    old = await PostgresDatabase.open(postgres_url, clock, folder)
    await old.upgrade()
    await old.close()
    copy = await back_up(postgres_url, tmp_path / "copy.db", clock)
    assert copy.tables["migrations"] == 1
    assert "safety" not in copy.tables


async def test_a_file_of_another_program_speaks_for_itself(clock: HandClock, tmp_path: Path) -> None:
    """Such as sqlite3's .backup: the latest time in it is before it was made."""
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    await join(url, clock, 1)
    clock.advance(hours=5)
    database = await open_database(url, clock)
    await Store.over(database, clock).outbox.seen("me", None, 60)
    await database.close()
    shutil.copy(tmp_path / "machi.db", tmp_path / "plain.db")
    seen_ms = clock.now_ms()
    clock.advance(hours=1)
    assert (
        await go_back(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "plain.db", clock)
    ).copied_ms == seen_ms


@pytest.mark.parametrize("size", [1024, 65536])
async def test_a_file_with_other_pages_is_taken_too(
    size: int, clock: HandClock, tmp_path: Path, copy: Path
) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"PRAGMA page_size={size}")
        connection.execute("VACUUM")
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    await join(url, clock, 3)
    held = await open_database(url, clock)  # in WAL mode a file keeps the size of its pages
    await go_back(url, copy, clock)
    assert (await held.fetch("residents.known", {"user_ids": '["U1"]'}))[0]["user_id"] == "U1"
    await held.close()
    assert unsettled(await of(url)) == unsettled(of_file(copy))


async def test_a_damaged_database_can_be_replaced_and_is_kept_as_it_is(
    clock: HandClock, tmp_path: Path, copy: Path
) -> None:
    url, path = f"sqlite:///{tmp_path / 'machi.db'}", tmp_path / "machi.db"
    await join(url, clock, 3)
    path.write_bytes(rubbish := os.urandom(50_000))
    path.with_name("machi.db-wal").write_bytes(b"rubbish, too")
    restored = await go_back(url, copy, clock)
    assert restored.safety_copy is not None
    assert restored.safety_copy.read_bytes() == rubbish
    assert restored.safety_copy.with_name(restored.safety_copy.name + "-wal").read_bytes() == b"rubbish, too"
    assert restored.returned is None
    assert unsettled(await of(url)) == unsettled(of_file(copy))


async def test_others_tables_on_postgresql_are_not_emptied(
    postgres_url: str, clock: HandClock, copy: Path
) -> None:
    await join(postgres_url, clock, 1)
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE theirs (resident BIGINT REFERENCES residents (id))")
    await connection.execute("INSERT INTO theirs VALUES (1)")
    with pytest.raises(MachiError, match="theirs"):
        await go_back(postgres_url, copy, clock)
    assert await connection.fetchval("SELECT resident FROM theirs") == 1
    assert await residents(postgres_url) == [user(1)]
    await connection.close()


async def test_postgresql_in_use_is_refused(postgres_url: str, clock: HandClock) -> None:
    await refuse_if_in_use(postgres_url, clock.now_ms())
    await join(postgres_url, clock, 1)
    await refuse_if_in_use(postgres_url, clock.now_ms())
    database = await open_database(postgres_url, clock)
    with pytest.raises(RefusedError):  # such as a `machi web`, which sends nothing
        await refuse_if_in_use(postgres_url, clock.now_ms())
    await Store.over(database, clock).outbox.seen("machine-a", None, 3600)
    await database.close()
    clock.advance(seconds=29)
    with pytest.raises(RefusedError, match="machine-a"):
        await refuse_if_in_use(postgres_url, clock.now_ms())
    clock.advance(seconds=2)
    await refuse_if_in_use(postgres_url, clock.now_ms())
