"""A night told by JMA, through the whole service as a process: killed twice, the feed gone in between."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import aiohttp

from tests.integration.delivering import eventually, first_looks
from tests.integration.running import Running, line_simulator, town_folder, user
from tests.jma_telegrams import Jma, cancelled, earthquake, rain


async def test_each_phone_shows_each_message_once_and_only_what_is_its_own(tmp_path: Path) -> None:
    async with line_simulator() as line:
        running = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_TOWN=str(town_folder(tmp_path)))
        now = lambda: datetime.fromisoformat(running.environment["MACHI_CLOCK"])  # noqa: E731
        async with Jma(now) as jma:
            running.configure(MACHI_JMA_BASE=jma.base, MACHI_JMA_POLL="0.2")
            try:
                await _night(running, jma)
            finally:
                await running.stop()


async def until_jma(running: Running, word: str) -> None:
    """Wait until the service says so of JMA's feeds."""

    async def look() -> bool:
        async with aiohttp.ClientSession(running.address) as session, session.get("/readyz") as answer:
            return bool((await answer.json())["jma"] == word)

    await eventually(look)


async def _night(running: Running, jma: Jma) -> None:
    line = running.line
    for number in (1, 2):
        line.add_user(user(number))
    await running.residents(
        {"user_id": user(1), "topics": ["disaster"]}, {"user_id": user(2), "topics": ["tax"]}
    )
    await running.start()

    def heard(number: int) -> list[str]:
        entries = [
            e for e in line.chats.entries if e.user_id == user(number) and e.via in ("multicast", "push")
        ]
        return [entry.message["text"].splitlines()[0] for entry in entries]

    async def until(number: int, count: int) -> None:
        async def look() -> bool:
            return len(heard(number)) >= count

        await eventually(look, 40)

    await first_looks(running)
    jma.add("VPWW55", rain(jma.now(), 3))
    await until(1, 1)
    await running.kill()
    jma.add("VPWW55", rain(jma.now(), 4))
    await running.start()
    await until(2, 1)
    jma.broken |= {"extra", "extra_l"}
    await running.kill()
    jma.add("VPWW55", cancelled("VPWW55", jma.now()))
    await running.start()
    jma.add("VXSE53", earthquake("20261124100000", jma.now(), "<MaxInt>5-</MaxInt>"), sender="010000")
    await until(2, 2)
    await until_jma(running, "incomplete")
    jma.broken.clear()
    await until(2, 3)
    await until_jma(running, "ok")
    jma.add("VPWW55", rain(jma.now(), 0))
    await until(1, 5)
    await until(2, 4)
    await asyncio.sleep(1)
    three, four = "【気象庁の情報】レベル３大雨警報", "【気象庁の情報】レベル４大雨危険警報"
    shaken, wrong = "【気象庁の情報】震度5弱", "【気象庁の情報の取り消し】"
    assert heard(1) == [three, four, shaken, wrong, f"{three} 解除"]
    assert heard(2) == [four, shaken, wrong, f"{three} 解除"]
    status = await running.json("jma", "status")
    assert (status["stale"], status["not_understood"]) == (False, [])
    assert [each["name"] for each in status["in_force"]] == ["震度5弱"]
