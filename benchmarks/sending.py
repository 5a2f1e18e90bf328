"""Sending to a million residents: the service against a bare aiohttp client with ready-made bodies.

The bare client knows every body beforehand and keeps nothing. The service freezes the audience, commits every
batch and its retry key, leases it, sends, and commits the answer.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.city import settle
from benchmarks.processes import environment, machi, program, service

RESIDENTS = 1_000_000
BATCH = 500
IN_FLIGHT = 40
ROUNDS = 3
TEXT = "【町からのお知らせ】あすの朝、冷え込みます。水道管の凍結に注意してください。"


def bodies() -> list[bytes]:
    """The multicasts of the whole audience."""
    messages = [{"type": "text", "text": TEXT}]
    ids = [f"U{number:032x}" for number in range(RESIDENTS)]
    pages = [ids[start : start + BATCH] for start in range(0, RESIDENTS, BATCH)]
    return [json.dumps({"to": page, "messages": messages}, ensure_ascii=False).encode() for page in pages]


async def bare(port: int) -> float:
    """Multicasts a second of a client that only sends."""
    waiting = bodies()
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


def populate(env: dict[str, str], folder: Path) -> None:
    """The residents in the service's database."""
    machi(env, "db", "upgrade")
    settle(folder / "bench.db", RESIDENTS)


def memory_mb(pid: int, field: str) -> float:
    """A field of the process's memory, such as VmRSS or VmHWM (the highest it has been), in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def broadcast(env: dict[str, str]) -> dict[str, Any]:
    """Write, approve and send one to everybody; its report when it is done."""
    arguments = ("broadcast", "new", "--title", "bench", "--text", TEXT, "--segment", "all")
    number = str(machi(env, *arguments)["id"])
    machi(env, "broadcast", "approve", number, "--as", "approver")
    machi(env, "broadcast", "send", number)
    while (report := machi(env, "broadcast", "report", number))["state"] not in ("done", "failed"):
        time.sleep(0.2)
    assert report["accepted"] == RESIDENTS, report
    return dict(report)


def main() -> None:
    rates, bare_rates = [], []
    with tempfile.TemporaryDirectory() as name, program("bare-line") as line_port:
        folder = Path(name)
        env = environment(folder, line_port)
        populate(env, folder)
        with service(env) as (_, pid):
            before = memory_mb(pid, "VmRSS")
            for _ in range(ROUNDS):
                bare_rates.append(asyncio.run(bare(line_port)))
                report = broadcast(env)
                rates.append(report["requests"] / report["seconds"])
            growth = memory_mb(pid, "VmHWM") - before
    ratio = statistics.median(ours / bare for ours, bare in zip(rates, bare_rates, strict=True))
    print(
        f"sending to {RESIDENTS:,} residents: {ratio:.2f} of a bare client's multicasts a second "
        f"({statistics.median(rates):,.0f} against {statistics.median(bare_rates):,.0f}); "
        f"memory growth {growth:.0f} MB"
    )


if __name__ == "__main__":
    main()
