"""A broadcast above the month's quota waits for staff to decide; an emergency waits for nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.broadcasts import BY_SERVICE, BatchState, Priority, State
from bot.domain.errors import RefusedError
from simulator import Fault, RequestInfo, Simulator
from tests.integration.delivering import Desk, eventually
from tests.integration.running import Running, user
from tests.integration.worker import at_work, done, heard, send


def everybody(count: int) -> Counter[str]:
    """Each of so many residents once."""
    return Counter(user(n) for n in range(count))


async def test_above_the_quota_nothing_is_sent_until_it_has_grown_and_staff_resume(desk: Desk) -> None:
    """It was enough when the broadcast was approved; now 500 are missing."""
    await desk.residents(1200)
    async with at_work(desk, MACHI_YEN_PER_MESSAGE="2.5") as composer:
        number = await send(composer, "断水", at=desk.clock.now() + timedelta(hours=1))
        desk.line.platform.monthly_quota, desk.line.platform.used_quota = 1000, 300
        desk.clock.advance(hours=1)
        paused = await desk.paused(number)
        assert (paused.paused_by, paused.started_ms) == (BY_SERVICE, None)
        for figure in ("残りは 700 通", "300 / 1,000 通", "対象は 1,200 人", "500 通足りません", "1,250 円"):
            assert figure in (paused.failure or "")
        with pytest.raises(RefusedError, match="500 通足りません"):
            await composer.resume(number, "chief")
        desk.line.platform.monthly_quota = 1499
        with pytest.raises(RefusedError, match="1 通足りません"):
            await composer.resume(number, "chief")
        assert (await desk.store.broadcasts.find(number)).state is State.PAUSED
        assert desk.sent() == []
        desk.line.platform.monthly_quota = 1500
        await composer.resume(number, "chief")
        await done(desk, number)
    assert heard(desk, "断水") == everybody(1200)
    found = await desk.store.broadcasts.find(number)
    assert (found.failure, found.paused_by) == (None, None)


async def test_a_quota_used_up_in_the_middle_pauses_with_what_is_left_and_goes_on_there(desk: Desk) -> None:
    """Another program sends on the same channel: after the first 500 residents there are 100 messages left."""
    desk.line.platform.monthly_quota = 2000
    others = [1400]

    def at_the_first(request: RequestInfo) -> None:
        if request.endpoint == "multicast" and others:
            desk.line.platform.used_quota += others.pop()

    desk.line.faults.plan = at_the_first
    await desk.residents(1200)
    # a second between two requests: the first answer is on record before LINE says no
    async with at_work(desk, MACHI_MULTICASTS_PER_SECOND="2") as composer:
        number = await send(composer, "断水")
        paused = await desk.paused(number, "残りは")
        assert paused.paused_by == BY_SERVICE
        for figure in ("残りは 100 通", "1,900 / 2,000 通", "対象は 700 人", "600 通足りません", "1,800 円"):
            assert figure in (paused.failure or "")
        counts = (await desk.store.reports.of(number)).counts
        assert counts == {BatchState.ACCEPTED: 500, BatchState.READY: 700}
        with pytest.raises(RefusedError, match="対象は 700 人"):
            await composer.resume(number, "chief")
        desk.line.platform.monthly_quota = 2600
        desk.clock.advance(minutes=1)
        await composer.resume(number, "chief")
        await done(desk, number)
    assert heard(desk, "断水") == everybody(1200)
    assert desk.line.platform.used_quota == 2600


async def test_an_emergency_goes_out_without_asking_as_far_as_line_takes_it(desk: Desk) -> None:
    desk.line.platform.monthly_quota, desk.line.platform.used_quota = 1000, 300
    await desk.residents(1200)
    async with at_work(desk) as composer:
        number = await send(composer, "避難", Priority.EMERGENCY)
        await desk.paused(number, "通足りません")
        assert desk.line.requests[0].endpoint == "multicast"
        assert heard(desk, "避難").total() >= 500
        desk.line.platform.monthly_quota = None
        desk.clock.advance(minutes=1)
        await composer.resume(number, "chief")
        await done(desk, number)
    assert heard(desk, "避難") == everybody(1200)


async def test_a_used_up_quota_is_found_out_though_line_words_it_otherwise(desk: Desk) -> None:
    desk.line.platform.monthly_quota = desk.line.platform.used_quota = 1000
    desk.line.faults.plan = lambda request: (
        Fault(status=429, message="Too many messages.") if request.endpoint == "multicast" else None
    )
    await desk.residents(600)
    async with at_work(desk) as composer:
        number = await send(composer, "避難", Priority.EMERGENCY)
        paused = await desk.paused(number, "通足りません")
        assert paused.paused_by == BY_SERVICE
        desk.line.platform.monthly_quota = None
        desk.line.faults.plan = lambda _request: None
        desk.clock.advance(minutes=1)
        await composer.resume(number, "chief")
        await done(desk, number)
    assert heard(desk, "避難") == everybody(600)


async def test_who_is_too_fast_in_other_words_goes_on_while_there_is_quota(desk: Desk) -> None:
    desk.line.platform.monthly_quota = 1000
    refused = [Fault(status=429, message="Slow down.")] * 3

    def plan(request: RequestInfo) -> Fault | None:
        return refused.pop() if request.endpoint == "multicast" and refused else None

    desk.line.faults.plan = plan
    await desk.residents(600)
    async with at_work(desk) as composer:
        number = await send(composer, "避難", Priority.EMERGENCY)

        async def look() -> bool:
            desk.clock.advance(minutes=1)
            return (await desk.store.broadcasts.find(number)).state is State.DONE

        await eventually(look)
    assert not refused
    assert heard(desk, "避難") == everybody(600)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=500), id="500"),
        pytest.param(Fault(status=403, message="Access to this API is not available"), id="403"),
        pytest.param(Fault(cut=True), id="cut"),
        pytest.param(Fault(status=200, body=b"<html>\xff</html>"), id="a gateway's page"),
        pytest.param(Fault(status=200, body=b'{"type": "limited"}'), id="no figure"),
    ],
)
async def test_where_line_does_not_say_the_quota_nothing_is_held_back(desk: Desk, fault: Fault) -> None:
    asked = set()

    def plan(request: RequestInfo) -> Fault | None:
        if not request.endpoint.startswith("quota"):
            return None
        asked.add(request.endpoint)
        return fault

    desk.line.faults.plan = plan
    await desk.residents(3)
    async with at_work(desk) as composer:
        await done(desk, await send(composer, "断水"))
    assert asked == {"quota", "quota/consumption"}
    assert heard(desk, "断水") == everybody(3)


async def test_while_line_thinks_about_the_quota_an_emergency_overtakes(desk: Desk) -> None:
    asked = asyncio.Event()

    def plan(request: RequestInfo) -> Fault | None:
        if request.endpoint != "quota" or asked.is_set():
            return None
        asked.set()
        return Fault(delay=60)

    await desk.residents(3)
    async with at_work(desk) as composer:
        normal = await send(composer, "断水", at=desk.clock.now() + timedelta(hours=1))
        desk.line.faults.plan = plan
        desk.clock.advance(hours=1)
        async with asyncio.timeout(20):
            await asked.wait()
        await done(desk, await send(composer, "避難", Priority.EMERGENCY))
        assert (await desk.store.broadcasts.find(normal)).state is State.SCHEDULED
        await done(desk, normal)
    texts = [entry.text for entry in desk.line.chats.entries]
    assert texts == ["避難"] * 3 + ["断水"] * 3


# ---- as staff meet it ----


@pytest.fixture
async def service(line: Simulator, tmp_path: Path) -> Running:
    """Three residents and no running service: the commands ask LINE themselves."""
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await service.residents(*({"user_id": user(n)} for n in range(3)))
    return service


def left(line: Simulator, messages: int) -> None:
    """So many messages are left of 1,000."""
    line.platform.monthly_quota, line.platform.used_quota = 1000, 1000 - messages


async def draft(service: Running, *options: str) -> str:
    arguments = ("--title", "断水", "--text", "断水します", "--segment", "all", *options)
    return str((await service.json("broadcast", "new", *arguments))["id"])


async def test_approve_send_and_resume_refuse_in_one_line_what_the_quota_does_not_cover(
    line: Simulator, service: Running
) -> None:
    number = await draft(service)

    async def refused(command: str, state: str) -> None:
        left(line, 1)
        error = await service.machi("broadcast", command, number, "--as", "chief", status=1)
        assert len(error.splitlines()) == 1
        for figure in ("残りは 1 通", "999 / 1,000 通", "対象は 3 人", "2 通足りません", "約 6 円"):
            assert figure in error
        assert (await service.json("broadcast", "show", number))["state"] == state
        left(line, 3)
        await service.machi("broadcast", command, number, "--as", "chief")

    await refused("approve", "draft")
    await refused("send", "approved")
    await service.machi("broadcast", "pause", number)
    await refused("resume", "paused")
    assert (await service.json("broadcast", "show", number))["state"] == "scheduled"


async def test_nobody_refuses_an_emergency_and_its_author_still_reads_what_it_costs(
    line: Simulator, service: Running
) -> None:
    left(line, 1)
    arguments = ("--title", "避難", "--text", "避難", "--segment", "all", "--priority", "emergency")
    told = await service.machi("broadcast", "new", *arguments)
    assert "今月の残り 1 通のうち 3 通を使います。足りない分の追加は約 6 円" in told
    asked = len(line.requests)
    await service.machi("broadcast", "approve", "1", "--as", "chief")
    await service.machi("broadcast", "send", "1")
    await service.machi("broadcast", "pause", "1")
    resumed: dict[str, Any] = await service.json("broadcast", "resume", "1")
    assert resumed["state"] == "scheduled"
    assert len(line.requests) == asked, "an emergency does not wait for LINE's figures"
