"""`machi db backup` and `machi db restore` as processes: beside one that writes, one that serves, and killed."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from bot.store.copies import back_up
from bot.store.store import Store, open_database, sqlite_path
from simulator import Simulator
from tests.clock import HandClock
from tests.contract.every_table import of, of_file
from tests.integration.delivering import eventually
from tests.integration.going_back import named
from tests.integration.running import MACHI, Running, line_simulator, user
from tests.settling import sending, settle, someone


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator


async def residents(url: str) -> set[str]:
    return {row["user_id"] for row in (await of(url))["residents"]}


async def test_a_service_that_runs_is_copied_but_not_restored_over(
    line: Simulator, database_url: str, tmp_path: Path
) -> None:
    copy = str(tmp_path / "copy.db")
    async with Running(line, database_url) as running:
        await running.ready()
        await running.residents({"user_id": user(1)})
        backup = await running.json("db", "backup", copy)
        assert backup["tables"]["residents"] == 1
        assert backup["rows"] == sum(backup["tables"].values())
        assert backup["bytes"] > 4096
        await running.residents({"user_id": user(2)})
        said = await running.machi("db", "restore", copy, status=1)
        assert "止め" in said
        assert await residents(database_url) == {user(1), user(2)}
        await running.stop()
        restored = await running.json("db", "restore", copy)
        assert restored["made_at"] == backup["made_at"]
        assert {row["user_id"] for row in of_file(Path(restored["safety_copy"]))["residents"]} == {
            user(1),
            user(2),
        }
        assert await residents(database_url) == {user(1)}
        assert "db.restore" in await running.machi("audit")
        await running.start()
        await running.ready()
        number = await running.broadcast("こんにちは", "all")
        assert (await running.ended(number))["recipients"] == 1


async def test_a_web_process_alone_keeps_postgresql_from_being_restored(
    line: Simulator, postgres_url: str, tmp_path: Path
) -> None:
    async with Running(line, postgres_url, "web") as running:
        await running.residents({"user_id": user(1)})
        await running.machi("db", "backup", str(tmp_path / "copy.db"))
        assert "machi web" in await running.machi("db", "restore", str(tmp_path / "copy.db"), status=1)


async def test_what_is_no_copy_is_one_line(line: Simulator, database_url: str, tmp_path: Path) -> None:
    running = Running(line, database_url)
    await running.residents({"user_id": user(1)})
    (tmp_path / "letter.db").write_text("a letter" * 1000)
    said = await running.machi("db", "restore", str(tmp_path / "letter.db"), status=2)
    assert said.count("\n") == 1
    assert "何も変えていません" in said
    said = await running.machi("db", "restore", str(tmp_path / "none.db"), status=2)
    assert said.count("\n") == 1
    said = await running.machi("db", "backup", str(tmp_path / "letter.db"), status=2)
    assert "もうあります" in said
    assert await residents(database_url) == {user(1)}


async def test_a_town_with_faults_keeps_nobody_from_their_data(
    line: Simulator, database_url: str, tmp_path: Path
) -> None:
    running = Running(line, database_url)
    await running.residents({"user_id": user(1)})
    running.configure(MACHI_TOWN=str(tmp_path / "nowhere"))
    await running.machi("db", "backup", str(tmp_path / "copy.db"))
    assert "さかのぼって送りません" in await running.machi("db", "restore", str(tmp_path / "copy.db"))


def typed(environment: dict[str, str], answer: str, *arguments: str) -> tuple[int, str]:
    """A command on a terminal, and what is typed there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [MACHI, *arguments], env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        os.write(ours, answer.encode())
        assert process.stdout
        said = process.stdout.read().decode()
        status = process.wait(30)
    os.close(ours)
    os.close(theirs)
    return status, said


async def test_on_a_terminal_it_asks(line: Simulator, tmp_path: Path) -> None:
    url, copy = f"sqlite:///{tmp_path / 'machi.db'}", str(tmp_path / "copy.db")
    running = Running(line, url)
    await running.residents({"user_id": user(1)})
    await running.machi("db", "backup", copy)
    await running.residents({"user_id": user(2)})
    status, said = await asyncio.to_thread(typed, running.environment, "n\n", "db", "restore", copy)
    assert status == 130
    assert "戻しますか" in said
    assert len(await residents(url)) == 2
    assert named(tmp_path, "*before*", ".machi*") == []
    status, said = await asyncio.to_thread(typed, running.environment, "y\n", "db", "restore", copy)
    assert status == 0
    assert await residents(url) == {user(1)}
    status, said = await asyncio.to_thread(typed, running.environment, "", "db", "restore", "--yes", copy)
    assert status == 0
    assert "戻しますか" not in said


class Writer:
    """Writes without a pause: two residents at a time, and broadcasts with their batches, each in one transaction."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock
        self.written = 0

    async def people(self) -> None:
        for number in range(1000, 10**9, 2):
            await settle(self.store, someone(number), someone(number + 1))
            self.written += 1

    async def broadcasts(self) -> None:
        while True:
            await sending(self.store, self.clock)
            self.written += 1


async def test_a_copy_is_of_one_moment_while_others_write(
    line: Simulator, database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    database = await open_database(database_url, clock)
    await database.upgrade()
    store = Store.over(database, clock)
    await settle(store, *map(someone, range(500)))
    writer = Writer(store, clock)
    tasks = [asyncio.create_task(writer.people()), asyncio.create_task(writer.broadcasts())]
    rows = []
    try:
        for number in range(4):
            before = writer.written
            file = tmp_path / f"copy{number}.db"
            await Running(line, database_url).machi("db", "backup", str(file))
            assert writer.written > before, "nobody has to wait for a copy"
            rows.append(check(file))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await database.close()
    assert rows == sorted(set(rows)), "each copy is of a later moment"


def check(file: Path) -> int:
    """Make sure that no transaction is in a copy by half; how many rows it has."""
    found = of_file(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(found["residents"]) % 2 == 0
    assert len(found["residents"]) >= 500
    batches = {row["id"] for row in found["batches"]}
    assert {row["broadcast_id"] for row in found["batches"]} == {
        row["id"] for row in found["broadcasts"] if row["state"] == "sending"
    }
    assert {row["batch_id"] for row in found["recipients"]} == batches
    assert {row["batch_id"] for row in found["addresses"]} == batches
    assert all(row["audience_done"] for row in found["broadcasts"] if row["state"] == "sending")
    return sum(map(len, found.values()))


BULK = 8_000
MOMENTS = (None, 0.0, 0.05, 0.2, 0.8)
"""Seconds after the copy of what was there has appeared, which is just before it is replaced."""


@dataclass(frozen=True)
class Grown:
    """When so many bytes of a SQLite database have been written, or its own file is no more what it was."""

    bytes: int


class Sizes:
    def __init__(self, folder: Path) -> None:
        self.file, self.journal = folder / "machi.db", folder / "machi.db-wal"
        self.size = self.file.stat().st_size if self.file.exists() else 0

    def grown(self) -> float:
        try:
            if self.file.stat().st_size != self.size:
                return float("inf")
            return self.journal.stat().st_size
        except FileNotFoundError:
            return 0


async def bulk(url: str, first: int) -> None:
    """Telegrams enough for a restore to take a while."""
    rows = [(f"a{number}", os.urandom(2000)) for number in range(first, first + BULK)]
    path = sqlite_path(url)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany(
                "INSERT INTO telegrams (address, type, sender, body, title, fetched_ms, outcome) "
                "VALUES (?, '', '', ?, '', 1, 'counted')",
                rows,
            )
        return
    connection = await asyncpg.connect(url)
    await connection.executemany(
        "INSERT INTO telegrams (address, type, sender, body, title, fetched_ms, outcome) "
        "VALUES ($1, '', '', $2, '', 1, 'counted')",
        rows,
    )
    await connection.close()


async def whole(url: str) -> frozenset[str]:
    """The addresses of telegrams that are there."""
    path = sqlite_path(url)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return frozenset(row[0] for row in connection.execute("SELECT address FROM telegrams"))
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT address FROM telegrams")
    await connection.close()
    return frozenset(row[0] for row in rows)


async def test_a_restore_killed_at_any_moment_leaves_the_old_or_the_new(
    line: Simulator, database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    database = await open_database(database_url, clock)
    await database.upgrade()
    await database.close()
    await bulk(database_url, 0)
    copy = await back_up(database_url, tmp_path / "copy.db", clock)
    new = await whole(database_url)
    await bulk(database_url, BULK)
    old = await whole(database_url)
    running = Running(line, database_url)
    moments = (
        MOMENTS if sqlite_path(database_url) is None else (*MOMENTS, *(Grown(n) for n in (1, 8_000_000)))
    )
    outcomes = []
    for moment in moments:
        if await whole(database_url) == old:
            await killed(running, copy.file, tmp_path, moment)
            found = await eventually(lambda: whole(database_url))
            assert found in (old, new)
            outcomes.append(found == new)
            if found == new:  # once more from the start
                await bulk(database_url, BULK)
                old = await whole(database_url)
    assert outcomes.count(False) > 2, "it was killed in the midst of it"
    await eventually(lambda: unused(running, copy.file))
    assert await whole(database_url) == new
    assert named(tmp_path, ".machi*") == [], "what the killed ones left is gone"


async def unused(running: Running, file: Path) -> bool:
    """Restore, as soon as PostgreSQL has noticed that those who were killed are gone."""
    process = await asyncio.create_subprocess_exec(
        MACHI, "db", "restore", str(file), env=running.environment, stdin=subprocess.DEVNULL
    )
    return await process.wait() == 0


async def killed(running: Running, file: Path, folder: Path, moment: float | Grown | None) -> None:
    """Begin a restore and end it as a power failure does; with None while it still makes ready."""
    for name in named(folder, "*.before-restore-*"):
        (folder / name).unlink()
    sizes = Sizes(folder)
    process = await asyncio.create_subprocess_exec(
        MACHI, "db", "restore", str(file), env=running.environment, stdin=subprocess.DEVNULL
    )

    def has_come() -> bool:
        if isinstance(moment, Grown):
            return sizes.grown() >= moment.bytes
        return bool(named(folder, ".machi*" if moment is None else "*.before-restore-*"))

    async with asyncio.timeout(60):
        while process.returncode is None and not has_come():  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0)
    if not isinstance(moment, Grown):
        await asyncio.sleep(moment or 0)
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()
