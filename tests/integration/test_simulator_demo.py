"""`make run`'s program as a real process: what it starts, says, refuses, and leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.demo import channel, town
from simulator.demo.residents import samples
from simulator.messages import BODIES
from simulator.platform import parse
from simulator.richmenus import RICH_MENU
from tests.integration.running import KAHOKU, MACHI

STRANGER = "U" + "f" * 32


class Demo:
    """A running demo: its address and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process, words: str) -> None:
        self.process = process
        self.words = words
        self.page = re.findall(r"http://[^\s/]+:\d+", words)[0]

    async def everything(self) -> dict[str, Any]:
        """What the chat page gets first from the live stream."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.page}/page/stream") as stream:
            line = await stream.content.readline()
            found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return found


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "MACHI_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "SIMULATOR_PORT": "0",
        "PORT": "0",
        **more,
    }


async def start(variables: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Demo]:
    """The demo, from its welcome to Ctrl+C; it has to end well by itself or by that."""
    process = await start(environment(folder))
    assert process.stdout
    assert process.stderr
    words = ""
    async with asyncio.timeout(60):
        while "Ctrl+C" not in words:
            line = (await process.stdout.readline()).decode()
            assert line, (words, (await process.stderr.read()).decode())
            words += line
    try:
        yield Demo(process, words)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err.decode()) == (0, "")
    assert "止めました" in out.decode()


async def refused(variables: dict[str, str]) -> str:
    """What a demo that does not start says."""
    process = await start(variables)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out) == (1, b"")
    assert "Traceback" not in err.decode()
    return err.decode()


def child_of(pid: int) -> int | None:
    """The child process, where the kernel lists it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return int(children.read_text().split()[0]) if children.exists() else None


async def machi(folder: Path, *arguments: str, text: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        MACHI,
        *arguments,
        env=environment(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(text.encode()), 60)
    assert process.returncode == 0
    return out.decode()


async def test_the_demo_starts_twice_with_its_residents_and_their_names(tmp_path: Path) -> None:
    names = {each.user_id: each.name for each in samples()}
    for _ in range(2):
        async with demo(tmp_path) as running:
            found = await running.everything()
            assert {each["user_id"]: each["name"] for each in found["residents"]} == names
            standings = [each["standing"] for each in found["residents"]]
            assert sorted(set(standings)) == ["blocked", "friend"]
            assert found["menus"]["default"] in found["menus"]["menus"]
            assert re.search(r"\d\d:\d\d に、定期のお知らせ", running.words)
            for command in ("broadcast new", "broadcast approve", "broadcast send"):
                assert f".venv/bin/machi {command}" in running.words
    registered = (await machi(tmp_path, "resident", "export")).splitlines()
    assert len(registered) == len(names)


async def test_when_the_service_ends_the_demo_says_so_and_ends(tmp_path: Path) -> None:
    process = await start(environment(tmp_path))
    assert process.stdout
    async with asyncio.timeout(60):
        while b"Ctrl+C" not in await process.stdout.readline():
            pass
    child = child_of(process.pid)
    if child is None:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        pytest.skip("this system does not list a process's children in /proc")
    os.kill(child, signal.SIGKILL)
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert "サービスが止まりました" in err.decode()


async def test_a_database_with_real_residents_is_left_alone(tmp_path: Path) -> None:
    await machi(tmp_path, "resident", "import", "-", text=json.dumps({"user_id": STRANGER}))
    error = await refused(environment(tmp_path))
    assert "見本ではない住民が1人" in error
    with closing(sqlite3.connect(tmp_path / "demo.db")) as database:
        assert database.execute("SELECT user_id FROM residents").fetchall() == [(STRANGER,)]


async def test_a_port_in_use_is_one_sentence_that_says_how_to_go_on(tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with taken:
        port = str(taken.sockets[0].getsockname()[1])
        error = await refused(environment(tmp_path, SIMULATOR_PORT=port))
        assert len(error.splitlines()) == 1
        assert "SIMULATOR_PORT=8091 make run" in error
        error = await refused(environment(tmp_path, PORT=port))
        assert port in error
        assert "PORT=8090 make run" in error


async def test_a_port_that_is_no_number_is_named(tmp_path: Path) -> None:
    assert "SIMULATOR_PORT" in await refused(environment(tmp_path, SIMULATOR_PORT="http"))


def test_the_rich_menu_is_one_that_line_accepts_and_its_areas_cover_the_picture() -> None:
    menu = parse(json.dumps(channel.menu()).encode(), RICH_MENU)
    areas = [area["bounds"] for area in menu["areas"]]
    assert sum(area["width"] * area["height"] for area in areas) == 1200 * 810
    for area in menu["areas"]:
        body = {"to": STRANGER, "messages": [{"type": "text", "text": area["action"]["text"]}]}
        assert parse(json.dumps(body).encode(), BODIES["push"])


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-11-24T08:59:00.001+09:00", "2026-11-24T09:00:00+09:00"),
        ("2026-11-24T08:59:59.999+09:00", "2026-11-24T09:00:00+09:00"),
        ("2026-12-31T23:59:00+09:00", "2027-01-01T00:00:00+09:00"),
    ],
)
def test_the_notice_comes_with_the_next_full_minute(now: str, at: str) -> None:
    assert town.next_minute(datetime.fromisoformat(now).timestamp()) == datetime.fromisoformat(at)


async def test_the_demos_town_has_no_fault_and_an_older_copy_is_replaced(tmp_path: Path) -> None:
    copy = tmp_path / "town"
    for minute in (0, 1):
        town.settle(KAHOKU, copy, datetime.fromisoformat(f"2026-11-24T09:0{minute}:00+09:00"))
    notices = (copy / "notices.toml").read_text("utf-8")
    assert "demo-20261124-0901" in notices
    assert "demo-20261124-0900" not in notices
    process = await asyncio.create_subprocess_exec(
        MACHI,
        "town",
        "check",
        env=environment(tmp_path, MACHI_TOWN=str(copy)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
