"""Starting and stopping the processes of a benchmark."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.programs import SECRET

MACHI = Path(sys.executable).with_name("machi")
TEXT = "【町からのお知らせ】あすの朝、冷え込みます。水道管の凍結に注意してください。"
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def program(name: str) -> Iterator[int]:
    """One of `benchmarks.programs` while it runs; its port."""
    command = [sys.executable, "-m", "benchmarks.programs", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        yield int(process.stdout.readline())
        process.stdin.close()


def environment(folder: Path, line_port: int, **changes: str) -> dict[str, str]:
    """The environment of a service whose database lies in `folder` and whose LINE is at `line_port`."""
    return {
        **os.environ,
        "LINE_CHANNEL_SECRET": SECRET,
        "LINE_CHANNEL_ACCESS_TOKEN": "benchmark",
        "LINE_API_BASE": f"http://127.0.0.1:{line_port}",
        "MACHI_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "MACHI_MULTICASTS_PER_SECOND": "100000",
        "MACHI_STAFF": "bench",
        "MACHI_JMA_BASE": "",  # no benchmark reaches the real JMA
        "MACHI_CLOCK": "2026-11-24T10:00:00+09:00",  # not in the quiet hours, whenever this runs
        **changes,
    }


def free_town(folder: Path) -> Path:
    """The town without quiet hours, and without a digest that broadcasts of one day too many are put off to."""
    town = shutil.copytree("towns/kahoku", folder / "town")
    text = (town / "town.toml").read_text("utf-8")
    text = re.sub(r"(?ms)^\[(overload|quiet_hours)\].*?(?=^\[|\Z)", "", text)
    text = text.replace(
        "[[districts]]", "[quiet_hours]\noff = true\n\n[overload]\noff = true\n\n[[districts]]", 1
    )
    (town / "town.toml").write_text(text, "utf-8")
    return town


@contextmanager
def service(env: Mapping[str, str], role: str = "serve") -> Iterator[tuple[int, int]]:
    """`machi serve`, or another role, while it runs; its port and process id."""
    with subprocess.Popen(
        [MACHI, role, "--port", "0"],
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout
            for line in process.stdout:
                if found := re.search(r"http://[^ ]*:(\d+)", line):
                    break
            else:
                raise RuntimeError(f"machi {role} did not start")
            yield int(found[1]), process.pid
        finally:
            process.terminate()


def machi(env: Mapping[str, str], *arguments: str) -> Any:
    """What a command of the CLI answers with `--json`."""
    done = subprocess.run(
        [MACHI, *arguments, "--json"], env=dict(env), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def send(env: Mapping[str, str], text: str = TEXT) -> str:
    """Write, approve and send a broadcast to everybody; its number."""
    arguments = ("broadcast", "new", "--title", "bench", "--text", text, "--segment", "all")
    number = str(machi(env, *arguments)["id"])
    machi(env, "broadcast", "approve", number, "--as", "approver")
    machi(env, "broadcast", "send", number)
    return number


def report(env: Mapping[str, str], number: str, residents: int) -> dict[str, Any]:
    """What became of a broadcast, once it has ended; it must have reached so many."""
    until_ended(env, number)
    report = machi(env, "broadcast", "report", number)
    assert report["accepted"] == residents, report
    return dict(report)


def until_ended(env: Mapping[str, str], number: str) -> None:
    """Wait until a broadcast has ended."""
    while (state := _column("state", env["MACHI_DATABASE_URL"], number)) not in ("done", "failed"):
        assert state != "paused", "LINE, or the month's quota, has stopped it"
        time.sleep(0.02)


def until_frozen(url: str, number: str) -> None:
    """Wait until a broadcast's audience is complete."""
    while _column("audience_done", url, number) != "1":
        time.sleep(0.02)


def until_tidy(url: str) -> None:
    """Wait until the addresses of what has ended are dropped: what comes after it is quiet."""
    while _cell(url, "SELECT count(*) FROM addresses") != "0":
        time.sleep(0.1)


def _column(name: str, url: str, number: str) -> str:
    return _cell(url, f"SELECT {name} FROM broadcasts WHERE id = {int(number)}")


def _cell(url: str, sql: str) -> str:
    """Read from the database: a command of the CLI would take CPU from what is measured."""
    if not url.startswith("sqlite:///"):
        return str(asyncio.run(_fetched(url, sql)))
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return str(connection.execute(sql).fetchone()[0])


async def _fetched(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def memory_mb(pid: int, field: str) -> float:
    """A field of the process's memory, such as VmRSS or VmHWM (the highest it has been), in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def cpu_seconds(pid: int) -> float:
    """How much of a core a process has used so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
