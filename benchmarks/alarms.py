"""How soon the first is told: of a telegram of JMA, and of an order of the town; and the last of a million."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle, product
from pathlib import Path

from benchmarks.city import settle
from benchmarks.processes import MACHI, environment, machi, send, service, until_ended
from benchmarks.watching import listen_for, watching_line
from bot.broadcasts.orders import OrderDesk, OrderDraft
from bot.settings import Settings
from bot.wiring import opened_desk
from tests.jma_telegrams import Jma, earthquake

POLLS = ((1.0, 9), (60.0, 2))
"""Seconds between looks, and how many telegrams are timed so."""
RESIDENTS = 1_000_000
ORDERS = 5
ROUNDS = 3
START = datetime(2026, 11, 24, 1, tzinfo=UTC)
DISTRICTS = ["谷地中部", "谷地南部", "谷地西部", "西里", "溝延", "北谷地"]
WORDS = "MACHI-ORDER"
AT_LINES_LIMIT, FULL_SPEED = 200.0, 100_000.0
_kinds = cycle(
    product((3, 4, 5), ("洪水", "土砂災害", "内水氾濫", "地震", "大規模な火事", "火山現象", "高潮"))
)
"""A higher order takes the place of a lower one; the same again is refused."""


def telegrams() -> None:
    """Published just after a look, which is the worst moment: the next look is a whole interval away."""
    for poll, rounds in POLLS:
        with tempfile.TemporaryDirectory() as name:
            beyond = asyncio.run(_telegrams(Path(name), poll, rounds))
        print(
            f"a telegram, from the feed to the first request, looking every {poll:.0f} s: that and "
            f"{statistics.median(beyond) * 1000:.0f} ms (at most {max(beyond) * 1000:.0f})"
        )


async def _telegrams(folder: Path, poll: float, rounds: int) -> list[float]:
    """Seconds beyond the interval, of each telegram."""
    began = time.monotonic()
    now = lambda: START + timedelta(seconds=time.monotonic() - began)  # noqa: E731
    async with watching_line() as port, Jma(now) as jma:
        env = environment(folder, port, MACHI_CLOCK=START.isoformat())
        env |= {"MACHI_JMA_BASE": jma.base, "MACHI_JMA_POLL": str(poll)}
        await asyncio.to_thread(machi, env, "db", "upgrade")
        await asyncio.to_thread(settle, env["MACHI_DATABASE_URL"], 16_000)
        with service(env):
            await _look(jma)  # the first of all shows what is in force, and tells nobody
            beyond = []
            for number in range(rounds):
                await _look(jma)
                jma.add(
                    "VXSE53",
                    earthquake(f"2026112410{number:04}", now(), "<MaxInt>5-</MaxInt>"),
                    sender="010000",
                )
                start = time.perf_counter()
                beyond.append(await listen_for("multicast") - start - poll)
                await asyncio.sleep(0.5)  # for the other requests
            return beyond


async def _look(jma: Jma) -> None:
    """Wait until the service next looks at the feed."""
    looks = _looks(jma)
    while _looks(jma) == looks:  # noqa: ASYNC110  another process's
        await asyncio.sleep(0.001)


def _looks(jma: Jma) -> int:
    return [path for path, _ in jma.requests].count("feed/eqvol.xml")


def orders() -> None:
    with tempfile.TemporaryDirectory() as name:
        committed, typed = asyncio.run(_orders(Path(name)))
    print(
        f"an order to a million, from its approval to the first request: {statistics.median(committed) * 1000:.0f} ms "
        f"(at most {max(committed) * 1000:.0f}); from Enter behind `machi order approve`, its start included: "
        f"{statistics.median(typed):.1f} s (at most {max(typed):.1f})"
    )


async def _orders(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds to the first request from when the approval is committed, and from when the command is started."""
    async with watching_line() as port:
        env = await asyncio.to_thread(_million, folder, port)
        with service(env):
            committed = [await _order(env, by_command=False) for _ in range(ORDERS)]
            typed = [await _order(env, by_command=True) for _ in range(ORDERS)]
    return committed, typed


def _million(folder: Path, port: int, **more: str) -> dict[str, str]:
    env = environment(folder, port, **more)
    machi(env, "db", "upgrade")
    settle(env["MACHI_DATABASE_URL"], RESIDENTS, districts=True)
    return env


async def _order(env: dict[str, str], *, by_command: bool) -> float:
    number, broadcast = await _issued(env)
    listening = listen_for(WORDS)
    if by_command:
        start = time.perf_counter()
        command = [MACHI, "order", "approve", str(number), "--as", "chief"]
        approving = await asyncio.create_subprocess_exec(*command, env=env, stdout=subprocess.DEVNULL)
        seconds = await listening - start
        await approving.wait()
    else:
        async with opened_desk(Settings.from_environment(env)) as desk:
            await desk.composer.approve(broadcast, "chief")
            start = time.perf_counter()
            seconds = await listening - start
    async with opened_desk(Settings.from_environment(env)) as desk:
        await desk.composer.cancel(broadcast, "bench")
    return seconds


async def _issued(env: dict[str, str]) -> tuple[int, int]:
    """An order to every district, written and not approved; its number and that of its broadcast."""
    level, hazard = next(_kinds)
    async with opened_desk(Settings.from_environment(env)) as desk:
        orders = OrderDesk(desk.store, desk.town, desk.composer, desk.clock)
        made = await orders.issue(OrderDraft(level, hazard, DISTRICTS, {"ja": WORDS}), "bench")
    assert made.recipients == RESIDENTS
    return made.order.id, made.broadcast.id


def last_of_a_million() -> None:
    for rate in (AT_LINES_LIMIT, FULL_SPEED):
        with tempfile.TemporaryDirectory() as name:
            alone, beside = asyncio.run(_last_of_a_million(Path(name), rate))
        ratio = statistics.median(b / a for a, b in zip(alone, beside, strict=True))
        speed = "as fast as it goes" if rate == FULL_SPEED else f"at {rate:.0f} multicasts a second"
        print(
            f"an order to a million, {speed}, from its approval to the last answer, while a normal broadcast to the "
            f"same million is under way: {ratio:.2f} times the same alone "
            f"({statistics.median(beside):.1f} s against {statistics.median(alone):.1f} s)"
        )


async def _last_of_a_million(folder: Path, rate: float) -> tuple[list[float], list[float]]:
    """Seconds from approval to the last answer, in turns."""
    alone, beside = [], []
    async with watching_line() as port:
        env = await asyncio.to_thread(_million, folder, port, MACHI_MULTICASTS_PER_SECOND=str(rate))
        with service(env):
            for _ in range(ROUNDS):
                _, broadcast = await _issued(env)
                alone.append(await _last(env, broadcast))
                _, broadcast = await _issued(env)
                under_way = listen_for("MACHI-NORMAL")
                number = await asyncio.to_thread(send, env, "MACHI-NORMAL")
                await under_way
                beside.append(await _last(env, broadcast))
                await asyncio.to_thread(until_ended, env, number)
    return alone, beside


async def _last(env: dict[str, str], broadcast: int) -> float:
    async with opened_desk(Settings.from_environment(env)) as desk:
        await desk.composer.approve(broadcast, "chief")
    start = time.perf_counter()
    await asyncio.to_thread(until_ended, env, str(broadcast))
    return time.perf_counter() - start


def main() -> None:
    telegrams()
    orders()
    last_of_a_million()


if __name__ == "__main__":
    main()
