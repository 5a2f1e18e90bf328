"""kill -9 at any moment: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from simulator import Fault, RequestInfo, Simulator
from simulator.webhooks import event
from tests.integration.running import Running, line_simulator, town_folder, user

RESIDENTS = 3000


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator
        assert simulator.violations == []


def multicasts(simulator: Simulator) -> Counter[str]:
    """How many multicast messages each user's phone shows."""
    return Counter(entry.user_id for entry in simulator.chats.entries if entry.via == "multicast")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(delay=30), id="before LINE looks at the request"),
        pytest.param(Fault(delay=30, accept=True), id="after LINE accepted, before it answers"),
        pytest.param(Fault(cut=True, accept=True), id="while answers are cut off"),
        pytest.param(Fault(status=500, accept=True), id="while LINE is in trouble"),
    ],
)
async def test_a_broadcast_survives_a_kill(line: Simulator, tmp_path: Path, fault: Fault) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await service.residents(*({"user_id": user(number)} for number in range(RESIDENTS)))
    for number in range(RESIDENTS):
        line.add_user(user(number))
    seen: list[RequestInfo] = []

    def first_three(request: RequestInfo) -> Fault | None:
        if request.endpoint != "multicast":
            return None
        seen.append(request)
        return fault if len(seen) <= 3 else None

    line.faults.plan = first_three
    async with service:
        number = await service.broadcast("避難してください", "all", "--priority", "emergency")
        await line.until(lambda: len(seen) >= 3, timeout=20)
        await service.kill()
        await service.start()
        report = await service.ended(number)
    assert (report["recipients"], report["accepted"]) == (RESIDENTS, RESIDENTS)
    assert multicasts(line) == Counter(user(number) for number in range(RESIDENTS))


async def test_a_broadcast_survives_kills_at_random_moments(line: Simulator, tmp_path: Path) -> None:
    """Also while the audience is being put into batches."""
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_MULTICASTS_PER_SECOND="50")
    residents = 20_000
    await service.residents(*({"user_id": user(number)} for number in range(residents)))
    for number in range(residents):
        line.add_user(user(number))
    moments = random.Random(20200728)
    async with service:
        number = await service.broadcast("避難してください", "all")
        for _ in range(4):
            await asyncio.sleep(moments.uniform(0, 0.3))
            await service.kill()
            await service.start()
        report = await service.ended(number)
    assert (report["recipients"], report["accepted"]) == (residents, residents)
    assert multicasts(line) == Counter(user(number) for number in range(residents))


async def test_no_acknowledged_event_is_lost_and_none_is_run_twice(line: Simulator, tmp_path: Path) -> None:
    """Residents register while the service is killed; what was not acknowledged is delivered again."""
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    people = [user(number) for number in range(40)]
    for user_id in people:
        line.add_user(user_id)

    def registration(user_id: str, number: int) -> dict[str, object]:
        message = {"type": "text", "id": str(number), "text": ("子育て", "2026-03", "2024-11")[number]}
        token = line.platform.reply_tokens.issue(user_id)
        return event(
            "message", user_id=user_id, at=1_790_000_000_000 + number, message=message, replyToken=token
        )

    async def register(user_id: str) -> None:
        for number in range(3):
            sent = registration(user_id, number)
            while not (await line.send_events(sent)).ok:  # noqa: ASYNC110  LINE, too, tries again later
                await asyncio.sleep(0.05)

    async with service:
        everyone = asyncio.gather(*(register(user_id) for user_id in people))
        moments = random.Random(20110311)
        for _ in range(3):
            await asyncio.sleep(moments.uniform(0.02, 0.2))
            await service.kill()
            await service.start()
        await everyone
        async with asyncio.timeout(30):
            while "machi_inbox_waiting 0.0" not in await metrics(service):  # noqa: ASYNC110  another process's
                await asyncio.sleep(0.1)
        exported = await service.machi("resident", "export")
    assert exported.count('"2026-03"') == exported.count('"2024-11"') == len(people)


async def metrics(service: Running) -> str:
    async with aiohttp.ClientSession(service.address) as session, session.get("/metrics") as answer:
        return await answer.text()


NOTICES = """
[[notices]]
name = "in-time"
title = "間に合うお知らせ"
template = "probe"
segment = "all"
dates = ["2026-11-24"]
time = "09:00"
grace = "2h"

[[notices]]
name = "too-late"
title = "間に合わないお知らせ"
template = "probe"
segment = "all"
dates = ["2026-11-24"]
time = "09:00"
grace = "30m"
"""


async def test_a_notice_missed_while_down_is_made_up_within_its_grace_or_recorded_as_missed(
    line: Simulator, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    town = str(town_folder(tmp_path, NOTICES))
    line.add_user(user(1))
    service = Running(line, url, MACHI_TOWN=town, MACHI_CLOCK="2026-11-24T08:00:00+09:00")
    await service.residents({"user_id": user(1)})
    async with service:
        await service.ready()
        await service.kill()
    service.configure(MACHI_CLOCK="2026-11-24T10:00:00+09:00")
    async with service:
        await line.until(lambda: len(line.heard(user(1))) == 1, timeout=20)
        await service.kill()
        await service.start()
        async with asyncio.timeout(20):
            while not (missed := await missed_notices(service)):
                pass
    assert missed == ["notice:too-late"]
    assert [entry.text for entry in line.heard(user(1))] == ["定期のお知らせです。"]


async def missed_notices(service: Running) -> list[str]:
    deeds = (await service.json("audit"))["deeds"]
    return [deed["actor"] for deed in deeds if deed["action"] == "notice.missed"]
