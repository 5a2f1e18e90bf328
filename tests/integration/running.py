"""`machi serve`, `web`, `worker` and the CLI as real processes, beside a LINE simulator in the test's own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.domain.clock import TOKYO
from simulator import Simulator

SECRET, TOKEN = "test-secret", "test-token"
MACHI = Path(sys.executable).with_name("machi")
KAHOKU = Path(__file__).parents[2] / "towns" / "kahoku"


def line_simulator(**options: Any) -> Simulator:
    """A simulator with the channel that the services of the tests are configured for."""
    return Simulator(channel_secret=SECRET, channel_access_token=TOKEN, **options)


def town_folder(folder: Path, notices: str = "") -> Path:
    """A copy of Kahoku's folder with these notices instead of its own, and a template `probe` for them."""
    town = folder / "town"
    shutil.copytree(KAHOKU, town)
    (town / "notices.toml").write_text(notices, "utf-8")
    probe = town / "templates" / "probe"
    probe.mkdir(parents=True)
    (probe / "ja.txt.j2").write_text("定期のお知らせです。", "utf-8")
    (probe / "en.txt.j2").write_text("A standing notice.", "utf-8")
    (probe / "sample.toml").write_text("", "utf-8")
    return town


class Running:
    """The service on one database: it can be stopped, killed and started again."""

    def __init__(self, line: Simulator, url: str, role: str = "serve", **environment: str) -> None:
        self.line = line
        self.role = role
        self.address = ""
        self._process: asyncio.subprocess.Process | None = None
        self._log: list[str] = []
        self._reading: asyncio.Task[None] | None = None
        self._own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(KAHOKU.parents[1]),  # this checkout, whichever one is installed
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": TOKEN,
            "LINE_API_BASE": line.base_url,
            "MACHI_DATABASE_URL": url,
            "MACHI_TOWN": str(KAHOKU),
            "MACHI_STAFF": "clerk",
            "MACHI_JMA_BASE": "",  # no test reaches the real JMA
            **environment,
        }
        self._since = time.monotonic()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """For a process started now: unless the test sets a clock of its own, it is in the middle of the morning,
        whatever the hour of the test, and the same for all processes."""
        morning = datetime(2026, 11, 24, 10, tzinfo=TOKYO) + timedelta(seconds=time.monotonic() - self._since)
        return {"MACHI_CLOCK": morning.isoformat(), **self._own}

    def configure(self, **environment: str) -> None:
        """Change variables for the processes started from now on."""
        self._own.update(environment)

    @property
    def log(self) -> str:
        """What the service has logged, over all its runs."""
        return "".join(self._log)

    async def start(self) -> None:
        """Start the process; a simulator's webhook is pointed at one that takes them."""
        self._process = await asyncio.create_subprocess_exec(
            MACHI,
            self.role,
            "--port",
            "0",
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout
        self._reading = asyncio.create_task(self._read(self._process))
        while line := (await asyncio.wait_for(self._process.stdout.readline(), 20)).decode():
            if found := re.search(r"http://[^\s/]+:\d+", line):
                self.address = found[0]
                if self.role != "worker":
                    self.line.webhook_url = f"{self.address}/line/webhook"
                return
        await self._process.wait()
        await self._reading
        raise AssertionError(f"machi {self.role} ended with {self._process.returncode}:\n{self.log}")

    def strike(self) -> None:
        """`kill -9` this instant, without waiting for what follows: `kill` does that."""
        if self._process is not None:
            self._process.kill()

    async def ready(self) -> None:
        """Wait until database, clock and sender work."""
        async with asyncio.timeout(20), aiohttp.ClientSession(self.address) as session:
            while True:
                async with session.get("/readyz") as answer:
                    if answer.status == 200:
                        return
                    faults = (await answer.json())["faults"]
                    assert faults.keys() <= {"clock", "sender"}, faults
                await asyncio.sleep(0.02)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        async for line in process.stderr:
            self._log.append(line.decode())

    async def stop(self) -> int:
        """Stop as an operator does; its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Stop as a power failure does."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(how)
        status = await asyncio.wait_for(process.wait(), 30)
        assert process.stdout
        await process.stdout.read()
        if self._reading is not None:
            await self._reading
        return status

    async def machi(self, *arguments: str, status: int = 0, text: str = "") -> str:
        """Run a command of the CLI; what it printed (with `status` not 0: what it said on standard error)."""
        process = await asyncio.create_subprocess_exec(
            MACHI,
            *arguments,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(text.encode()), 60)
        assert process.returncode == status, (arguments, process.returncode, out.decode(), err.decode())
        return (err if status else out).decode()

    async def json(self, *arguments: str) -> Any:
        """What a command answers with `--json`."""
        return json.loads(await self.machi(*arguments, "--json"))

    async def residents(self, *residents: dict[str, Any]) -> None:
        """Import residents."""
        lines = "\n".join(json.dumps(resident, ensure_ascii=False) for resident in residents)
        await self.machi("resident", "import", "-", text=lines)

    async def broadcast(self, text: str, segment: str, *options: str) -> str:
        """Write, approve and send a broadcast; its id."""
        new = await self.json(
            "broadcast", "new", "--title", "試験", "--text", text, "--segment", segment, *options
        )
        number = str(new["id"])
        await self.machi("broadcast", "approve", number, "--as", "chief")
        if "--at" not in options:
            await self.machi("broadcast", "send", number)
        return number

    async def ended(self, number: str) -> dict[str, Any]:
        """Wait until a broadcast has ended; its report."""
        async with asyncio.timeout(60):
            while True:
                report: dict[str, Any] = await self.json("broadcast", "report", number)
                if report["state"] in ("done", "cancelled", "failed"):
                    return report


def user(number: int) -> str:
    """A LINE user id."""
    return f"U{number:032x}"
