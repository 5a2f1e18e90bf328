"""After a restore nothing goes out by itself that may have gone out since the copy was made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.broadcasts.lapse import lapse
from bot.broadcasts.notices import NoticeClock
from bot.broadcasts.overload import DigestClock
from bot.domain.broadcasts import BY_LINE, BatchState, Event, State
from bot.domain.clock import TOKYO
from bot.domain.overload import Overload
from bot.store.copies import back_up
from bot.store.news import Finding
from bot.store.settling import Lapse, reason
from bot.store.store import Store, open_database
from bot.town import templates_for
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import LIMITED, MESSAGES, TOWN, Desk, conduct, eventually
from tests.integration.going_back import go_back
from tests.integration.running import line_simulator, user
from tests.settling import claimed, draft, everything

RESIDENTS = 1_200
TEMPLATES = templates_for(TOWN)


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator


@asynccontextmanager
async def desk_on(url: str, line: Simulator, clock: HandClock) -> AsyncIterator[Desk]:
    database = await open_database(url, clock)
    await database.upgrade()
    try:
        async with Desk(line, Store.over(database, clock), clock) as desk:
            yield desk
    finally:
        await database.close()


@asynccontextmanager
async def store_on(url: str, clock: HandClock) -> AsyncIterator[Store]:
    database = await open_database(url, clock)
    await database.upgrade()
    try:
        yield Store.over(database, clock)
    finally:
        await database.close()


@pytest.fixture
async def half_sent(database_url: str, line: Simulator, clock: HandClock, tmp_path: Path) -> tuple[int, Path]:
    """A broadcast whose audience was gathered when the copy was made, and that went out to everybody after it."""
    async with desk_on(database_url, line, clock) as desk:
        await desk.residents(RESIDENTS)
        number = await desk.broadcast()
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
        await desk.start()
        await desk.until(RESIDENTS)
        assert desk.heard() == {user(n): 1 for n in range(RESIDENTS)}
    return number, copy.file


async def quiet(desk: Desk) -> None:
    """Time passes, and nothing goes out."""
    before = len(desk.sent())
    for _ in range(30):
        desk.clock.advance(seconds=2)
        await conduct(desk.conductor)
        desk.wake()
        await eventually(lambda: _at_rest(desk))
    assert len(desk.sent()) == before


async def _at_rest(desk: Desk) -> bool:
    return desk.sender is not None and desk.sender.healthy and not desk.sender._in_flight


async def test_what_was_sent_after_the_copy_waits_and_then_reaches_nobody_twice(
    database_url: str, half_sent: tuple[int, Path], line: Simulator, clock: HandClock
) -> None:
    number, copy = half_sent
    clock.advance(hours=2)
    restored = await go_back(database_url, copy, clock, TOWN)
    assert restored.settled.paused == [number]
    async with desk_on(database_url, line, clock) as desk:
        await desk.start()
        await quiet(desk)
        found = await desk.store.broadcasts.find(number)
        assert (found.state, found.paused_by) == (State.PAUSED, "chief")
        assert found.failure is not None
        assert "2026-11-24 09:00 のコピーから復元しました" in found.failure
        assert "resume" in found.failure
        await desk.store.broadcasts.resume(number, "chief")
        await desk.until(RESIDENTS)
        assert desk.heard() == {user(n): 1 for n in range(RESIDENTS)}
        keys = [request.retry_key for request in desk.sent()]
        assert len(keys) == 2 * len(set(keys)), "each request was made twice under its key"
        report = await desk.store.reports.of(number)
        assert (report.of(BatchState.ACCEPTED), report.of(BatchState.UNKNOWN)) == (RESIDENTS, 0)


async def test_once_the_keys_are_forgotten_nothing_goes_out_but_by_a_decision(
    database_url: str, half_sent: tuple[int, Path], line: Simulator, clock: HandClock
) -> None:
    number, copy = half_sent
    clock.advance(hours=2)
    await go_back(database_url, copy, clock, TOWN)
    clock.advance(hours=21, minutes=1)
    async with desk_on(database_url, line, clock) as desk:
        await desk.start()
        await desk.store.broadcasts.resume(number, "chief")
        await quiet(desk)
        report = await desk.store.reports.of(number)
        assert (report.of(BatchState.ACCEPTED), report.of(BatchState.UNKNOWN)) == (0, RESIDENTS)
        assert (await desk.store.broadcasts.find(number)).state is State.DONE


async def test_what_is_cancelled_after_a_restore_is_sent_to_nobody(
    database_url: str, half_sent: tuple[int, Path], line: Simulator, clock: HandClock
) -> None:
    number, copy = half_sent
    clock.advance(hours=2)
    await go_back(database_url, copy, clock, TOWN)
    async with desk_on(database_url, line, clock) as desk:
        await desk.start()
        await desk.store.broadcasts.change(number, Event.CANCEL, "chief", finished_ms=clock.now_ms())
        await quiet(desk)
        report = await desk.store.reports.of(number)
        assert (report.of(BatchState.ACCEPTED), report.of(BatchState.UNKNOWN)) == (0, RESIDENTS), (
            "nobody knows"
        )


async def test_who_is_erased_again_gets_nothing_of_what_is_resumed(
    database_url: str, line: Simulator, clock: HandClock, tmp_path: Path
) -> None:
    async with desk_on(database_url, line, clock) as desk:
        await desk.residents(3)
        number = await desk.broadcast()
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
    clock.advance(hours=2)
    await go_back(database_url, copy.file, clock, TOWN)
    async with desk_on(database_url, line, clock) as desk:
        await desk.store.residents.erase(user(1))
        assert user(1) not in await everything(desk.store)
        await desk.start()
        await desk.store.broadcasts.resume(number, "chief")
        await desk.until(2)
        assert desk.heard() == {user(0): 1, user(2): 1}


async def test_nothing_stays_leased_and_what_had_been_cancelled_is_not_asked_for_again(
    database_url: str, line: Simulator, clock: HandClock, tmp_path: Path
) -> None:
    async with desk_on(database_url, line, clock) as desk:
        await desk.residents(3)
        numbers = [await desk.broadcast(), await desk.broadcast()]
        await desk.store.outbox.seen("dead", None, 3600)
        assert len(await claimed(desk.store)) == 2
        await desk.store.broadcasts.change(numbers[0], Event.CANCEL, "chief", finished_ms=clock.now_ms())
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
    clock.advance(seconds=10)
    restored = await go_back(database_url, copy.file, clock, TOWN)
    assert restored.settled.paused == [numbers[1]]
    async with desk_on(database_url, line, clock) as desk:
        assert await desk.store.outbox.senders(60) == []
        assert await desk.store.outbox.backlog() == {BatchState.READY: (1, 3)}
        await desk.start()
        await quiet(desk)
        assert (await desk.store.reports.of(numbers[0])).of(BatchState.UNKNOWN) == 3
        await desk.store.broadcasts.resume(numbers[1], "chief")
        await desk.until(3)
        assert desk.heard().total() == 3


async def scheduled(store: Store, at_ms: int) -> int:
    number = await store.broadcasts.create(draft(scheduled_ms=at_ms), MESSAGES)
    await store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
    return number


async def test_everything_that_would_go_out_by_itself_waits_with_its_reason(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    async with store_on(database_url, clock) as store:
        past = await scheduled(store, clock.now_ms() + 3_600_000)
        future = await scheduled(store, clock.now_ms() + 86_400_000)
        by_line = await scheduled(store, clock.now_ms() + 86_400_000)
        await store.broadcasts.pause(by_line, BY_LINE, "401")
        unsent = await store.broadcasts.create(draft(), MESSAGES)
        await store.broadcasts.change(unsent, Event.APPROVE, "chief", approver="chief")
        idle = await store.broadcasts.create(draft(), MESSAGES)
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
    clock.advance(hours=2)
    restored = await go_back(database_url, copy.file, clock, TOWN)
    assert restored.settled.paused == [past, future, by_line]
    assert restored.settled.approved == [unsent]
    async with store_on(database_url, clock) as store:
        found = {number: await store.broadcasts.find(number) for number in (past, future, by_line, idle)}
        assert [each.state for each in found.values()] == [*[State.PAUSED] * 3, State.DRAFT]
        assert await store.broadcasts.paused_by(BY_LINE) == [], "LINE's taking the token lets nothing go"
        assert "二重に届きます" in (found[past].failure or "")
        assert "取り消されていないか" in (found[future].failure or "")
        deeds = [(deed.actor, deed.action) for deed in await store.audit.since(clock.now_ms())]
        assert ("chief", "db.restore") in deeds
        await store.broadcasts.resume(future, "chief")
        assert (await store.broadcasts.find(future)).state is State.SCHEDULED


async def test_a_broadcast_being_gathered_is_told_apart(clock: HandClock) -> None:
    begun = replace(draft(), started_ms=clock.now_ms())
    hour = clock.now_ms() + 3_600_000
    assert "同じキー" in reason(replace(begun, audience_done=True), clock.now_ms(), hour)
    assert "同じキー" not in reason(begun, clock.now_ms(), hour)
    assert "二重に届きます" in reason(begun, clock.now_ms(), hour)


async def test_notices_between_the_copy_and_now_are_not_made_up_for(
    database_url: str, clock: HandClock, tmp_path: Path
) -> None:
    async with store_on(database_url, clock) as store:
        known = replace(TOWN, notices=TOWN.notices[::2])  # the others have been added since
        await NoticeClock(store, known, TEMPLATES, clock).tick()
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
    clock.advance(days=10)
    async with store_on(database_url, clock) as store:  # as it would go without a restore
        await NoticeClock(store, TOWN, TEMPLATES, clock).tick()
        assert await store.broadcasts.newest(1)
    restored = await go_back(database_url, copy.file, clock, TOWN)
    assert restored.notices
    async with store_on(database_url, clock) as store:
        ticking = NoticeClock(store, TOWN, TEMPLATES, clock)
        await ticking.tick()
        assert await store.broadcasts.newest(1) == []
        assert await store.notices.history(1) == []
        for _ in range(30):
            clock.advance(days=1)
            await ticking.tick()
        assert await store.broadcasts.newest(1), "what falls due from now on goes out"


@pytest.mark.parametrize(("hours", "dropped"), [(8, 0), (10, 10)])
async def test_what_a_digest_may_have_told_is_not_told_again(  # noqa: PLR0917  fixtures
    database_url: str, line: Simulator, clock: HandClock, tmp_path: Path, hours: int, dropped: int
) -> None:
    """The copy is of 9:00, the digest goes out at 18:00."""
    town = replace(TOWN, overload=Overload(messages_a_day=1))
    async with store_on(database_url, clock) as store:
        desk = Desk(line, store, clock, town)
        await desk.residents(5)
        for text in ("a", "b", "c"):
            await desk.broadcast(text=text)
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
        assert copy.tables["deferred"] == 10
    clock.advance(hours=hours)
    restored = await go_back(database_url, copy.file, clock, town)
    assert restored.settled.spared == dropped
    clock.set("2026-11-24T19:30:00")
    async with store_on(database_url, clock) as store:
        for broadcast in await store.broadcasts.newest(10):
            if broadcast.state is State.PAUSED:
                await store.broadcasts.resume(broadcast.id, "chief")
        await DigestClock(store, town, TEMPLATES, clock).tick()
        digests = [each for each in await store.broadcasts.newest(10) if each.digest]
        assert len(digests) == (0 if dropped else 1)


async def test_feeds_begin_anew_in_silence(database_url: str, clock: HandClock, tmp_path: Path) -> None:
    async with store_on(database_url, clock) as store:
        news = await store.news.claim("https://news", clock.after_ms(900))
        finding = Finding("k", "l", "title", "", "", None, "digest", "rule")
        await store.news.take("https://news", [finding], '"etag"', "yesterday")
        jma = await store.telegrams.claim("https://jma", clock.after_ms(60))
        assert news is not None
        assert jma is not None
        await store.telegrams.succeed(jma, '"etag"', "yesterday")
        copy = await back_up(database_url, tmp_path / "copy.db", clock)
    clock.advance(days=8)
    await go_back(database_url, copy.file, clock, TOWN)
    async with store_on(database_url, clock) as store:
        feed = await store.news.claim("https://news", clock.after_ms(900))
        assert feed is not None
        assert (feed.started_ms, feed.succeeded_ms, feed.etag, feed.modified) == (None, None, None, None)
        telegrams = await store.telegrams.claim("https://jma", clock.after_ms(60))
        assert telegrams is not None
        assert (telegrams.succeeded_ms, telegrams.etag, telegrams.modified) == (None, None, None)
        assert await store.news.for_digest(0, clock.now_ms()) == [], "a weekly digest may have told it"
        assert await store.news.known("https://news", ["k"], []) == ({"k"}, {"l"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("since", "now", "due"),
    [
        ("2026-11-24T03:00", "2026-11-24T17:59", False),
        ("2026-11-24T03:00", "2026-11-24T18:00", True),
        ("2026-11-24T18:00", "2026-11-25T17:59", False),
        ("2026-11-24T17:59", "2026-11-24T18:01", True),
        ("2026-11-24T20:00", "2026-11-30T09:00", True),
    ],
)
def test_when_a_digest_may_have_gone_out(since: str, now: str, *, due: bool) -> None:
    assert lapse(LIMITED, at(since), at(now)).digest is due
    assert lapse(TOWN, at(since), at(now)).digest is False


def test_without_the_towns_folder_anything_may_have_gone_out() -> None:
    assert lapse(None, at("2026-11-24T09:00"), at("2026-11-24T09:01")) == Lapse(True, True, None)


def test_the_notices_between_are_counted() -> None:
    since = at("2026-11-24T09:00")
    assert lapse(TOWN, since, since).notices == 0
    month = lapse(TOWN, since, since + timedelta(days=31))
    assert month.notices
    assert month.notices > 10
    assert month.articles == any(notice.digest for notice in TOWN.notices)
