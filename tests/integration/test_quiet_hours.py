"""What can wait is not sent at night; what cannot is, and in the morning everybody gets everything once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from bot.domain.broadcasts import Priority, State
from bot.store.store import Store
from simulator import Fault, RequestInfo, Simulator
from tests.clock import HandClock
from tests.integration.delivering import Desk
from tests.integration.running import Running, user
from tests.integration.worker import at_work, done, heard, send
from tests.settling import sending, settle, someone


def everybody(count: int) -> Counter[str]:
    """Each of so many residents once."""
    return Counter(user(n) for n in range(count))


def set_clock(desk: Desk, moment: str) -> None:
    desk.clock.advance(seconds=(datetime.fromisoformat(f"{moment}+09:00") - desk.clock.now()).total_seconds())


async def test_at_night_only_what_is_urgent_goes_out_and_the_rest_in_the_morning(desk: Desk) -> None:
    await desk.residents(700)
    set_clock(desk, "2026-11-24T22:00:00")
    async with at_work(desk) as composer:
        normal = await send(composer, "あす")
        timed = await send(composer, "あさ", at=desk.clock.now() + timedelta(hours=4))
        await done(desk, await send(composer, "急ぎ", Priority.URGENT))
        await done(desk, await send(composer, "緊急", Priority.EMERGENCY))
        set_clock(desk, "2026-11-25T06:59:59")
        await done(desk, await send(composer, "未明", Priority.URGENT))
        for number in (normal, timed):
            assert (await desk.store.broadcasts.find(number)).state is State.SCHEDULED
        assert {entry.text for entry in desk.line.chats.entries} == {"急ぎ", "緊急", "未明"}
        set_clock(desk, "2026-11-25T07:00:00")
        await done(desk, normal)
        await done(desk, timed)
    for text in ("あす", "あさ", "急ぎ", "緊急", "未明"):
        assert heard(desk, text) == everybody(700)


async def test_what_is_half_sent_in_the_evening_stops_and_goes_on_in_the_morning(desk: Desk) -> None:
    """The third of ten requests is accepted as the quiet hours begin, and its answer is lost."""
    keys: list[str | None] = []

    def plan(request: RequestInfo) -> Fault | None:
        if request.endpoint != "multicast" or "通常" not in str(request.body):
            return None
        keys.append(request.retry_key)
        if len(keys) != 3:
            return None
        set_clock(desk, "2026-11-24T21:00:00")
        return Fault(cut=True, accept=True)

    desk.line.faults.plan = plan
    await desk.residents(5_000)
    set_clock(desk, "2026-11-24T20:59:59")
    async with at_work(desk, MACHI_MULTICASTS_PER_SECOND="20") as composer:
        number = await send(composer, "通常")
        await desk.line.until(lambda: len(keys) >= 3, timeout=20)
        await done(desk, await send(composer, "急ぎ", Priority.URGENT))
        evening, requests = heard(desk, "通常"), list(keys)
        assert 1_500 <= evening.total() < 5_000
        set_clock(desk, "2026-11-25T06:59:59")
        await done(desk, await send(composer, "未明", Priority.URGENT))
        assert heard(desk, "通常") == evening
        assert keys == requests, "nor is the one without an answer tried again"
        assert (await desk.store.broadcasts.find(number)).state is State.SENDING
        set_clock(desk, "2026-11-25T07:00:00")
        await done(desk, number)
    for text in ("通常", "急ぎ", "未明"):
        assert heard(desk, text) == everybody(5_000)
    assert Counter(keys) == Counter({key: 2 if key == keys[2] else 1 for key in keys})


async def test_a_service_sends_what_it_held_back_when_the_quiet_hours_are_over(
    line: Simulator, tmp_path: Path
) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_CLOCK="2026-11-24T23:00:00+09:00")
    await service.residents(*({"user_id": user(n)} for n in range(3)))
    for n in range(3):
        line.add_user(user(n))
    normal = await service.broadcast("断水", "all")
    urgent = await service.broadcast("停電", "all", "--priority", "urgent")
    service.configure(MACHI_CLOCK="2026-11-25T06:59:55+09:00")
    async with service:
        await line.until(lambda: len(line.chats.entries) == 6, timeout=30)
    assert [entry.text for entry in line.chats.entries] == ["停電"] * 3 + ["断水"] * 3
    held, sent = [await service.json("broadcast", "report", number) for number in (normal, urgent)]
    assert sent["last_answer_at"] < "2026-11-25T07:00:00+09:00"
    assert "2026-11-25T07:00:00+09:00" <= held["started_at"] < "2026-11-25T07:00:30+09:00"
    assert (held["accepted"], held["requests"]) == (3, 1)


# ---- as staff meet it ----

HELD = "配信を控える時間なので、11月25日 07:00 に送ります。"


async def test_the_clerk_is_told_when_a_broadcast_goes_out(line: Simulator, tmp_path: Path) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_CLOCK="2026-11-24T22:00:00+09:00")

    async def approved(*options: str) -> tuple[str, str]:
        new = ("--title", "断水", "--text", "断水", "--segment", "all", *options)
        number = str((await service.json("broadcast", "new", *new))["id"])
        return number, await service.machi("broadcast", "approve", number, "--as", "chief")

    number, _ = await approved()
    async with asyncio.timeout(50):  # it does not wait until the morning
        assert HELD in await service.machi("broadcast", "send", number, "--wait")
        other, _ = await approved()
        report = await service.json("broadcast", "send", other, "--wait")
    assert (report["state"], report["accepted"], report["requests"]) == ("scheduled", 0, 0)
    shown = await service.json("broadcast", "show", number)
    assert (shown["state"], shown["held_until"]) == ("scheduled", "2026-11-25T07:00:00+09:00")
    await service.machi("broadcast", "pause", number)
    resumed = await service.machi("broadcast", "resume", number)
    assert HELD in resumed
    assert "--priority urgent" in resumed

    _, said = await approved("--at", "2026-11-25 06:59")
    assert HELD in said
    _, said = await approved("--at", "2026-11-25 07:00")
    assert "控える" not in said
    number, _ = await approved("--priority", "urgent")
    assert "控える" not in await service.machi("broadcast", "send", number)


async def test_the_clerk_is_told_when_the_rest_of_a_broadcast_goes_out(
    line: Simulator, store: Store, clock: HandClock, database_url: str
) -> None:
    await settle(store, someone(1), someone(2))
    number = str(await sending(store, clock))
    service = Running(line, database_url, MACHI_CLOCK="2026-11-24T22:00:00+09:00")
    shown = await service.json("broadcast", "show", number)
    assert (shown["state"], shown["held_until"]) == ("sending", "2026-11-25T07:00:00+09:00")
    await service.machi("broadcast", "pause", number)
    assert (await service.json("broadcast", "show", number))["held_until"] is None
    resumed = await service.machi("broadcast", "resume", number)
    assert HELD in resumed
    assert "作り直して" not in resumed, "some may have got it already"
