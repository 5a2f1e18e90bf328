"""The sender against a LINE that misbehaves, on both databases."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.broadcasts.conductor import Conductor
from bot.delivery.pace import Pace
from bot.delivery.sender import Sender
from bot.domain.broadcasts import BatchState, Event, Priority
from bot.domain.residents import Resident, ResidentState
from bot.line.client import LineClient
from bot.store.broadcasts import Broadcast
from bot.store.store import Store
from bot.town import load
from simulator import Fault, RequestInfo, Simulator
from tests.clock import HandClock
from tests.integration.running import TOKEN, line_simulator, user

TOWN = load(Path(__file__).parents[2] / "towns" / "kahoku")
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "ja": [{"type": "text", "text": "断水"}],
    "en": [{"type": "text", "text": "No water"}],
}


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator
        assert simulator.violations == []


class Desk:
    """Residents, broadcasts and a sender that can be started, stopped and abandoned."""

    def __init__(self, line: Simulator, store: Store, clock: HandClock) -> None:
        self.line, self.store, self.clock = line, store, clock
        self.ended: Counter[BatchState] = Counter()
        self.sender: Sender | None = None
        self.session: aiohttp.ClientSession | None = None

    async def residents(self, count: int, **changes: Any) -> None:
        people = [Resident(user(n), **changes) for n in range(count)]
        await self.store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in people])
        for person in people:
            self.line.add_user(person.user_id)

    async def broadcast(self, priority: Priority = Priority.NORMAL, text: str = "断水") -> int:
        draft = Broadcast(text, "all", "clerk", priority=priority, scheduled_ms=self.clock.now_ms())
        number = await self.store.broadcasts.create(
            draft, {**MESSAGES, "ja": [{"type": "text", "text": text}]}
        )
        await self.store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
        await Conductor(self.store, TOWN, self.clock, self.wake).step()
        return number

    def wake(self) -> None:
        if self.sender is not None:
            self.sender.wake()

    async def start(self, rate: float = 1e6, token: str = TOKEN) -> Sender:
        self.session = aiohttp.ClientSession()
        client = LineClient(self.session, self.line.base_url, token)
        ended = lambda state, residents: self.ended.update({state: residents})  # noqa: E731  one line says it
        self.sender = Sender(
            self.store.outbox, self.store.broadcasts, client, self.clock, pace=Pace(rate), on_end=ended
        )
        self.sender.start(alone=True)
        return self.sender

    async def stop(self) -> None:
        if self.sender is not None and self.session is not None:
            await self.sender.stop()
            await self.session.close()
            self.sender = None

    async def until(self, count: int) -> None:
        """Wait until so many residents are in ended batches, moving time on so that retries fall due."""
        async with asyncio.timeout(20):
            while self.ended.total() < count:
                self.clock.advance(seconds=1)
                self.wake()
                await asyncio.sleep(0.01)

    def heard(self) -> Counter[str]:
        return Counter(entry.user_id for entry in self.line.chats.entries if entry.via == "multicast")

    def multicasts(self) -> list[Any]:
        return [request for request in self.line.requests if request.endpoint == "multicast"]


@pytest.fixture
async def desk(line: Simulator, store: Store, clock: HandClock) -> AsyncIterator[Desk]:
    desk = Desk(line, store, clock)
    yield desk
    await desk.stop()


def sometimes(fault: Fault, upto_attempt: int) -> Callable[[RequestInfo], Fault | None]:
    return lambda request: (
        fault if request.endpoint == "multicast" and request.attempt <= upto_attempt else None
    )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=500), id="500"),
        pytest.param(
            Fault(status=503, body=b"<html>\xff\xfe gateway</html>"), id="a gateway's page that is not UTF-8"
        ),
        pytest.param(
            Fault(status=429, message="The API rate limit has been exceeded. Try again later."), id="429"
        ),
        pytest.param(Fault(cut=True), id="cut before it was accepted"),
        pytest.param(Fault(cut=True, accept=True), id="cut after it was accepted"),
        pytest.param(Fault(status=500, accept=True), id="500 after it was accepted"),
    ],
)
async def test_the_same_bytes_go_out_under_the_same_key_until_line_has_them_once(
    desk: Desk, fault: Fault
) -> None:
    desk.line.faults.plan = sometimes(fault, 3)
    await desk.residents(700)
    await desk.start()
    number = await desk.broadcast()
    await desk.until(700)
    assert desk.heard() == Counter(user(n) for n in range(700))
    by_key: dict[str, set[bytes]] = {}
    for request in desk.multicasts():
        by_key.setdefault(request.headers["x-line-retry-key"], set()).add(request.body)
    assert [len(bodies) for bodies in by_key.values()] == [1, 1]
    report = await desk.store.broadcasts.report(number)
    assert report.counts == {BatchState.ACCEPTED: 700}
    assert report.requests == 8
    assert report.reasons == []


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_what_line_refuses_is_failed_with_its_reason_and_not_repeated(desk: Desk, status: int) -> None:
    desk.line.faults.plan = sometimes(Fault(status=status, message="The property is wrong"), 99)
    await desk.residents(3)
    await desk.start()
    number = await desk.broadcast()
    await desk.until(3)
    report = await desk.store.broadcasts.report(number)
    assert report.counts == {BatchState.FAILED: 3}
    assert report.requests == 1
    assert "The property is wrong" in report.undelivered[0][2]
    assert {user_id for user_id, _, _ in report.undelivered} == {user(n) for n in range(3)}


async def test_a_wrong_token_is_told_as_such(desk: Desk) -> None:
    await desk.residents(1)
    await desk.start(token="another")
    number = await desk.broadcast()
    await desk.until(1)
    assert "401" in (await desk.store.broadcasts.report(number)).reasons[0][1]


async def test_ten_thousand_residents_take_twenty_requests_and_each_hears_their_language(desk: Desk) -> None:
    await desk.residents(10_000)
    await desk.store.residents.save_all([(user(0), lambda _: Resident(user(0), "en"))])
    await desk.start()
    await desk.broadcast()
    await desk.until(10_000)
    assert len(desk.multicasts()) == 21
    assert desk.heard() == Counter(user(n) for n in range(10_000))
    assert [entry.text for entry in desk.line.heard(user(0))] == ["No water"]
    assert [entry.text for entry in desk.line.heard(user(1))] == ["断水"]


async def test_an_emergency_overtakes_what_is_being_sent(desk: Desk) -> None:
    await desk.residents(5_000)
    await desk.broadcast(text="通常")
    await desk.broadcast(Priority.EMERGENCY, text="緊急")
    await desk.start(rate=10)  # one at a time: the order shows
    await desk.until(10_000)
    texts = ["緊急" in request.body.decode() for request in desk.multicasts()]
    assert texts == [True] * 10 + [False] * 10


async def test_who_stops_while_others_are_sent_to_gets_nothing_more(desk: Desk) -> None:
    await desk.residents(600)
    await desk.broadcast()
    stopped = Resident(user(550), state=ResidentState.STOPPED)
    await desk.store.residents.save_all([(user(550), lambda _: stopped)])
    await desk.start()
    await desk.until(599)
    assert user(550) not in desk.heard()


async def test_stopping_waits_for_the_answer_under_way(desk: Desk) -> None:
    desk.line.faults.plan = lambda _request: Fault(delay=0.3)
    await desk.residents(2)
    await desk.start()
    number = await desk.broadcast()
    await desk.line.until(lambda: len(desk.multicasts()) == 1)
    await desk.stop()
    assert (await desk.store.broadcasts.report(number)).counts == {BatchState.ACCEPTED: 2}


@pytest.mark.parametrize("turns", range(5))
async def test_a_wake_on_the_way_does_not_swallow_the_stop(desk: Desk, turns: int) -> None:
    """`asyncio.wait_for` of Python 3.11 forgets a cancellation that meets the end of what it waits for."""
    sender = await desk.start()
    resting = asyncio.Event()
    look = desk.store.outbox.next_due_ms

    async def look_and_rest() -> int | None:
        due_ms = await look()
        resting.set()
        return due_ms

    sender._outbox.next_due_ms = look_and_rest  # type: ignore[method-assign]
    await resting.wait()
    sender.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await sender.stop()


async def test_a_sender_that_vanished_after_line_accepted_is_taken_over(desk: Desk) -> None:
    desk.line.faults.plan = sometimes(Fault(delay=60, accept=True), 1)
    await desk.residents(2)
    sender = await desk.start()
    number = await desk.broadcast()
    await desk.line.until(lambda: sum(desk.heard().values()) == 2)
    for task in (*sender._in_flight, sender._task):  # as a power failure would
        assert task is not None
        task.cancel()
    await asyncio.sleep(0)
    assert desk.session is not None
    await desk.session.close()
    await desk.start()
    await desk.until(2)
    assert desk.heard() == Counter([user(0), user(1)])
    assert (await desk.store.broadcasts.report(number)).counts == {BatchState.ACCEPTED: 2}


async def test_after_23_hours_without_an_answer_it_is_unknown_and_never_sent_again(desk: Desk) -> None:
    desk.line.faults.plan = sometimes(Fault(status=500), 10_000)
    await desk.residents(1)
    await desk.start()
    number = await desk.broadcast()
    await desk.line.until(lambda: len(desk.multicasts()) >= 1)
    desk.clock.advance(hours=23)
    async with asyncio.timeout(20):
        while (await desk.store.broadcasts.report(number)).counts != {BatchState.UNKNOWN: 1}:
            desk.wake()
            await asyncio.sleep(0.02)
    requests = len(desk.multicasts())
    desk.clock.advance(hours=2)
    desk.wake()
    await asyncio.sleep(0.1)
    assert len(desk.multicasts()) == requests
    report = await desk.store.broadcasts.report(number)
    assert report.counts == {BatchState.UNKNOWN: 1}
