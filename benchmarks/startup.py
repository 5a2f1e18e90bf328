"""How long the command line takes to say what it can do, against Python starting with nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.processes import MACHI

ROUNDS = 10


def seconds(*command: str) -> float:
    """The median time of a command."""

    def once() -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(ROUNDS))


def main() -> None:
    ours, bare = seconds(str(MACHI), "--help"), seconds(sys.executable, "-c", "import click")
    print(f"machi --help: {ours:.2f} s, {ours / bare:.1f} times Python importing click")


if __name__ == "__main__":
    main()
