"""Replies to residents while LINE is in trouble, and when the service is stopped in the midst of a flood."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator import Fault, Simulator
from simulator.webhooks import event
from tests.integration.running import Running, line_simulator, user

A, B = user(0xA), user(0xB)


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator


def failing(times: int, fault: Fault) -> Callable[[Any], Fault | None]:
    """The first so many replies to each token fail."""
    tried: Counter[str] = Counter()

    def plan(request: Any) -> Fault | None:
        if request.endpoint != "reply":
            return None
        tried[request.body["replyToken"]] += 1
        return fault if tried[request.body["replyToken"]] <= times else None

    return plan


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=429)], ids=["500", "429"])
async def test_a_reply_is_tried_while_its_token_lives(line: Simulator, tmp_path: Path, fault: Fault) -> None:
    """Four failures are some five seconds of trouble: the resident waits, and hears."""
    line.add_user(A)
    line.faults.plan = failing(4, fault)
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}"):
        await line.say(A, "ヘルプ")
        await line.until(lambda: len(line.heard(A)) == 1, timeout=20)


async def test_who_waits_for_line_keeps_nobody_else_waiting(line: Simulator, tmp_path: Path) -> None:
    """LINE answers nothing to forty residents; one more is heard long before their tokens are too old."""
    silent = {user(number) for number in range(0x100, 0x128)}
    tokens: set[str] = set()
    for resident in (*silent, B):
        line.add_user(resident)
    line.faults.plan = lambda request: (
        Fault(status=500) if request.endpoint == "reply" and request.body["replyToken"] in tokens else None
    )
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}"):
        for resident in silent:
            tokens.add(await _asks(line, resident))
        await line.until(
            lambda: {json.loads(r.body)["replyToken"] for r in line.requests} >= tokens, timeout=20
        )
        await _asks(line, B)
        await line.until(lambda: len(line.heard(B)) == 1, timeout=10)


async def test_a_stop_in_a_flood_leaves_no_reply_that_nobody_sends(line: Simulator, tmp_path: Path) -> None:
    """What was worked off is answered before the process ends; the rest waits, untouched."""
    residents = [user(number) for number in range(1, 201)]
    for resident in residents:
        line.add_user(resident)
    line.faults.plan = lambda request: Fault(delay=0.02) if request.endpoint == "reply" else None
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    async with service:
        flood = [asyncio.create_task(_asks(line, resident)) for resident in residents]
        await line.until(lambda: len(line.requests) >= 20, timeout=20)
        assert await service.stop() == 0
        for each in flood:
            each.cancel()
        with closing(sqlite3.connect(tmp_path / "machi.db")) as database:
            states = dict(database.execute("SELECT state, count(*) FROM inbox GROUP BY state"))
        assert "replying" not in states
        assert states["done"] >= 20


async def _asks(line: Simulator, resident: str) -> str:
    """A webhook of its own; the reply token."""
    token = line.platform.reply_tokens.issue(resident)
    said = {"type": "text", "id": token[:20], "text": "ヘルプ"}
    happened = event("message", user_id=resident, at=1_790_000_000_000, message=said, replyToken=token)
    await line.courier.post(line.courier.pack([happened]))
    return token
