"""Starting and stopping the processes of a benchmark."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.programs import SECRET

MACHI = Path(sys.executable).with_name("machi")


@contextmanager
def program(name: str) -> Iterator[int]:
    """One of `benchmarks.programs` while it runs; its port."""
    command = [sys.executable, "-m", "benchmarks.programs", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        yield int(process.stdout.readline())
        process.stdin.close()


def environment(folder: Path, line_port: int) -> dict[str, str]:
    """The environment of a service whose database lies in `folder` and whose LINE is at `line_port`."""
    return {
        **os.environ,
        "LINE_CHANNEL_SECRET": SECRET,
        "LINE_CHANNEL_ACCESS_TOKEN": "benchmark",
        "LINE_API_BASE": f"http://127.0.0.1:{line_port}",
        "MACHI_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "MACHI_MULTICASTS_PER_SECOND": "100000",
        "MACHI_STAFF": "bench",
        "MACHI_CLOCK": "2026-11-24T10:00:00+09:00",  # not in the quiet hours, whenever this runs
    }


@contextmanager
def service(env: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """`machi serve` while it runs; its port and process id."""
    with subprocess.Popen(
        [MACHI, "serve", "--port", "0"],
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"http://[^ ]*:(\d+)", line):
                break
        else:
            raise RuntimeError("machi serve did not start")
        yield int(found[1]), process.pid
        process.terminate()


def machi(env: Mapping[str, str], *arguments: str) -> Any:
    """What a command of the CLI answers with `--json`."""
    done = subprocess.run(
        [MACHI, *arguments, "--json"], env=dict(env), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
