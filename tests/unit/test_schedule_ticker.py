from __future__ import annotations

import asyncio
import logging
import time

import pytest

from bot.schedule.ticker import Ticker


async def test_the_first_tick_comes_at_once_and_others_follow() -> None:
    ticks = asyncio.Queue[None]()

    async def tick() -> None:
        ticks.put_nowait(None)

    ticker = Ticker(tick, seconds=0.01)
    assert not ticker.healthy
    ticker.start()
    async with asyncio.timeout(5):
        for _ in range(3):
            await ticks.get()
    assert ticker.healthy
    await ticker.stop()


async def test_a_tick_that_fails_is_logged_and_the_next_one_comes(caplog: pytest.LogCaptureFixture) -> None:
    fine = asyncio.Event()
    numbers = iter(range(1000))

    async def tick() -> None:
        if next(numbers) == 0:
            raise RuntimeError("the database is away")
        fine.set()

    ticker = Ticker(tick, seconds=0.01)
    with caplog.at_level(logging.ERROR):
        ticker.start()
        async with asyncio.timeout(5):
            await fine.wait()
    await ticker.stop()
    assert "the database is away" in caplog.text
    assert ticker.healthy


async def test_ticks_never_overlap_and_stopping_waits_for_the_one_under_way() -> None:
    running, most, go = 0, 0, asyncio.Event()

    async def tick() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go.wait()
        running -= 1

    ticker = Ticker(tick, seconds=0.005)
    ticker.start()
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(ticker.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    go.set()
    await stopping
    assert (most, running) == (1, 0)


async def test_no_tick_begins_once_stopped() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1

    for _ in range(50):  # each stop falls on another moment of the interval
        ticker = Ticker(tick, seconds=0.001)
        ticker.start()
        await asyncio.sleep(0.002)
        await ticker.stop()
        ended = ticks
        await asyncio.sleep(0.002)
        assert ticks == ended


async def test_a_failure_is_unhealthy_until_a_tick_succeeds_again() -> None:
    failing, ticked = True, asyncio.Event()

    async def tick() -> None:
        ticked.set()
        if failing:
            raise RuntimeError("the database is away")

    ticker = Ticker(tick, seconds=0.005)
    ticker.start()
    try:
        await ticked.wait()
        await asyncio.sleep(0)
        assert not ticker.healthy
        failing = False
        async with asyncio.timeout(5):
            while not ticker.healthy:
                ticked.clear()
                await ticked.wait()
                await asyncio.sleep(0)
    finally:
        await ticker.stop()


async def test_a_clock_that_hangs_is_unhealthy_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tick() -> None:
        return None

    ticker = Ticker(tick, seconds=60)
    ticker.start()
    await ticker.stop()
    assert ticker.healthy
    now = time.monotonic()
    monkeypatch.setattr("bot.schedule.ticker.time.monotonic", lambda: now + 60 + 29)
    assert ticker.healthy
    monkeypatch.setattr("bot.schedule.ticker.time.monotonic", lambda: now + 60 + 31)
    assert not ticker.healthy
