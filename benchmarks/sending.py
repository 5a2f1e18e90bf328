"""Sending to 10,000, 100,000 and a million residents, at full speed, on SQLite and in one process.

Against a bare aiohttp client with ready-made bodies, which keeps nothing; the service freezes the audience,
commits every batch and its retry key, leases it, sends, and commits the answer.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import aiohttp

from benchmarks.city import settle
from benchmarks.growth import plot
from benchmarks.processes import (
    TEXT,
    environment,
    free_town,
    machi,
    memory_mb,
    program,
    report,
    send,
    service,
)

TOWNS = (10_000, 100_000, 1_000_000)
BATCH = 500
IN_FLIGHT = 40
ROUNDS = 9


class Measured(NamedTuple):
    """One town: seconds to freeze the audience and to send, MB of memory, multicasts a second, and their ratio."""

    residents: int
    freeze: float
    sending: float
    memory: float
    rate: float
    ratio: float


def bodies(residents: int) -> list[bytes]:
    """The multicasts of the whole audience."""
    messages = [{"type": "text", "text": TEXT}]
    ids = [f"U{number:032x}" for number in range(residents)]
    pages = [ids[start : start + BATCH] for start in range(0, residents, BATCH)]
    return [json.dumps({"to": page, "messages": messages}, ensure_ascii=False).encode() for page in pages]


async def bare(port: int, residents: int) -> float:
    """Multicasts a second of a client that only sends."""
    waiting = bodies(residents)
    url = f"http://127.0.0.1:{port}/v2/bot/message/multicast"

    async def worker(session: aiohttp.ClientSession) -> None:
        while waiting:
            headers = {"Content-Type": "application/json", "X-Line-Retry-Key": str(uuid.uuid4())}
            async with session.post(url, data=waiting.pop(), headers=headers) as response:
                await response.read()

    total = len(waiting)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(IN_FLIGHT)))
        return total / (time.perf_counter() - start)


def freeze_seconds(file: Path, number: str) -> float:
    """From the start of a normal broadcast to its first batch: it is held until its audience is complete."""
    sql = """SELECT min(first_attempt_ms) - (SELECT started_ms FROM broadcasts WHERE id = :id)
             FROM batches WHERE broadcast_id = :id"""
    with closing(sqlite3.connect(file)) as connection:
        milliseconds: int = connection.execute(sql, {"id": number}).fetchone()[0]
    return milliseconds / 1000


def measure(residents: int, line_port: int) -> Measured:
    """The middle of some rounds; memory as it was at its highest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder, line_port, MACHI_TOWN=str(free_town(folder)))
        machi(env, "db", "upgrade")
        settle(env["MACHI_DATABASE_URL"], residents)
        rounds = []
        with service(env) as (_, pid):
            before = memory_mb(pid, "VmRSS")
            for _ in range(ROUNDS):
                bare_rate = asyncio.run(bare(line_port, residents))
                number = send(env)
                seconds = report(env, number, residents)["seconds"]
                rate = residents / BATCH / seconds
                freeze = freeze_seconds(folder / "bench.db", number)
                rounds.append((freeze, seconds, rate, rate / bare_rate))
            memory = memory_mb(pid, "VmHWM") - before
    freeze, sending, rate, ratio = (statistics.median(values) for values in zip(*rounds, strict=True))
    return Measured(residents, freeze, sending, memory, rate, ratio)


def show(towns: Sequence[Measured]) -> None:
    print("sending at full speed, SQLite, one process:")
    print("   residents  freezing    sending  memory growth  multicasts/s  of a bare client's")
    for town in towns:
        print(
            f"  {town.residents:>10,}  {town.freeze:>6.2f} s  {town.sending:>7.2f} s  {town.memory:>10.0f} MB"
            f"  {town.rate:>12,.0f}  {town.ratio:>18.2f}"
        )


def main() -> None:
    with program("bare-line") as line_port:
        towns = [measure(residents, line_port) for residents in TOWNS]
    show(towns)
    plot(towns)


if __name__ == "__main__":
    main()
