"""Webhooks go first."""

from __future__ import annotations

import asyncio

from bot.inbox.intake import Waiting


async def test_other_work_goes_on_when_no_webhook_waits() -> None:
    waiting = Waiting()
    with waiting, waiting:
        passed = asyncio.create_task(waiting.passed())
        await asyncio.sleep(0)
        assert not passed.done()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert passed.done()


async def test_a_flood_that_does_not_end_holds_nothing_up_for_long() -> None:
    waiting = Waiting()
    with waiting:
        await asyncio.wait_for(waiting.passed(), 10)


async def test_eight_are_many() -> None:
    waiting = Waiting()
    for _ in range(7):
        waiting.__enter__()
    assert not waiting.are_many()
    with waiting:
        assert waiting.are_many()
