"""The `machi` command as the demo uses it: single commands, and the service as a child process."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.demo.errors import DemoError

_PROGRAM = Path(sys.executable).with_name("machi")
_ADDRESS = re.compile(rb"https?://\S+?:\d+")
_START_SECONDS = 60
_STOP_SECONDS = 30
_HINT = "お試しでは、ポートは PORT=8090 make run のように、データベースは MACHI_DATABASE_URL で変えられます。"


@dataclass(frozen=True, slots=True)
class Service:
    """A running `machi serve`; it writes what it logs to `log`."""

    address: str
    log: Path
    process: Process

    async def ended(self) -> DemoError:
        """Wait until the service ends by itself; what to tell about it."""
        status = await self.process.wait()
        return DemoError(f"サービスが止まりました(終了状態 {status})。記録は {self.log} にあります。")


@dataclass(frozen=True, slots=True)
class Machi:
    """Runs `machi` in one environment."""

    environment: Mapping[str, str]

    async def run(self, *arguments: str, text: str = "") -> str:
        """Run a command with `text` on its standard input; what it printed.

        Raises:
            DemoError: it failed; the message is its own.
        """
        process = await asyncio.create_subprocess_exec(
            _PROGRAM, *arguments, env=self.environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        try:
            out, err = await process.communicate(text.encode())
        finally:
            await _stop(process)
        if process.returncode:
            raise DemoError(f"machi {' '.join(arguments)} が失敗しました。\n{err.decode().strip()}")
        return out.decode()

    @asynccontextmanager
    async def serving(self, log: Path) -> AsyncIterator[Service]:
        """Run `machi serve` for as long as the context is open.

        The service gets a session of its own, so that Ctrl+C reaches it through the demo alone, after the
        demo has closed what talks to it.

        Raises:
            DemoError: it did not start; the message is its own.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                _PROGRAM, "serve", env=self.environment, stdout=PIPE, stderr=file, start_new_session=True
            )
        try:
            yield Service(await _address(process), log, process)
        except _SilentError:
            last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]  # noqa: ASYNC240  all has ended
            raise DemoError("\n".join(["サービスを起動できませんでした。", *last, _HINT])) from None
        finally:
            await _stop(process)


class _SilentError(Exception):
    """The service ended, or some time passed, without a word about where it listens."""


async def _address(process: Process) -> str:
    """Where the service says it listens."""
    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            while line := await process.stdout.readline():
                if found := _ADDRESS.search(line):
                    return found[0].decode()
    raise _SilentError


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
