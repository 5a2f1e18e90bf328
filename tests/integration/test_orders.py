"""The town's evacuation orders through real processes: one person at 3 a.m., drills, narrowing and lifting."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.clock import TOKYO
from bot.domain.orders import ABOLISHED
from simulator import Simulator
from tests.integration.delivering import eventually
from tests.integration.running import Running, line_simulator, town_folder, user

NIGHT = datetime(2026, 7, 29, 3, tzinfo=TOKYO)
HERE, EASY, ENGLISH, KOREAN, NOWHERE, ELSEWHERE, STOPPED = (user(n) for n in range(1, 8))
STAFF = {name: user(0xA0 + n) for n, name in enumerate(("clerk", "chief", "mayor"))}
PHRASE = "洪水の避難指示の発令を1人で承認します"
ISSUE = ["order", "issue", "--level", "4", "--hazard", "洪水", "--district", "溝延", "--district", "谷地中部"]


class AtNight(Running):
    """The service and every command at three in the morning, within the quiet hours, and going on from there."""

    @property
    def environment(self) -> dict[str, str]:
        now = NIGHT + timedelta(seconds=time.monotonic() - self._since)
        return {**super().environment, "MACHI_CLOCK": now.isoformat()}


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        for number in range(1, 8):
            simulator.add_user(user(number))
        for user_id in STAFF.values():
            simulator.add_user(user_id)
        yield simulator
        assert simulator.violations == []


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = town_folder(tmp_path)
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        for name, user_id in STAFF.items():
            file.write(f'\n[[staff]]\nname = "{name}"\nuser_id = "{user_id}"\n')
    return folder


PEOPLE: list[dict[str, Any]] = [
    {"user_id": HERE, "language": "ja", "district": "溝延"},
    {"user_id": EASY, "language": "ja-easy", "district": "谷地中部", "topics": ["disaster"]},
    {"user_id": ENGLISH, "language": "en", "district": "溝延"},
    {"user_id": KOREAN, "language": "ko", "district": "溝延"},
    {"user_id": NOWHERE, "topics": ["bus"]},
    {"user_id": ELSEWHERE, "district": "西里", "topics": ["disaster"]},
    {"user_id": STOPPED, "district": "溝延", "state": "stopped"},
]


@asynccontextmanager
async def running(line: Simulator, url: str, town: Path) -> AsyncIterator[Running]:
    async with AtNight(line, url, MACHI_TOWN=str(town)) as started:
        await started.residents(*PEOPLE)
        await started.ready()
        yield started


@pytest.fixture
async def service(line: Simulator, tmp_path: Path, town: Path) -> AsyncIterator[Running]:
    async with running(line, f"sqlite:///{tmp_path / 'machi.db'}", town) as started:
        yield started


@pytest.fixture
async def on_either(line: Simulator, database_url: str, town: Path) -> AsyncIterator[Running]:
    async with running(line, database_url, town) as started:
        yield started


def heard(line: Simulator, who: str) -> str:
    """Everything the bot has said to somebody, as one text."""
    texts = [entry.message.get("text") or entry.message.get("altText", "") for entry in line.heard(who)]
    return "\n".join(texts)


def sends(line: Simulator) -> list[Any]:
    return [r for r in line.requests if r.endpoint in ("multicast", "push", "broadcast") and r.accepted]


async def told(service: Running, number: int) -> dict[str, Any]:
    return await service.ended(str(number))


async def test_one_person_at_three_in_the_morning(line: Simulator, on_either: Running) -> None:
    service = on_either
    await service.machi("shelter", "open", "谷地中部小学校", "溝延城址公園")
    made = await service.json(
        *ISSUE, "--reason", "最上川が増水しています。", "--reason-en", "The river rises."
    )
    assert (made["id"], made["state"], made["recipients"]) == (1, "draft", 5)
    assert sends(line) == []
    refused = await service.machi("order", "approve", "1", status=1)
    assert PHRASE in refused
    assert "別の人が承認" in refused
    wrong = await service.machi("order", "approve", "1", "--alone", "承認します", status=1)
    assert "打たれた文が違います" in wrong
    assert "作成した人" in await service.machi("broadcast", "approve", "1", status=1)
    assert (await service.json("order", "list", "--active"))["orders"] == []

    approved = await service.json("order", "approve", "1", "--alone", PHRASE)
    await line.arrived(lambda entry: entry.user_id == HERE, timeout=10)
    assert (approved["state"], approved["alone"], approved["note"]) == ("in_force", True, 2)
    assert (await told(service, 1))["accepted"] == 5
    assert (await told(service, 2))["accepted"] == 2

    japanese = heard(line, HERE)
    for part in (
        "【河北町の避難情報】",
        "警戒レベル4 避難指示",
        "溝延、谷地中部",
        "最上川が増水",
        "必ず避難＞",
    ):
        assert japanese.count(part) >= 1, part
    assert "・谷地中部小学校\nhttps://www.google.com/maps/search/?api=1&query=" in japanese
    assert "溝延城址公園" not in japanese, "it is open, but not fit for a flood"
    assert "にげてください" in heard(line, EASY)
    assert "Alert Level 4 - Evacuation Instruction" in heard(line, ENGLISH)
    assert "The river rises." in heard(line, ENGLISH)
    assert "경계 레벨 4 피난 지시" in heard(line, KOREAN)
    assert "警戒レベル4" in heard(line, NOWHERE)
    assert (heard(line, ELSEWHERE), heard(line, STOPPED), heard(line, STAFF["clerk"])) == ("", "", "")
    for name in ("chief", "mayor"):
        assert "clerk が、1人で避難情報を承認しました。" in heard(line, STAFF[name])
        assert "3" in heard(line, STAFF[name])
    everything = json.dumps([entry.message for entry in line.chats.entries], ensure_ascii=False)
    assert not any(term in everything for term in ABOLISHED)
    deeds = [(deed["actor"], deed["action"]) for deed in (await service.json("audit"))["deeds"]]
    assert ("clerk", "order.approve_alone") in deeds
    assert len({r.retry_key for r in sends(line)}) == len(sends(line)), "each phone hears it once"
    assert all(len(line.heard(who)) == 3 for who in (HERE, EASY, ENGLISH, KOREAN, NOWHERE))

    await service.machi("order", "lift", "1", "--as", "chief")
    await service.machi("order", "approve", "1", "--as", "mayor")
    assert (await told(service, 3))["accepted"] == 5
    assert "解除しました" in heard(line, HERE)
    assert heard(line, ELSEWHERE) == ""
    (order,) = (await service.json("order", "list"))["orders"]
    assert (order["state"], order["alone"]) == ("lifted", True)
    report = await service.json("order", "report", "1")
    assert [step["deed"] for step in report["steps"]] == ["issue", "lift"]
    for step in report["steps"]:
        assert step["seconds_to_approval"] > 0
        assert step["seconds_to_first_request"] is not None
        assert step["seconds_to_last_answer"] >= 0


async def test_who_was_told_hears_how_it_goes_on_wherever_they_live_by_then(
    line: Simulator, on_either: Running
) -> None:
    service = on_either
    await service.json(*ISSUE)
    await service.machi("broadcast", "approve", "1", "--as", "chief")
    await told(service, 1)
    await service.residents({"user_id": HERE, "district": "西里"}, {"user_id": ELSEWHERE, "district": "溝延"})
    before = len(line.heard(ELSEWHERE))
    narrowed = await service.json("order", "narrow", "1", "--district", "溝延")
    assert (narrowed["deed"], narrowed["recipients"]) == ("narrow", 5)
    assert "同じ" in await service.machi(
        "order", "narrow", "1", "--district", "溝延", "--district", "谷地中部", status=2
    )
    await service.machi("broadcast", "approve", "2", "--as", "chief")
    await told(service, 2)
    assert "続いている地区: 溝延\n解除した地区: 谷地中部" in heard(line, HERE)
    assert len(line.heard(ELSEWHERE)) == before
    (order,) = (await service.json("order", "list", "--active"))["orders"]
    assert (order["state"], order["districts"]) == ("narrowed", ["溝延"])

    higher = await service.json(
        "order", "issue", "--level", "緊急安全確保", "--hazard", "洪水", "--district", "溝延", "--to", "all"
    )
    assert higher["recipients"] == 6
    await service.machi("order", "approve", "2", "--as", "chief")
    await told(service, 3)
    assert "命の危険があります" in heard(line, ELSEWHERE)
    states = {each["id"]: each["state"] for each in (await service.json("order", "list"))["orders"]}
    assert states == {1: "superseded", 2: "in_force"}
    assert "もう発令しています" in await service.machi(*ISSUE, status=1)
    lifted = await service.json("order", "lift", "2", "--as", "chief")
    assert lifted["recipients"] == 6
    assert "発令中ではありません" in await service.machi("order", "lift", "1", status=1)
    await service.machi("order", "cancel", "2")
    assert "承認を待っているものはありません" in await service.machi("order", "approve", "2", status=1)


async def test_a_drill_is_marked_in_every_language_and_can_be_kept_among_staff(
    line: Simulator, service: Running
) -> None:
    await service.json(*ISSUE, "--drill", "--to-staff")
    await service.machi("order", "approve", "1", "--as", "chief")
    assert (await told(service, 1))["accepted"] == 3
    assert "もう発令しています" in await service.machi(*ISSUE, "--drill", status=1)
    assert all(heard(line, user(n)) == "" for n in range(1, 8))
    await service.machi("order", "lift", "1")
    await service.machi("order", "approve", "1", "--as", "chief")
    assert (await told(service, 2))["accepted"] == 3

    for entry in line.heard(STAFF["mayor"]):
        said = entry.message.get("text") or entry.message["altText"]
        assert said.startswith("【訓練】")
        assert said.endswith("【訓練】")
    await service.json(*ISSUE, "--drill", "--everyone")
    await service.machi("order", "approve", "2", "--as", "chief")
    await told(service, 3)
    (whole,) = [entry.message["text"] for entry in line.heard(STOPPED)]
    for name in ("やさしい日本語", "English", "中文", "한국어"):
        assert f"【{name}】" in whole
    await service.machi("order", "lift", "2")
    await service.machi("order", "approve", "2", "--as", "chief")
    await told(service, 4)
    assert "解除" in line.heard(STOPPED)[-1].message["text"], (
        "who heard by LINE's broadcast hears the end so, too"
    )
    assert "訓練" in await service.machi(*ISSUE, "--to-staff", status=2)
    before = len(line.heard(HERE))
    await line.say(HERE, "避難所")
    await line.until(lambda: len(line.heard(HERE)) > before)
    assert "発令している避難情報はありません" in line.heard(HERE)[-1].text, "a drill is not in force"


async def test_residents_find_shelters_and_tell_how_they_are(line: Simulator, service: Running) -> None:
    await service.json(*ISSUE)
    await service.machi("order", "approve", "1", "--as", "chief")
    await told(service, 1)

    async def asks(what: Any) -> str:
        before = len(line.heard(HERE))
        await what
        await line.until(lambda: len(line.heard(HERE)) > before)
        return "\n".join(e.text for e in line.heard(HERE)[before:])

    await eventually(lambda: _knows(asks, line), 10)
    near = await asks(line.send_location(HERE, 38.4292, 140.3107))
    assert "谷地中部小学校" in near
    assert "ひな市" not in near, "a park that is not fit for a flood"
    await service.machi("shelter", "full", "谷地中部小学校")
    await eventually(lambda: _full(asks, line), 10)

    assert "119" in await asks(line.say(HERE, "助けが必要"))
    await asks(line.say(HERE, "=自宅の2階"))
    await line.say(ENGLISH, "I am safe")
    await eventually(lambda: _answers(service, 2), 10)
    await line.send_location(ENGLISH, 38.4, 140.3)
    (needing,) = (await service.json("safety", "list", "--help-needed"))["answers"]
    assert (needing["user_id"], needing["district"], needing["place"]) == (HERE, "溝延", "=自宅の2階")
    await eventually(lambda: _located(service), 10)
    counts = await service.json("safety", "counts")
    assert counts["total"] == {"safe": 1, "help": 1, "evacuated": 0}
    table = await service.machi("safety", "list", "--csv", "-")
    assert ",'=自宅の2階," in table
    assert "query=38.400000,140.300000" in table

    await line.say(HERE, "データ削除")
    await eventually(lambda: _answers(service, 1), 10)
    assert HERE not in await service.machi("safety", "list")
    assert "--yes" in await service.machi("safety", "erase", status=2)
    assert (await service.json("safety", "erase", "--yes")) == {"erased": 1}


async def _knows(asks: Any, line: Simulator) -> bool:
    return "洪水のときに使える" in await asks(line.say(HERE, "避難所"))


async def _full(asks: Any, line: Simulator) -> bool:
    return "〔満員〕" in await asks(line.send_location(HERE, 38.4292, 140.3107))


async def _answers(service: Running, number: int) -> bool:
    return len((await service.json("safety", "list"))["answers"]) == number


async def _located(service: Running) -> bool:
    answers = (await service.json("safety", "list"))["answers"]
    return any(each["latitude"] == 38.4 for each in answers)


IMPOSSIBLE = {
    "issue --hazard 洪水 --district 溝延": "--level が必要です",
    "issue --level 避難勧告 --hazard 洪水 --district 溝延": "「避難指示(警戒レベル4)」",
    "issue --level 2 --hazard 洪水 --district 溝延": "気象庁",
    "issue --level 4 --hazard 洪水 --district 溝延 --reason 避難勧告を出します": "廃止された言葉",
    "issue --level 4 --hazard 洪水 --district 溝野部": "地区「溝野部」はありません",
    "issue --level 4 --hazard 川 --district 溝延": "災害「川」はありません",
    "issue --level 5 --hazard 津波 --district 溝延": "避難指示",
    "issue --level 4 --hazard 洪水 --district 溝延 --everyone --to topic": "--everyone",
    "issue --scenario 最上川": "シナリオ「最上川」はありません",
    "narrow 9 --district 溝延": "避難情報 9 はありません",
    "approve 9": "避難情報 9 はありません",
}


async def test_what_cannot_be_is_said_and_nothing_is_kept(service: Running) -> None:
    for words, expected in IMPOSSIBLE.items():
        status = 1 if " 9" in words else 2
        assert expected in await service.machi("order", *words.split(" "), status=status), words
    assert "溝延小学校" in await service.machi("shelter", "open", "溝延小学校", "溝延小学", status=2)
    assert (await service.json("order", "list")) == {"orders": []}
    listed = await service.json("shelter", "list")
    assert [each for each in listed["shelters"] if each["state"]] == [], (
        "one wrong name: nothing is said of any"
    )
    assert len((await service.json("shelter", "list", "--hazard", "土砂災害"))["shelters"]) == 9
    assert "「洪水」" in await service.machi("shelter", "list", "--hazard", "洪水害", status=2)


async def test_a_scenario_is_two_choices_and_a_confirmation(service: Running) -> None:
    for answers, made in ((b"2\n\ny\n", 1), (b"2\n1,5\nn\n", 1), (b"x\n9\n5\n4\n1\n1\nriver\n\n\ny\n", 2)):
        status, shown = await asyncio.to_thread(_at_a_terminal, service.environment, answers)
        assert status == 0, shown
        assert "Alert Level 4 - Evacuation Instruction" in shown
        assert "送る相手: 対象の地区の人と、地区の登録がない人。いま" in shown
        assert len((await service.json("order", "list"))["orders"]) == made
    second, first = (await service.json("order", "list"))["orders"]
    assert (first["scenario"], first["level"]) == ("最上川の氾濫のおそれ(避難指示)", 4)
    assert first["districts"] == ["谷地中部", "谷地南部", "溝延", "北谷地"]
    assert (second["scenario"], second["districts"], second["reasons"]) == (
        None,
        ["谷地中部"],
        {"ja": "river"},
    )
    made = await service.json(
        "order", "issue", "--scenario", "最上川の氾濫(緊急安全確保)", "--district", "溝延", "--drill"
    )
    assert (made["level"], made["districts"], made["drill"]) == (5, ["溝延"], True)


def _at_a_terminal(environment: dict[str, str], answers: bytes) -> tuple[int, str]:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "bot", "order"]
    with subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        os.close(follower)
        os.write(leader, answers)
        out, _ = process.communicate(timeout=60)
    os.close(leader)
    return process.returncode, out.decode()
