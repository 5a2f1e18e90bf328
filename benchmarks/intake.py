"""Webhook intake: `machi serve` against a bare aiohttp server that only checks the signature.

The whole service runs, clock and sender and all. *Recorded* events (standby mode) are taken in and committed;
*answered* ones are at the same time run through the conversation and replied to, in the same process.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.load import load
from benchmarks.processes import environment, program, service

CONNECTIONS = 32
SECONDS = 4.0
ROUNDS = 5


def _round(port: int, run: str, mode: str) -> float:
    """Requests a second."""
    return load(port, run, mode, connections=CONNECTIONS, seconds=SECONDS).rate


def measure(mode: str) -> tuple[list[float], list[float]]:
    """Requests a second of the bare server and of the service, in alternating rounds."""
    bare, ours = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        program("bare-webhook") as bare_port,
        program("bare-line") as line_port,
        service(environment(Path(folder), line_port)) as (port, _),
    ):
        for number in range(ROUNDS):
            bare.append(_round(bare_port, f"b{number}", mode))
            ours.append(_round(port, f"o{number}", mode))
    return bare, ours


def main() -> None:
    for mode, words in (("standby", "recorded"), ("active", "recorded and answered")):
        bare, ours = measure(mode)
        ratio = statistics.median(o / b for o, b in zip(ours, bare, strict=True))
        print(
            f"webhook intake, events {words}: {ratio:.2f} of bare aiohttp that checks the signature "
            f"({statistics.median(ours):,.0f} against {statistics.median(bare):,.0f} requests/s)"
        )


if __name__ == "__main__":
    main()
