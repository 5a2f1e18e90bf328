"""Real processes, really killed, beside a LINE that fails in every way at once: everyone gets it exactly once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator import Fault, RequestInfo, Simulator
from tests.integration.running import Running, user

RESIDENTS = 20_000
BULK = ("multicast", "push")


def trouble() -> Callable[[RequestInfo], Fault | None]:
    """20 ms away, every 5th request 500, every 7th cut after acceptance, every 11th cut before it."""
    seen = 0

    def plan(request: RequestInfo) -> Fault | None:
        nonlocal seen
        if request.endpoint not in BULK:
            return None
        seen += 1
        if seen % 11 == 0:
            return Fault(cut=True, delay=0.02)
        if seen % 7 == 0:
            return Fault(cut=True, accept=True, delay=0.02)
        return Fault(status=500, delay=0.02) if seen % 5 == 0 else Fault(delay=0.02)

    return plan


async def settle(line: Simulator, service: Running, residents: int = RESIDENTS) -> None:
    await service.residents(*({"user_id": user(number)} for number in range(residents)))
    for number in range(residents):
        line.add_user(user(number))


def phones(line: Simulator) -> Counter[str]:
    return Counter(entry.user_id for entry in line.chats.entries if entry.via in BULK)


async def test_five_kills_among_all_faults(line: Simulator, tmp_path: Path) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await settle(line, service)
    line.faults.plan = trouble()
    line.platform.rates.rates["multicast"] = (50, 1.0)
    moments = random.Random(20110311)
    async with service:
        number = await service.broadcast("避難してください", "all")
        for _ in range(5):
            await asyncio.sleep(moments.uniform(0.05, 0.5))
            await service.kill()
            await service.start()
        report = await service.ended(number)
    assert (report["recipients"], report["accepted"], report["state"]) == (RESIDENTS, RESIDENTS, "done")
    assert phones(line) == Counter(user(number) for number in range(RESIDENTS))


async def test_three_workers_of_which_two_are_killed_for_good(line: Simulator, postgres_url: str) -> None:
    workers = [Running(line, postgres_url, role="worker") for _ in range(3)]
    await settle(line, workers[0])
    line.faults.plan = trouble()
    line.platform.rates.rates["multicast"] = (50, 1.0)
    try:
        for worker in workers:
            await worker.start()
        number = await workers[0].broadcast("避難してください", "all")
        await line.until(lambda: sum(phones(line).values()) > 0, timeout=20)
        await workers[1].kill()
        await asyncio.sleep(0.2)
        await workers[2].kill()
        report = await workers[0].ended(number)
    finally:
        for worker in workers:
            await worker.stop()
    assert (report["recipients"], report["accepted"], report["state"]) == (RESIDENTS, RESIDENTS, "done")
    assert phones(line) == Counter(user(number) for number in range(RESIDENTS))


async def test_a_killed_worker_is_taken_over_within_ten_seconds(line: Simulator, postgres_url: str) -> None:
    workers = [Running(line, postgres_url, role="worker") for _ in range(2)]
    await settle(line, workers[0], 2)
    slow = [Fault(delay=60)]
    line.faults.plan = lambda request: slow.pop() if slow and request.endpoint in BULK else None
    try:
        await workers[0].start()
        number = await workers[0].broadcast("避難してください", "all", "--priority", "emergency")
        await line.until(lambda: not slow, timeout=20)
        await workers[0].kill()
        await workers[1].start()
        async with asyncio.timeout(10):
            report = await workers[1].ended(number)
    finally:
        for worker in workers:
            await worker.stop()
    assert report["accepted"] == 2
    assert phones(line) == Counter([user(0), user(1)])


@pytest.mark.parametrize("ending", ["resume", "cancel"])
async def test_a_pause_at_half_is_exact(line: Simulator, tmp_path: Path, ending: str) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_MULTICASTS_PER_SECOND="8")
    await settle(line, service)
    async with service:
        number = await service.broadcast("お知らせ", "all")
        await line.until(lambda: len(phones(line)) >= RESIDENTS / 4, timeout=20)
        await service.machi("broadcast", "pause", number)
        await asyncio.sleep(1)
        reached = len(phones(line))
        await asyncio.sleep(1)
        report = await service.json("broadcast", "report", number)
        assert len(phones(line)) == reached == report["accepted"] < RESIDENTS
        assert report["accepted"] + report["pending"] == RESIDENTS
        assert report["state"] == "paused"
        await service.machi("broadcast", ending, number)
        report = await service.ended(number)
    if ending == "cancel":
        assert (report["accepted"], report["cancelled"]) == (reached, RESIDENTS - reached)
        assert len(phones(line)) == reached
    else:
        assert report["accepted"] == RESIDENTS
    assert set(phones(line).values()) == {1}


async def test_an_orderly_stop_in_the_middle_leaves_no_request_to_be_repeated(
    line: Simulator, postgres_url: str
) -> None:
    rate = {"MACHI_MULTICASTS_PER_SECOND": "20"}
    workers = [Running(line, postgres_url, role="worker", **rate) for _ in range(2)]
    await settle(line, workers[0])
    requests: Counter[str | None] = Counter()

    def slow(request: RequestInfo) -> Fault | None:
        if request.endpoint not in BULK:
            return None
        requests[request.retry_key] += 1
        return Fault(delay=0.5)

    line.faults.plan = slow
    try:
        for worker in workers:
            await worker.start()
        number = await workers[0].broadcast("お知らせ", "all")
        await line.until(lambda: len(phones(line)) > 0, timeout=20)  # as many again are under way
        assert await workers[0].stop() == 0
        assert len(phones(line)) < RESIDENTS
        report = await workers[1].ended(number)
    finally:
        for worker in workers:
            await worker.stop()
    assert (report["accepted"], report["state"]) == (RESIDENTS, "done")
    assert phones(line) == Counter(user(number) for number in range(RESIDENTS))
    assert set(requests.values()) == {1}
