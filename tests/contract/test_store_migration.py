"""A database that the first version left in the middle of sending, brought up to date: the next sender finishes it."""

from __future__ import annotations

import json
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.broadcasts import BatchState, Event, Priority, State
from bot.domain.residents import Resident, ResidentState
from bot.store import migrations
from bot.store.batches import HELD
from bot.store.postgres import PostgresDatabase
from bot.store.reports import Report
from bot.store.residents import newest_id
from bot.store.sqlite import SqliteDatabase
from bot.store.store import Store, open_database, sqlite_path
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import Desk, conduct, eventually
from tests.integration.running import TOKEN, line_simulator, user
from tests.sql import run_sql

RESIDENTS = 1_300
LANGUAGES = ("ja", "en", "vi")
WRITTEN = ("ja", "en")


def someone(n: int) -> Resident:
    state = ResidentState.STOPPED if n % 100 == 99 else ResidentState.FOLLOWING
    return Resident(user(n), LANGUAGES[n % 3], state)


PEOPLE = [someone(n) for n in range(RESIDENTS)]
FOLLOWING = [n for n, each in enumerate(PEOPLE) if each.state is ResidentState.FOLLOWING]


def language_of(n: int) -> str:
    return LANGUAGES[n % 3] if LANGUAGES[n % 3] in WRITTEN else "ja"


def words(title: str, language: str) -> str:
    return f"{title} ({language})"


@dataclass
class First:
    """The first version at work: it writes what it wrote, and sends as it sent."""

    database: Any
    clock: HandClock
    line: Simulator
    keys: dict[str, list[int]] = field(default_factory=dict)
    """Retry keys of batches, and who is in each."""

    async def close(self) -> None:
        database, self.database = self.database, None
        if database is not None:
            await database.close()

    async def run(self, sql: str) -> list[Any]:
        return await run_sql(self.database, sql)

    async def broadcast(self, title: str, state: State, **columns: Any) -> int:
        now_ms = self.clock.now_ms()
        row = {
            "title": title,
            "state": state.value,
            "segment": "all",
            "priority": 0,
            "drill": 0,
            "context": "{}",
            "author": "clerk",
            "created_ms": now_ms,
            **columns,
        }
        number = int((await self.run(f"{insert('broadcasts', row)} RETURNING id"))[0][0])
        for language in WRITTEN:
            says = messages(title, language)
            await self.run(
                insert("messages", {"broadcast_id": number, "language": language, "payload": says})
            )
        return number

    async def batches(self, number: int, members: Sequence[int], **columns: Any) -> list[str]:
        """Batches of up to 500 by language, all in one state; their keys."""
        parts = []
        for language in WRITTEN:
            those = [n for n in members if language_of(n) == language]
            parts += [(language, those[start : start + 500]) for start in range(0, len(those), 500)]
        return [await self.batch(number, language, some, **columns) for language, some in parts]

    async def batch(self, number: int, language: str, members: Sequence[int], **columns: Any) -> str:
        key = str(uuid.uuid4())
        ids = [n + 1 for n in members]
        row = {
            "broadcast_id": number,
            "language": language,
            "retry_key": key,
            "priority": 0,
            "size": len(ids),
            "first_resident": min(ids, default=0),
            "last_resident": max(ids, default=0),
            "state": "ready",
            "due_ms": self.clock.now_ms(),
            **columns,
        }
        batch = int((await self.run(f"{insert('batches', row)} RETURNING id"))[0][0])
        joined = {"resident_ids": ",".join(map(str, ids)), "user_ids": ",".join(map(user, members))}
        for table, column in (("recipients", "resident_ids"), ("addresses", "user_ids")):
            if table == "recipients" or row["state"] in ("ready", "leased"):
                await self.run(insert(table, {"batch_id": batch, column: joined[column]}))
        self.keys[key] = list(members)
        return key

    async def send(self, title: str, language: str, keys: Sequence[str]) -> None:
        """LINE accepts requests of which the first version did not live to hear."""
        async with aiohttp.ClientSession() as session:
            for key in keys:
                recipients = '","'.join(map(user, self.keys[key]))
                body = f'{{"to":["{recipients}"],"messages":{messages(title, language)}}}'
                headers = {"Authorization": f"Bearer {TOKEN}", "X-Line-Retry-Key": key}
                headers["Content-Type"] = "application/json"
                url = f"{self.line.base_url}/v2/bot/message/multicast"
                async with session.post(url, data=body.encode(), headers=headers) as answer:
                    assert answer.status == 200


def insert(table: str, row: dict[str, Any]) -> str:
    values = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in row.values())
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"


def _as_first_written(person: Resident) -> dict[str, Any]:
    """A resident's row in the first version."""
    times = {"created_ms": 0, "updated_ms": 0}
    return {"user_id": person.user_id, "language": person.language, "state": person.state.value, **times}


def messages(title: str, language: str) -> str:
    says = [{"type": "text", "text": words(title, language)}]
    return json.dumps(says, ensure_ascii=False, separators=(",", ":"))


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator
        assert simulator.violations == [], "a key never goes out with other bytes"


@pytest.fixture
async def first(database_url: str, clock: HandClock, line: Simulator, tmp_path: Path) -> AsyncIterator[First]:
    """A database of the first version with its residents."""
    folder = tmp_path / "first"
    folder.mkdir()
    shutil.copy(migrations.FOLDER / "0001_initial.sql", folder)
    path = sqlite_path(database_url)
    database: SqliteDatabase | PostgresDatabase
    if path is not None:
        database = await SqliteDatabase.open(path, clock, folder)
    else:
        database = await PostgresDatabase.open(database_url, clock, folder)
    assert await database.upgrade() == ["0001_initial"]
    first = First(database, clock, line)
    for person in PEOPLE:
        await first.run(insert("residents", _as_first_written(person)))
        line.add_user(person.user_id)
    assert await newest_id(database) == RESIDENTS
    yield first
    await first.close()


@asynccontextmanager
async def upgraded(first: First, url: str) -> AsyncIterator[Desk]:
    """The program of now on the same database, with a sender at work."""
    await first.close()
    database = await open_database(url, first.clock)
    try:
        assert "0002_delivery" in await database.upgrade()
        async with Desk(first.line, Store.over(database, first.clock), first.clock) as desk:
            await desk.start()
            yield desk
    finally:
        await database.close()


def heard(line: Simulator) -> Counter[tuple[str, str]]:
    return Counter((entry.user_id, entry.text) for entry in line.chats.entries)


def everybody(title: str, members: Sequence[int] = FOLLOWING) -> Counter[tuple[str, str]]:
    return Counter((user(n), words(title, language_of(n))) for n in members)


async def finish(desk: Desk, number: int) -> Report:
    """Let the sender work until a broadcast is done; what became of it."""

    async def done() -> bool:
        desk.clock.advance(seconds=1)
        await conduct(desk.conductor)
        desk.wake()
        return (await desk.store.broadcasts.find(number)).state is State.DONE

    await eventually(done)
    return await desk.store.reports.of(number)


def under_way(clock: HandClock, **columns: Any) -> dict[str, Any]:
    now_ms = clock.now_ms()
    return {
        "approver": "chief",
        "approved_ms": now_ms,
        "scheduled_ms": now_ms,
        "started_ms": now_ms,
        **columns,
    }


async def test_batches_in_every_state_are_finished_under_their_keys(
    first: First, database_url: str, clock: HandClock
) -> None:
    """Accepted, leased by a sender that has died, in doubt, not yet tried, and left by everybody."""
    number = await first.broadcast(
        "断水",
        State.SENDING,
        **under_way(clock, audience_upto=RESIDENTS, audience_done=1),
    )
    now_ms = clock.now_ms()
    tried = {"attempts": 1, "first_attempt_ms": now_ms}
    leased = {**tried, "state": "leased", "lease_owner": "gone", "lease_until_ms": now_ms + 30_000}
    ja = [n for n in FOLLOWING if language_of(n) == "ja"]
    accepted = await first.batch(
        number, "ja", ja[:200], **tried, state="accepted", ended_ms=now_ms, request_id="r1"
    )
    known = await first.batch(number, "ja", ja[200:400], **leased)
    unheard = await first.batch(number, "ja", ja[400:500], **leased)
    doubtful = await first.batch(number, "ja", ja[500:503], **tried, reason="500", due_ms=now_ms + 60_000)
    await first.batch(number, "ja", ja[503:])
    await first.batches(number, [n for n in FOLLOWING if language_of(n) == "en"])
    await first.batch(number, "en", [], due_ms=now_ms)
    await first.send("断水", "ja", [accepted, known, doubtful])
    keys = dict(first.keys)
    async with upgraded(first, database_url) as desk:
        await desk.store.residents.erase(user(ja[500]))  # what LINE may have must go out as it was
        report = await finish(desk, number)
        batches = await desk.store.reports.batches(number)
    assert heard(first.line) == everybody("断水")
    by_key = {request.retry_key: request.json["to"] for request in first.line.requests if request.retry_key}
    assert by_key == {key: [user(n) for n in members] for key, members in keys.items() if members}
    repeated = Counter(request.retry_key for request in first.line.requests if request.retry_key)
    assert {key for key, times in repeated.items() if times == 2} == {known, doubtful}
    assert repeated[unheard] == 1
    assert report.counts == {BatchState.ACCEPTED: len(FOLLOWING)}
    assert batches[0].request_id == "r1"


@pytest.mark.parametrize("priority", [Priority.NORMAL, Priority.URGENT])
async def test_an_audience_gathered_by_half_is_completed(
    first: First, database_url: str, clock: HandClock, priority: Priority
) -> None:
    """What was held of a normal broadcast is filled up; what was urgent had gone ahead."""
    number = await first.broadcast(
        "断水", State.SENDING, **under_way(clock, audience_upto=700, priority=int(priority))
    )
    due_ms = HELD if priority is Priority.NORMAL else clock.now_ms()
    early = [n for n in FOLLOWING if n < 700]
    kept = await first.batches(number, early, due_ms=due_ms, priority=int(priority))
    async with upgraded(first, database_url) as desk:
        report = await finish(desk, number)
    assert heard(first.line) == everybody("断水")
    sent = {request.retry_key: request.json["to"] for request in first.line.requests if request.retry_key}
    assert set(kept) <= set(sent)
    if priority is Priority.NORMAL:
        assert len(sent) == 3, "two in Japanese and one in English hold them all"
    else:
        assert {key: sent[key] for key in kept} == {key: [*map(user, first.keys[key])] for key in kept}
    assert report.counts == {BatchState.ACCEPTED: len(FOLLOWING)}


async def test_what_had_not_begun_goes_out_and_what_had_ended_stays_as_it_was(
    first: First, database_url: str, clock: HandClock
) -> None:
    now_ms = clock.now_ms()
    draft = await first.broadcast("下書き", State.DRAFT)
    planned = await first.broadcast(
        "予約", State.SCHEDULED, approver="chief", scheduled_ms=now_ms + 3_600_000
    )
    done = await first.broadcast(
        "済み", State.DONE, **under_way(clock, audience_upto=1, audience_done=1, finished_ms=now_ms)
    )
    tried = {"attempts": 1, "first_attempt_ms": now_ms - 1_000, "ended_ms": now_ms}
    for state, members in (("accepted", FOLLOWING[:9]), ("failed", FOLLOWING[9:10]), ("unknown", [5])):
        await first.batch(done, "ja", members, **tried, state=state, request_id="r", reason=state)
    gone = await first.broadcast(
        "取り消し", State.CANCELLED, **under_way(clock, audience_upto=9, audience_done=1, finished_ms=now_ms)
    )
    await first.batch(gone, "ja", [0, 3], state="cancelled", ended_ms=now_ms)
    doubtful = await first.batch(
        gone, "ja", [6, 2], attempts=2, first_attempt_ms=now_ms, due_ms=now_ms + 60_000
    )
    await first.send("取り消し", "ja", [doubtful])
    async with upgraded(first, database_url) as desk:
        broadcasts, reports = desk.store.broadcasts, desk.store.reports
        await broadcasts.change(draft, Event.APPROVE, "chief", approver="chief", scheduled_ms=clock.now_ms())
        clock.advance(hours=1)
        await finish(desk, draft)
        await finish(desk, planned)
        states = [(await broadcasts.find(number)).state for number in (done, gone)]
        counts = [(await reports.of(number)).counts for number in (done, gone)]
    assert heard(first.line) == everybody("下書き") + everybody("予約") + everybody("取り消し", [6, 2])
    assert states == [State.DONE, State.CANCELLED]
    assert counts == [
        {BatchState.ACCEPTED: 9, BatchState.FAILED: 1, BatchState.UNKNOWN: 1},
        {BatchState.ACCEPTED: 2, BatchState.CANCELLED: 2},
    ]
