"""Ten days over the turn of the year, in two minutes: residents get exactly what the rehearsal said."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.integration.running import Running, line_simulator, user

SPEED = 7200
START, END = "2026-12-25", "2027-01-03"
DAYS = 10
RESIDENTS: list[dict[str, Any]] = [
    {"topics": ["tax"], "taxes": ["町県民税", "国民健康保険税"]},
    {"topics": ["childcare"], "children": ["2026-11", "2025-12", "2023-07"]},
    {"topics": ["childcare"], "children": ["2026-11", "2026-10"], "language": "en"},
    {"topics": ["garbage"], "garbage_area": "谷地A"},
    {"topics": ["garbage"], "garbage_area": "谷地B", "garbage_time": "morning", "language": "ja-easy"},
    {"topics": ["bus", "events"]},
    {
        "topics": ["tax", "childcare", "garbage", "bus", "events"],
        "garbage_area": "溝延",
        "children": ["2019-05"],
    },
    {"topics": ["disaster"], "district": "西里"},
    {"topics": ["tax", "bus"], "state": "stopped"},
]


async def test_ten_days_deliver_what_the_rehearsal_said(tmp_path: Path) -> None:
    async with line_simulator() as line:
        people = [{"user_id": user(number), **each} for number, each in enumerate(RESIDENTS)]
        for person in people:
            line.add_user(person["user_id"])
        running = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_CLOCK=f"{START}T00:00:00+09:00")
        await running.residents(*people)
        rehearsed = (await running.json("rehearse", "--from", START, "--to", END))["occurrences"]
        meant = await expected(running, people, rehearsed)
        running.configure(MACHI_CLOCK_SPEED=str(SPEED))
        end = time.monotonic() + DAYS * 24 * 3600 / SPEED
        async with running:
            await asyncio.sleep(end - time.monotonic())  # nothing falls due in the hours around midnight
        assert heard(line, people) == meant, running.log
        assert sum(meant.values()) > 10
        assert not any(user_id == user(8) for user_id, _ in meant)


def beginning(text: str) -> str:
    """What a message is about, without what it says to each resident: the first line up to its subject."""
    return re.split("は、|に ", text.partition("\n")[0])[0]


async def expected(
    running: Running, people: list[dict[str, Any]], rehearsed: list[dict[str, Any]]
) -> Counter[tuple[str, str]]:
    """How often each resident is to be told what begins with each line."""
    meant: Counter[tuple[str, str]] = Counter()
    languages = {person["user_id"]: person.get("language", "ja") for person in people}
    reached: dict[str, list[str]] = {}
    for each in rehearsed:
        if each["segment"] not in reached:
            reached[each["segment"]] = (await running.json("segment", "list", each["segment"]))["user_ids"]
        assert each["recipients"] == len(reached[each["segment"]])
        for user_id in reached[each["segment"]]:
            (text, *_) = each["messages"][languages[user_id]]
            meant[user_id, beginning(text["text"])] += 1
    return meant


def heard(line: Any, people: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How often each resident was told what begins with each line."""
    return Counter(
        (person["user_id"], beginning(entry.text))
        for person in people
        for entry in line.heard(person["user_id"])
        if entry.via in ("push", "multicast") and entry.message["type"] == "text"
    )
