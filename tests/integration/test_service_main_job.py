"""The main job through real processes: register in the chat, be told on time, and nobody else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from simulator import Simulator
from tests.integration.running import Running, line_simulator, town_folder, user

A, B, C = user(0xA), user(0xB), user(0xC)


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        for user_id in (A, B, C):
            simulator.add_user(user_id, following=False)
        yield simulator
        assert simulator.violations == []


@pytest.fixture
async def service(line: Simulator, tmp_path: Path) -> AsyncIterator[Running]:
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}") as running:
        yield running


async def say(line: Simulator, user_id: str, text: str) -> str:
    """Say something and wait for the reply; all of its words."""
    heard = len(line.heard(user_id))
    assert (await line.say(user_id, text)).ok
    await line.until(lambda: len(line.heard(user_id)) > heard, timeout=10)
    return "\n".join(entry.text for entry in line.heard(user_id)[heard:])


async def test_a_resident_registers_by_typing_and_only_they_get_what_is_for_them(
    line: Simulator, service: Running
) -> None:
    await line.follow(A)
    await line.until(lambda: bool(line.heard(A)))
    await say(line, A, "子育て")
    await say(line, A, "令和８年３月")
    await say(line, A, "防災")
    await say(line, A, "谷地中部")
    registered = await say(line, A, "登録内容")
    assert "2026年3月" in registered
    assert "谷地中部" in registered
    assert await service.json("resident", "show", A) == {
        "user_id": A,
        "language": "ja",
        "district": "谷地中部",
        "topics": ["childcare", "disaster"],
        "children": ["2026-03"],
        "state": "following",
    }
    await line.follow(B)
    await say(line, B, "バス")
    await line.follow(C)
    await line.unfollow(C)

    number = await service.broadcast("断水のお知らせ", "topic = disaster and district = 谷地中部")
    report = await service.ended(number)
    assert (report["recipients"], report["accepted"], report["requests"]) == (1, 1, 1)
    pushed = [entry.user_id for entry in line.chats.entries if entry.via in ("multicast", "push")]
    assert pushed == [A]
    assert await service.json("segment", "count", "all") == {"count": 2}


async def test_a_notice_goes_out_at_its_time_to_its_segment_in_each_residents_language(
    line: Simulator, tmp_path: Path
) -> None:
    town = town_folder(
        tmp_path,
        """
[[notices]]
name = "probe"
title = "お知らせ"
template = "probe"
segment = "topic = tax"
dates = ["2026-11-24"]
time = "09:00"
""",
    )
    service = Running(
        line,
        f"sqlite:///{tmp_path / 'machi.db'}",
        MACHI_TOWN=str(town),
        MACHI_CLOCK="2026-11-24T08:59:58+09:00",
    )
    await service.residents(
        {"user_id": A, "topics": ["tax"]},
        {"user_id": B, "topics": ["bus"]},
        {"user_id": C, "topics": ["tax"], "language": "en"},
    )
    coming = (await service.json("schedule", "next", "--count", "1"))["occurrences"]
    assert [(item["at"], item["notice"], item["recipients"]) for item in coming] == [
        ("2026-11-24T09:00:00+09:00", "probe", 2)
    ]
    for user_id in (A, B, C):
        await line.follow(user_id)
    async with service:
        await line.until(lambda: bool(line.heard(A)) and bool(line.heard(C)), timeout=20)
        assert [entry.text for entry in line.heard(A)] == ["定期のお知らせです。"]
        assert [entry.text for entry in line.heard(C)] == ["A standing notice."]
        assert line.heard(B) == []


async def test_stopping_and_erasing_in_the_chat_keep_messages_away(line: Simulator, service: Running) -> None:
    for user_id in (A, B, C):
        await line.follow(user_id)
        await say(line, user_id, "バス")
    await say(line, A, "配信停止")
    await say(line, B, "データ削除")
    assert (await service.json("segment", "list", "all"))["user_ids"] == [C]
    await service.machi("resident", "show", B, status=1)
    report = await service.ended(await service.broadcast("運休します", "topic = bus"))
    assert report["recipients"] == 1
    assert [entry.user_id for entry in line.chats.entries if entry.via in ("multicast", "push")] == [C]


async def test_a_restart_in_the_middle_of_a_dialogue_is_not_noticed(
    line: Simulator, service: Running
) -> None:
    await line.follow(A)
    await say(line, A, "子育て")
    await service.kill()
    await service.start()
    await say(line, A, "2026-03")
    assert (await service.json("resident", "show", A))["children"] == ["2026-03"]


async def test_events_are_processed_in_the_order_of_their_timestamps_and_once(
    line: Simulator, service: Running
) -> None:
    await line.follow(A)
    first = await line.say(A, "子育て")
    await line.until(lambda: len(line.heard(A)) >= 2)
    await line.redeliver(first)
    await line.redeliver(first)
    heard = len(line.heard(A))
    await say(line, A, "2026-03")
    assert len(line.heard(A)) == heard + 1
    audit = await service.json("resident", "show", A)
    assert audit["topics"] == ["childcare"]


async def test_health_readiness_and_metrics(line: Simulator, service: Running) -> None:
    await line.follow(A)
    async with aiohttp.ClientSession(service.address) as session:
        async with session.get("/healthz") as answer:
            assert answer.status == 200
        await service.ready()
        async with session.get("/metrics") as answer:
            assert "machi_webhook_events_total 1.0" in await answer.text()
            assert answer.content_type == "text/plain"


async def test_the_service_stops_cleanly_when_asked(service: Running) -> None:
    assert await service.stop() == 0
    assert "Traceback" not in service.log


async def test_a_second_service_on_the_same_file_is_refused_in_one_line(
    line: Simulator, service: Running
) -> None:
    error = await service.machi("serve", "--port", "0", status=1)
    assert "machi serve" in error
    assert len(error.strip().splitlines()) <= 2


@pytest.mark.parametrize("missing", ["LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"])
async def test_without_a_channel_the_service_refuses_to_start(
    line: Simulator, tmp_path: Path, missing: str
) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", **{missing: ""})
    assert missing in await service.machi("serve", "--port", "0", status=1)
