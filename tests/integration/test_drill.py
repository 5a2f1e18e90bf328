"""`machi drill replay` beside the service as a process: marked for everybody, never real, and over at once if it gets
serious."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.clock import TOKYO
from bot.rendering.drill import MARK
from bot.store.store import open_database
from tests.clock import HandClock
from tests.integration.delivering import eventually
from tests.integration.running import MACHI, Running, line_simulator, town_folder, user
from tests.jma_telegrams import Jma, cancelled, rain
from tests.sql import rows_of
from tests.unit.town_folders import KAHOKU

SCENARIO = KAHOKU / "drills" / "mogami_2020"
STAFF = user(9)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with town_at(f"sqlite:///{tmp_path / 'machi.db'}", tmp_path) as running:
        yield running


@pytest.fixture
async def anywhere(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The same on each kind of database."""
    async with town_at(database_url, tmp_path) as running:
        yield running


@asynccontextmanager
async def town_at(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with line_simulator() as line:
        town = town_folder(tmp_path)
        with (town / "town.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[[staff]]\nname = "bosai"\nuser_id = "{STAFF}"\n')
        running = Running(line, database_url, MACHI_TOWN=str(town))
        for number in (1, 2, 3, 9):
            line.add_user(user(number))
        await running.residents(
            {"user_id": user(1), "topics": ["disaster"], "district": "谷地中部"},
            {"user_id": user(2), "topics": ["tax"], "language": "en", "district": "西里"},
            {"user_id": user(3), "topics": ["disaster"], "language": "ja-easy"},
        )
        try:
            yield running
        finally:
            await running.stop()


def heard(running: Running, number: int) -> list[str]:
    return [
        entry.message["text"]
        for entry in running.line.chats.entries
        if entry.user_id == user(number) and entry.via in ("multicast", "push")
    ]


def is_marked(text: str) -> bool:
    return text.startswith(MARK) and text.endswith(MARK)


async def real_rows(running: Running) -> list[str]:
    """Every byte of what JMA has in force, and of what it was told by."""
    database: Any = await open_database(running.environment["MACHI_DATABASE_URL"], HandClock())
    try:
        return [repr(row) for row in await rows_of(database, "hazard_state", "hazard_messages", "telegrams")]
    finally:
        await database.close()


def a_folder(folder: Path, *telegrams: tuple[str, Callable[[datetime], bytes]], minutes: float = 1) -> Path:
    folder.mkdir()
    start = datetime(2020, 7, 28, 8, tzinfo=TOKYO)
    for number, (type_, make) in enumerate(telegrams):
        at = start + timedelta(minutes=minutes * number)
        (folder / f"{number:02}_{type_}.xml").write_bytes(make(at))
    return folder


async def begin(running: Running, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        MACHI,
        "drill",
        "replay",
        *arguments,
        env=running.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_flood_of_2020_reaches_whom_the_rules_name_and_nothing_of_it_is_real(
    anywhere: Running, tmp_path: Path
) -> None:
    async with Jma(lambda: datetime.fromisoformat(anywhere.environment["MACHI_CLOCK"])) as jma:
        anywhere.configure(MACHI_JMA_BASE=jma.base, MACHI_JMA_POLL="0.2", MACHI_STAFF="")
        jma.add("VPWW55", rain(jma.now(), 2))
        await anywhere.start()
        await eventually(lambda: real_rows_of(anywhere, 2))
        before = await real_rows(anywhere)
        report = await anywhere.json("drill", "replay", str(SCENARIO), "--speed", "100000")
        status = await anywhere.json("jma", "status")
        assert await real_rows(anywhere) == before
    assert [each["name"] for each in status["in_force"]] == ["レベル２大雨注意報"]
    assert report["state"] == "done"
    assert (report["telegrams"], report["broadcasts"], report["failed"]) == (22, 20, 0)
    assert report["accepted"] == report["messages"] == sum(len(heard(anywhere, n)) for n in (1, 2, 3))
    assert heard(anywhere, 9) == []
    for number, count in ((1, 20), (2, 17), (3, 20)):
        said = heard(anywhere, number)
        assert len(said) == count
        assert all(map(is_marked, said))
        assert not any("2020" in text or "7月" in text for text in said)
    assert "This is a drill." in heard(anywhere, 2)[0]
    assert "レベル５氾濫特別警報" in "".join(heard(anywhere, 1))
    assert heard(anywhere, 1)[-1].splitlines()[1] == "訓練を終わります。"
    level5 = next(step for step in report["steps"] if step["reported_at"].startswith("2020-07-28T22:10"))
    (told,) = level5["broadcasts"]
    assert (told["recipients"], told["accepted"], told["step"]) == (3, 3, "raised")
    assert told["first_request_at"] is not None
    assert told["seconds_to_last_answer"] >= 0
    assert (await anywhere.json("drill", "report", str(report["id"])))["steps"] == report["steps"]
    (listed,) = (await anywhere.json("drill", "list"))["drills"]
    assert (listed["id"], listed["state"], listed["speed"]) == (report["id"], "done", 100000)


async def real_rows_of(running: Running, count: int) -> bool:
    return len(await real_rows(running)) >= count


async def test_the_speed_is_that_of_the_telegrams_own_times(running: Running, tmp_path: Path) -> None:
    await running.start()
    folder = a_folder(
        tmp_path / "s", ("VPWW55", lambda at: rain(at, 3)), ("VPWW55", lambda at: rain(at, 4)), minutes=2
    )
    report = await running.json("drill", "replay", str(folder), "--speed", "60", "--to-staff")
    first, second = (datetime.fromisoformat(step["issued_at"]) for step in report["steps"])
    assert timedelta(seconds=1) <= second - first <= timedelta(seconds=4)
    said = heard(running, 9)
    assert len(said) == 3
    assert all(map(is_marked, said))
    assert "「レベル３大雨警報」からの切り替えです。" in said[1]
    assert [heard(running, number) for number in (1, 2, 3)] == [[], [], []]


async def test_only_the_districts_that_are_named_get_it(running: Running, tmp_path: Path) -> None:
    await running.start()
    folder = a_folder(
        tmp_path / "s", ("VPWW55", lambda at: rain(at, 4)), ("VPWW55", lambda at: cancelled("VPWW55", at))
    )
    await running.machi("drill", "replay", str(folder), "--speed", "0", "--district", "西里")
    assert [text.splitlines()[1] for text in heard(running, 2)] == [
        "[Information of the Japan Meteorological Agency]",
        "[Information of the Japan Meteorological Agency withdrawn]",
        "The drill is over.",
    ]
    assert [heard(running, number) for number in (1, 3)] == [[], []]


async def test_what_becomes_real_ends_the_drill_and_goes_out_at_once(
    anywhere: Running, tmp_path: Path
) -> None:
    folder = a_folder(
        tmp_path / "s",
        ("VPWW55", lambda at: rain(at, 3)),
        *[("VPWW55", lambda at, n=n: rain(at, 4 + n % 2)) for n in range(60)],
        minutes=10,
    )
    async with Jma(lambda: datetime.fromisoformat(anywhere.environment["MACHI_CLOCK"])) as jma:
        anywhere.configure(MACHI_JMA_BASE=jma.base, MACHI_JMA_POLL="0.2")
        await anywhere.start()
        await eventually(lambda: asked(jma, "feed/extra.xml", 3))
        process = await begin(anywhere, str(folder), "--speed", "600")
        await eventually(lambda: said_at_least(anywhere, 1, 2))
        jma.add("VPWW55", rain(jma.now(), 3))
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 1, err.decode()
        assert "本物の情報で中止" in out.decode()
        status = await anywhere.json("jma", "status")
        refused = await anywhere.machi("drill", "replay", str(folder), status=1)
    assert [each["name"] for each in status["in_force"]] == ["レベル３大雨警報"]
    assert "本物の「レベル３大雨警報」" in refused
    said = heard(anywhere, 1)
    (real,) = [text for text in said if MARK not in text]
    assert real.startswith("【気象庁の情報】レベル３大雨警報")
    (over,) = [text for text in said if "訓練を終わります。" in text]
    assert "本物の警報などが出たため" in over
    after = said[said.index(real) + 1 :]
    assert [text for text in after if text != over] in ([], after[:1])  # one may have been on its way
    assert len(said) < 20
    waiting = (await anywhere.json("broadcast", "list"))["broadcasts"]
    assert {each["state"] for each in waiting} <= {"done", "cancelled"}


async def asked(jma: Jma, path: str, count: int) -> bool:
    return sum(each == path for each, _ in jma.requests) >= count


async def said_at_least(running: Running, number: int, count: int) -> bool:
    return len(heard(running, number)) >= count


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_ctrl_c_ends_it_and_tells_who_heard_of_it(
    running: Running, tmp_path: Path, how: signal.Signals
) -> None:
    await running.start()
    folder = a_folder(
        tmp_path / "s", ("VPWW55", lambda at: rain(at, 3)), ("VPWW55", lambda at: rain(at, 4)), minutes=600
    )
    process = await begin(running, str(folder), "--json", "--as", "chief")
    await eventually(lambda: said_at_least(running, 3, 1))
    busy = await running.machi("drill", "replay", str(folder), status=1)
    assert "訓練 1 をいま行っています" in busy
    process.send_signal(how)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    report = json.loads(out)
    assert (process.returncode, report["state"], report["actor"]) == (130, "stopped", "chief")
    for number in (1, 3):
        assert len(heard(running, number)) == 2
        assert "とちゅうで" in heard(running, 3)[-1]
    assert heard(running, 2) == []
    deeds = [each["action"] for each in (await running.json("audit"))["deeds"] if each["actor"] == "chief"]
    assert {"drill.begin", "drill.end"} <= set(deeds)


async def test_an_order_of_the_town_forbids_it_and_a_drill_of_one_does_not(
    running: Running, tmp_path: Path
) -> None:
    await running.start()
    folder = a_folder(tmp_path / "s", ("VPWW55", lambda at: rain(at, 3)))
    for drill in (["--drill"], []):
        await running.machi("drill", "replay", str(folder), "--speed", "0")
        new = await running.json(
            "order", "issue", "--level", "3", "--hazard", "洪水", "--district", "西里", *drill
        )
        await running.machi("order", "approve", str(new["id"]), "--as", "chief")
    refused = await running.machi("drill", "replay", str(folder), status=1)
    assert "町の避難情報(番号 2" in refused


async def test_what_is_wrong_with_a_folder_is_said_file_by_file(running: Running, tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "s", ("VPWW55", lambda at: rain(at, 3)))
    (folder / "broken_VPWW55.xml").write_text("<Report>", "utf-8")
    (folder / "what.xml").write_text("<Report/>", "utf-8")
    (folder / "README.md").write_text("hello", "utf-8")
    said = await running.machi("drill", "replay", str(folder), status=2)
    assert "broken_VPWW55.xml: XML として読めません" in said
    assert "what.xml: 電文の種類が分かりません" in said
    assert "読めない電文が 2 通" in said
    assert "がありません" in await running.machi("drill", "replay", str(folder / "none"), status=2)
    (tmp_path / "empty").mkdir()
    assert "電文(*.xml)がありません" in await running.machi(
        "drill", "replay", str(tmp_path / "empty"), status=2
    )
    assert "「谷地中部」ではありませんか" in await running.machi(
        "drill", "replay", str(SCENARIO), "--district", "谷地中", status=2
    )
    assert (await running.json("drill", "list"))["drills"] == []


async def test_the_scenario_in_jmas_feed_reaches_nobody(running: Running) -> None:
    async with Jma(lambda: datetime.fromisoformat(running.environment["MACHI_CLOCK"])) as jma:
        running.configure(MACHI_JMA_BASE=jma.base, MACHI_JMA_POLL="0.2")
        await running.start()
        await eventually(lambda: asked(jma, "feed/extra.xml", 2))
        for file in sorted(SCENARIO.glob("*.xml")):
            jma.add(file.stem[-6:], file.read_bytes())

        async def taken() -> bool:
            return (await running.json("jma", "status"))["telegrams"] == {"drill": 22}

        await eventually(taken)
        assert (await running.json("broadcast", "list"))["broadcasts"] == []
        assert (await running.json("jma", "status"))["in_force"] == []
