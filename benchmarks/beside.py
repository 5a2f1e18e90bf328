"""What else must go on while a broadcast to a million residents is being sent.

At full speed: how long LINE waits for the answer to a webhook, against the same webhooks in quiet. At LINE's
own rate limit: how much of a core sending takes, and how soon an emergency's first request leaves.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.city import settle
from benchmarks.load import load, p99_ms
from benchmarks.processes import (
    TEXT,
    cpu_seconds,
    environment,
    free_town,
    machi,
    program,
    report,
    send,
    service,
    until_ended,
    until_frozen,
    until_tidy,
)
from benchmarks.watching import listen_for, watching_line
from bot.broadcasts.compose import Draft
from bot.domain.broadcasts import Priority
from bot.settings import Settings
from bot.wiring import opened_desk

RESIDENTS = 1_000_000
CONNECTIONS, PER_SECOND = 8, 100.0
ROUNDS, QUIET_SECONDS, BESIDE_SECONDS = 10, 4.0, 8.0
AT_LINES_LIMIT = 200.0
EMERGENCIES = 7
WORDS = "EMERGENCY"


def webhooks() -> None:
    """The 99th percentile of webhooks: in quiet, while a broadcast is frozen and sent, and while its requests go out."""
    with tempfile.TemporaryDirectory() as name, program("bare-line") as line_port:
        env = environment(Path(name), line_port, MACHI_TOWN=str(free_town(Path(name))))
        machi(env, "db", "upgrade")
        settle(env["MACHI_DATABASE_URL"], RESIDENTS)
        with service(env) as (port, _), ThreadPoolExecutor(1) as pool:
            paced = partial(load, port, mode="active", connections=CONNECTIONS, per_second=PER_SECOND)
            paced("warm", seconds=1.0)
            quiet, whole, going_out = [], [], []
            for number in range(ROUNDS):
                until_tidy(env["MACHI_DATABASE_URL"])
                quiet += paced(f"quiet{number}", seconds=QUIET_SECONDS).answers
                beside = pool.submit(paced, f"beside{number}", seconds=BESIDE_SECONDS)
                spans = []
                while not beside.done():
                    spans.append(asyncio.run(_sent(env)))
                for broadcast, start, frozen, end in spans:
                    report(env, broadcast, RESIDENTS)
                    whole += [answer for answer in beside.result().answers if start <= answer[0] <= end]
                    going_out += [answer for answer in beside.result().answers if frozen <= answer[0] <= end]
    print(f"webhooks, {PER_SECOND:.0f} a second: p99 {p99_ms(quiet):.1f} ms in quiet")
    for words, answers in (("is sent, with freezing", whole), ("goes out at full speed", going_out)):
        ratio = p99_ms(answers) / p99_ms(quiet)
        print(f"  while a broadcast {words}: {p99_ms(answers):.1f} ms, {ratio:.1f} times ({len(answers)})")


async def _sent(env: dict[str, str]) -> tuple[str, float, float, float]:
    """A broadcast's number; when it was released, when its audience was frozen and requests went out, and when it had ended.

    Released from this process, for a start of the CLI would take CPU from what is measured.
    """
    url = env["MACHI_DATABASE_URL"]
    async with opened_desk(Settings.from_environment(env)) as desk:
        number = await desk.composer.create(Draft("bench", "all", text=TEXT), "bench")
        await desk.composer.approve(number, "approver")
        start = time.perf_counter()
        await desk.composer.send(number, "bench")
    await asyncio.to_thread(until_frozen, url, str(number))
    frozen = time.perf_counter()
    await asyncio.to_thread(until_ended, env, str(number))
    return str(number), start, frozen, time.perf_counter()


def at_lines_limit() -> None:
    with tempfile.TemporaryDirectory() as name:
        latencies, share = asyncio.run(_at_lines_limit(Path(name)))
    print(
        f"sending at {AT_LINES_LIMIT:.0f} multicasts a second: {share:.2f} of a core; an emergency's first request "
        f"leaves {statistics.median(latencies) * 1000:.0f} ms after its release (at most {max(latencies) * 1000:.0f})"
    )


async def _at_lines_limit(folder: Path) -> tuple[list[float], float]:
    """Seconds from the release of each emergency to its first request, and the share of a core without any."""
    async with watching_line() as port:
        env = environment(folder, port, MACHI_MULTICASTS_PER_SECOND=str(AT_LINES_LIMIT))
        await asyncio.to_thread(machi, env, "db", "upgrade")
        await asyncio.to_thread(settle, env["MACHI_DATABASE_URL"], RESIDENTS)
        with service(env) as (_, pid):
            share = await asyncio.to_thread(_share_of_core, env, pid)
            await asyncio.to_thread(send, env)
            await asyncio.sleep(2)  # its audience is frozen and it is well under way
            latencies = [await _emergency(env) for _ in range(EMERGENCIES)]
    return latencies, share


def _share_of_core(env: dict[str, str], pid: int) -> float:
    """Once the audience is frozen, which takes all of a core for a moment."""
    number = send(env)
    time.sleep(4)
    before, start = cpu_seconds(pid), time.perf_counter()
    time.sleep(5)
    share = (cpu_seconds(pid) - before) / (time.perf_counter() - start)
    report(env, number, RESIDENTS)
    return share


async def _emergency(env: dict[str, str]) -> float:
    async with opened_desk(Settings.from_environment(env)) as desk:
        draft = Draft("bench", "all", text=WORDS, priority=Priority.EMERGENCY)
        number = await desk.composer.create(draft, "bench")
        await desk.composer.approve(number, "approver")
        listening = listen_for(WORDS)
        await desk.composer.send(number, "bench")
        start = time.perf_counter()
        heard = await listening
        await desk.composer.cancel(number, "bench")
    return heard - start


def main() -> None:
    webhooks()
    at_lines_limit()


if __name__ == "__main__":
    main()
