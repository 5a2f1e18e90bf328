"""The promise of delivery under random upheaval: each intended resident has each message once, or staff are told."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.delivery import sender
from bot.domain.broadcasts import BatchState, Priority, State
from bot.domain.residents import Resident
from bot.store.reports import BatchReport
from bot.store.store import open_database
from tests.clock import HandClock
from tests.integration.operations import (
    Calm,
    Erase,
    Exhaust,
    Fail,
    Halt,
    Join,
    Jump,
    Kill,
    Operation,
    Refuse,
    Reject,
    Send,
    Start,
    Steer,
    Stop,
    Throttle,
    Work,
)
from tests.integration.upheaval import BULK, FAULTS, Sent, World, world

Fresh = Callable[[], AbstractAsyncContextManager[str]]
"""An empty, migrated database: its URL."""


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are looked after every second, of which a test has few."""
    monkeypatch.setattr(sender, "_TEND_SECONDS", 0.02)


_numbers = itertools.count()


async def migrated(url: str) -> None:
    database = await open_database(url, HandClock())
    await database.upgrade()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    if request.param == "sqlite":
        return fresh_files(tmp_path)
    return emptied_database(request.getfixturevalue("postgres_server"))


def fresh_files(folder: Path) -> Fresh:
    asyncio.run(migrated(f"sqlite:///{folder / 'empty.db'}"))

    @asynccontextmanager
    async def file() -> AsyncIterator[str]:
        path = folder / f"{next(_numbers)}.db"
        shutil.copy(folder / "empty.db", path)
        yield f"sqlite:///{path}"

    return file


def emptied_database(server: str) -> Fresh:
    """One database, emptied for each example: to create one takes longer than an example."""
    name = f"promise_{next(_numbers)}"
    url = server.replace("/postgres?", f"/{name}?")

    async def create() -> None:
        admin = await asyncpg.connect(server)
        await admin.execute(f"CREATE DATABASE {name}")
        # it is the services that are killed here, not the database: its commits need not reach the disk
        await admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        await admin.close()
        await migrated(url)

    @asynccontextmanager
    async def database() -> AsyncIterator[str]:
        admin = await asyncpg.connect(url)
        await admin.execute("TRUNCATE residents, broadcasts, audit, rates, senders RESTART IDENTITY CASCADE")
        await admin.close()
        yield url

    asyncio.run(create())
    return database


async def play(fresh: Fresh, groups: Sequence[int], operations: Sequence[Operation], *, hours: int) -> None:
    async with fresh() as url, world(url, hours=hours) as here:
        await here.people_settle(*groups)
        everybody = dict(here.people)
        for operation in operations:
            await here.do(operation)
            everybody.update(here.people)
        ends = await here.come_to_rest()
        assert here.line.violations == []
        for sent in here.sent:
            if sent.what.how == "everyone":
                kept_to_everyone(
                    here, sent, ends[sent.number][0], await here.store.reports.batches(sent.number)
                )
            else:
                kept(here, sent, *ends[sent.number], everybody)
            assert hours > 20 or ends[sent.number][1].of(BatchState.UNKNOWN) == 0
        assert await here.store.outbox.backlog() == {}


def kept(here: World, sent: Sent, state: State, report: Any, everybody: dict[str, Resident]) -> None:
    """The promise, for one broadcast that has come to rest."""
    entries = [entry for entry in here.line.chats.entries if entry.via in BULK]
    phones = Counter(entry.user_id for entry in entries if entry.text.split(" (")[0] == sent.words)
    assert max(phones.values(), default=0) <= 1 + sent.again, "nobody gets it twice"
    for entry in entries:
        if entry.text.split(" (")[0] == sent.words:
            assert entry.text == sent.text(everybody[entry.user_id])
    assert phones.keys() <= sent.may, "nobody gets it who has left before or is not meant"
    undelivered = {user_id: its for user_id, its, _ in report.undelivered}
    failed = {user_id for user_id, its in undelivered.items() if its is BatchState.FAILED}
    assert failed <= here.offenders, "nobody fails but whom LINE rejects"
    assert sent.again or failed.isdisjoint(phones)
    assert report.of(BatchState.FAILED) <= len(here.offenders)
    accepted, unknown = report.of(BatchState.ACCEPTED), report.of(BatchState.UNKNOWN)
    assert accepted <= len(phones)
    assert sent.again or len(phones) <= accepted + unknown
    assert sum(report.counts.values()) <= len(sent.may)
    if sent.cancelled:
        assert state is State.CANCELLED
    else:
        assert state is State.DONE
        assert report.of(BatchState.CANCELLED) == 0
        assert sent.must - undelivered.keys() <= phones.keys(), "everybody who is meant gets it"


def kept_to_everyone(here: World, sent: Sent, state: State, batches: Sequence[BatchReport]) -> None:
    """The promise, where one request reaches all of LINE's friends or none."""
    entries = [entry for entry in here.line.chats.entries if entry.text == sent.words]
    phones = Counter(entry.user_id for entry in entries)
    assert {entry.via for entry in entries} <= {"broadcast"}
    assert max(phones.values(), default=0) <= 1 + sent.again, "nobody gets it twice"
    assert phones.keys() <= sent.may
    assert state is (State.CANCELLED if sent.cancelled else State.DONE)
    match [batch.state for batch in batches]:
        case [BatchState.ACCEPTED]:
            assert sent.must <= phones.keys(), "every friend gets it"
        case [BatchState.UNKNOWN]:
            assert not phones or sent.must <= phones.keys(), "every friend gets it, or nobody"
        case [] | [BatchState.CANCELLED]:
            assert sent.cancelled
            assert not phones
        case states:
            raise AssertionError(states)


people = st.integers(0, 3) | st.sampled_from([0, 499, 500, 501, 998, 1000, 2000])
which = st.integers(0, 2)
groups = st.lists(st.sampled_from([1, 2, 2, 30, 499, 500, 501]), min_size=1, max_size=3) | st.just([])


def operations(*jumps: int) -> st.SearchStrategy[list[Operation]]:
    segments = st.sampled_from(["all", "all", "language = en"])
    how = st.sampled_from(["same", "same", "personal", "everyone"])
    sends = st.builds(Send, st.sampled_from(Priority), segments, how)
    kills = st.builds(Kill, which, st.integers(0, 3), st.integers(0, 20) | st.integers(0, 1500))
    faults = st.builds(Fail, st.sampled_from(sorted(FAULTS)), st.sampled_from([1, 1, 2, 3]))
    line = st.one_of(
        faults,
        faults,
        st.builds(Reject, people),
        st.builds(Refuse),
        st.builds(Throttle, st.sampled_from([1, 3])),
        st.builds(Exhaust, st.sampled_from([0, 10, 600])),
        st.builds(Calm),
    )
    residents = st.one_of(st.builds(Join, people), st.builds(Stop, people), st.builds(Erase, people))
    steering = st.builds(Steer, st.sampled_from(["pause", "resume", "cancel", "retry-unknown"]), which)
    time = st.builds(Work, st.sampled_from([1, 2, 5, 100])) | st.builds(Jump, st.sampled_from(jumps))
    services = st.builds(Start) | kills | st.builds(Halt, which)
    anything = st.one_of(sends, services, line, line, residents, residents, steering, time, time)
    beginning = st.sampled_from([[Start()], [Start(), Start(), Start()]])
    return st.builds(
        lambda start, first, send, then, rest: [*start, first, send, then, *rest],
        beginning,
        faults | line,
        sends,
        time | kills,
        st.lists(anything, min_size=3, max_size=14),
    )


def examples(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


IN_DOUBT = [Start(), Fail("500 after acceptance"), Send(), Work(100)]
"""LINE has accepted a batch and not said so; it waits for its next attempt."""

EVERYONE_IN_DOUBT = [Start(), Fail("cut after acceptance"), Send(how="everyone"), Work(1)]


@examples(40)
@example([2], [*EVERYONE_IN_DOUBT, Kill(), Stop(0), Erase(1), Join(1), Start(), Work(100)])
@example([2, 500, 2], [Start(), Send(how="personal"), Kill(requests=2), Stop(0), Jump(3600)])
@example([2], [*IN_DOUBT, Stop(0), Erase(1)])  # the bytes must stay as they were
@example([2], [*IN_DOUBT, Refuse(), Work(100), Stop(0)])  # also when a later attempt surely failed
@example([2], [*IN_DOUBT, Steer("cancel")])  # it is seen through
@example([2], [Start(), Fail("cut after acceptance"), Send(), Work(100), Stop(0)])
@example(  # what a killed service left in doubt stays so for the next
    [2],
    [Start(), Fail("500 after acceptance"), Send(), Kill(requests=1), Refuse(), Start(), Work(100), Stop(0)],
)
@given(groups, operations(1, 6, 60, 3600, 7200))
def test_whatever_happens_within_a_day_everybody_has_each_message_once(
    fresh: Fresh, groups: list[int], operations: list[Operation]
) -> None:
    asyncio.run(play(fresh, groups, operations, hours=16))


@examples(25)
@example(  # a machine that slept for a day: LINE has forgotten the key under which it accepted the batch
    [2], [*IN_DOUBT, Jump(24 * 3600), Work(1)]
)
@example([2], [*IN_DOUBT, Jump(24 * 3600), Work(1), Steer("retry-unknown"), Work(1)])
@example([2], [*EVERYONE_IN_DOUBT, Jump(24 * 3600), Work(1), Calm(), Steer("retry-unknown"), Work(1)])
@given(groups, operations(1, 60, 24 * 3600, 25 * 3600))
def test_whatever_happens_for_days_nobody_has_a_message_twice_and_what_is_unknown_is_told(
    fresh: Fresh, groups: list[int], operations: list[Operation]
) -> None:
    asyncio.run(play(fresh, groups, operations, hours=100))
