"""The sender against a LINE that misbehaves, on both databases."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from bot.delivery.sender import NORMAL_PLACES
from bot.delivery.window import Window
from bot.domain.broadcasts import BatchState, Priority, State
from bot.domain.clock import Clock
from bot.domain.residents import Resident, ResidentState
from bot.store.outbox import Outbox
from bot.store.port import Database
from simulator import Fault, RequestInfo
from tests.integration.delivering import Desk, eventually
from tests.integration.running import user
from tests.sql import run_sql


def sometimes(fault: Fault, upto_attempt: int) -> Callable[[RequestInfo], Fault | None]:
    return lambda request: (
        fault if request.endpoint in ("multicast", "push") and request.attempt <= upto_attempt else None
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
    for request in desk.sent():
        by_key.setdefault(request.headers["x-line-retry-key"], set()).add(request.body)
    assert [len(bodies) for bodies in by_key.values()] == [1, 1]
    report = await desk.store.reports.of(number)
    assert report.counts == {BatchState.ACCEPTED: 700}
    assert report.requests == 8
    assert report.reasons == []


class _Counting(Outbox):
    """An outbox that knows what it was asked for."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.asked: list[set[int]] = []

    async def messages(self, message_ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
        self.asked.append(set(message_ids))
        return await super().messages(message_ids)


async def test_what_many_batches_say_is_read_once(desk: Desk) -> None:
    outbox = _Counting(desk.store.database, desk.clock)
    desk.store = replace(desk.store, outbox=outbox)
    await desk.residents(2000)
    await desk.broadcast()
    await desk.start()
    await desk.until(2000)
    assert len(desk.sent()) == 4
    assert [len(message_ids) for message_ids in outbox.asked] == [1]


class _Stumbling(Outbox):
    """An outbox whose database is away when it is first asked what batches say."""

    stumbled = False

    async def messages(self, message_ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
        if not self.stumbled:
            self.stumbled = True
            raise ConnectionError("the database is away")
        return await super().messages(message_ids)


async def test_what_cannot_be_read_in_time_goes_out_when_its_lease_has_ended(desk: Desk) -> None:
    desk.store = replace(desk.store, outbox=_Stumbling(desk.store.database, desk.clock))
    await desk.residents(700)
    await desk.broadcast()
    await desk.start()
    await desk.until(700)
    assert desk.heard() == Counter(user(n) for n in range(700))


async def test_a_sender_that_cannot_read_the_outbox_lets_the_others_know(desk: Desk) -> None:
    """As one of an older version to which a table has become strange; sending goes on when it is mended."""
    await desk.residents(2)
    await desk.broadcast()
    await run_sql(desk.store.database, "ALTER TABLE addresses RENAME TO strange")
    await desk.start()

    async def fault() -> str | None:
        return next((sender.fault for sender in await desk.store.outbox.senders(60)), None)

    assert await eventually(fault) == "the outbox could not be read"
    await run_sql(desk.store.database, "ALTER TABLE strange RENAME TO addresses")
    await desk.until(2)
    assert desk.heard() == Counter([user(0), user(1)])


async def test_a_connection_that_cannot_be_made_is_surely_not_accepted(desk: Desk) -> None:
    await desk.residents(3)
    sender = await desk.start()
    desk.line.webhook_url = None
    sender._line._base = "http://127.0.0.1:1"  # nobody listens there
    number = await desk.broadcast()
    report = await eventually(lambda: reasons_of(desk, number))
    assert "ClientConnectorError" in report[0][1]
    await desk.store.residents.erase(user(0))
    sender._line._base = desk.line.base_url
    await desk.until(2)
    assert desk.heard() == Counter([user(1), user(2)])


async def told(fact: object) -> object:
    return fact


async def reasons_of(desk: Desk, number: int) -> Sequence[tuple[BatchState, str, int]]:
    return (await desk.store.reports.of(number)).reasons


def about(numbers: set[int], status: int = 400) -> Callable[[RequestInfo], Fault | None]:
    """LINE rejects every request to one of these residents."""
    ids = {user(number) for number in numbers}

    def plan(request: RequestInfo) -> Fault | None:
        to = (request.body or {}).get("to", ())
        bad = ids.intersection([to] if isinstance(to, str) else to)
        return Fault(status=status, message="Failed to send messages") if bad else None

    return plan


@pytest.mark.parametrize("status", [400, 413])
async def test_a_rejected_batch_is_halved_until_the_offenders_stand_alone(desk: Desk, status: int) -> None:
    offenders = {17, 18, 600}
    desk.line.faults.plan = about(offenders, status)
    await desk.residents(1000)
    await desk.start()
    number = await desk.broadcast()
    await desk.until(1000)
    assert desk.heard() == Counter(user(n) for n in range(1000) if n not in offenders)
    report = await desk.store.reports.of(number)
    assert report.counts == {BatchState.ACCEPTED: 997, BatchState.FAILED: 3}
    assert {user_id for user_id, _, _ in report.undelivered} == {user(n) for n in offenders}
    assert "Failed to send messages" in report.undelivered[0][2]
    assert report.requests == len(desk.sent()) < 60
    keys = Counter(request.retry_key for request in desk.sent())
    assert set(keys.values()) == {1}, "a divided batch goes out under new keys"


async def test_what_is_rejected_for_its_words_is_not_tried_on_everybody(desk: Desk) -> None:
    body = {"message": "The request body has 1 error(s)", "details": [{"property": "messages[0].text"}]}
    desk.line.faults.plan = lambda _request: Fault(status=400, body=json.dumps(body).encode())
    await desk.residents(5000)
    await desk.start(rate=25)
    number = await desk.broadcast()
    await desk.until(500)
    paused = await desk.paused(number)
    assert "messages[0].text" in (paused.failure or "")
    assert len(desk.sent()) < 10


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refused_channel_pauses_everything_burns_nothing_and_goes_on_by_itself(
    desk: Desk, status: int
) -> None:
    refused = True
    desk.line.faults.plan = lambda _request: (
        Fault(status=status, message="Access to this API is not available") if refused else None
    )
    await desk.residents(1200)
    sender = await desk.start()
    numbers = [await desk.broadcast(), await desk.broadcast(Priority.URGENT, "急ぎ")]
    await eventually(lambda: desk.store.broadcasts.paused_by("LINE"))
    requests = len(desk.sent())
    assert requests <= 6
    found = await desk.store.broadcasts.find(numbers[0])
    assert f"{status} Access to this API is not available" in (found.failure or "")
    assert {(await desk.store.broadcasts.find(number)).state for number in numbers} <= {
        State.PAUSED,
        State.SENDING,
    }
    for number in numbers:
        counts = (await desk.store.reports.of(number)).counts
        assert counts.keys() <= {BatchState.READY, BatchState.LEASED}
    refused = False
    sender.circuit._reopens = 0.0  # as if the wait for the next probe were over
    await desk.until(2400)
    assert desk.heard() == Counter({user(n): 2 for n in range(1200)})
    assert [await desk.store.broadcasts.paused_by("LINE"), sender.circuit.fault] == [[], None]


async def test_a_service_that_starts_with_a_token_line_takes_goes_on_with_what_was_refused(
    desk: Desk,
) -> None:
    await desk.residents(3)
    await desk.start(token="another")
    number = await desk.broadcast()
    await desk.paused(number)
    await desk.stop()
    assert desk.heard() == Counter()
    await desk.start()
    await desk.until(3)
    assert desk.heard() == Counter(user(n) for n in range(3))


async def test_a_used_up_quota_pauses_the_broadcast_with_the_figures(desk: Desk) -> None:
    desk.line.platform.monthly_quota, desk.line.platform.used_quota = 1000, 300
    await desk.residents(1200)
    await desk.start()
    number = await desk.broadcast()
    paused = await desk.paused(number, "残りは")
    await desk.stop()
    sent = desk.heard().total()
    report = await desk.store.reports.of(number)
    assert report.counts == {BatchState.ACCEPTED: sent, BatchState.READY: 1200 - sent}
    # a batch that is on its way when LINE says no still counts among those to be reached
    found = re.search(r"残りは (\d+) 通.*対象は (\d+) 人.*約 [\d,]+ 円", paused.failure or "")
    assert found, paused.failure
    assert int(found[1]) >= 700 - sent
    assert 1200 - sent <= int(found[2]) <= 1200 - sent + 500
    desk.line.platform.monthly_quota = None
    await desk.store.broadcasts.resume(number, "chief")
    await desk.start()
    await desk.until(1200)
    assert desk.heard() == Counter(user(n) for n in range(1200))


async def test_a_429_slows_every_sender_on_the_database_down(desk: Desk) -> None:
    desk.line.platform.rates.rates["multicast"] = (50, 1.0)
    await desk.residents(20_000)
    await desk.start(rate=200)
    number = await desk.broadcast()
    await desk.until(20_000)
    assert desk.heard() == Counter(user(n) for n in range(20_000))
    requests = (await desk.store.reports.of(number)).requests
    assert 40 <= requests <= 90, "some are refused until the pace is found, few after that"


async def test_when_line_is_down_a_few_probes_go_out_not_every_batch(desk: Desk) -> None:
    down = True
    desk.line.faults.plan = lambda _request: Fault(status=503) if down else None
    await desk.residents(100_000)
    sender = await desk.start()
    await desk.broadcast()
    await eventually(lambda: told(sender.circuit.is_open and not sender._in_flight))
    tried = len(desk.sent())
    assert tried <= NORMAL_PLACES
    desk.clock.advance(hours=1)
    sender.wake()
    await asyncio.sleep(0.1)
    assert len(desk.sent()) == tried
    down = False
    await desk.until(100_000)
    assert desk.heard() == Counter(user(n) for n in range(100_000))


async def test_connections_to_line_are_not_opened_all_at_once(desk: Desk) -> None:
    desk.line.faults.plan = lambda _request: Fault(delay=1)
    desk.line.platform.rates.rates["multicast"] = (100_000, 1.0)
    await desk.residents(90_000)
    sender = await desk.start()
    sender._window = Window(seconds=5)
    await desk.broadcast()
    await eventually(lambda: told(len(sender._in_flight) == NORMAL_PLACES))
    await desk.line.until(lambda: len(desk.sent()) == 24)
    await asyncio.sleep(0)
    assert len(desk.sent()) == 24
    await desk.stop()


async def test_what_is_not_urgent_gives_way(desk: Desk) -> None:
    passed = asyncio.Event()

    async def give_way() -> None:
        await passed.wait()

    await desk.residents(700)
    await desk.broadcast()
    await desk.start(give_way=give_way)
    await asyncio.sleep(0.1)
    assert desk.sent() == []
    passed.set()
    await desk.until(700)
    assert desk.heard() == Counter(user(n) for n in range(700))


async def test_ten_thousand_residents_take_twenty_requests_and_each_hears_their_language(desk: Desk) -> None:
    await desk.residents(10_000)
    await desk.store.residents.save_all([(user(0), lambda _: Resident(user(0), "en"))])
    await desk.start()
    await desk.broadcast()
    await desk.until(10_000)
    assert len(desk.sent()) == 21
    assert desk.heard() == Counter(user(n) for n in range(10_000))
    assert [entry.text for entry in desk.line.heard(user(0))] == ["No water"]
    assert [entry.text for entry in desk.line.heard(user(1))] == ["断水"]


async def test_an_emergency_overtakes_what_is_being_sent(desk: Desk) -> None:
    await desk.residents(5_000)
    await desk.broadcast(text="通常")
    await desk.broadcast(Priority.EMERGENCY, text="緊急")
    await desk.start(rate=25)  # one at a time: the order shows
    await desk.until(10_000)
    texts = ["緊急" in request.body.decode() for request in desk.sent()]
    assert texts == [True] * 10 + [False] * 10


async def test_an_emergency_takes_reserved_places_while_all_others_wait_for_answers(desk: Desk) -> None:
    desk.line.faults.plan = lambda request: Fault(delay=0 if "緊急" in str(request.body) else 5)
    await desk.residents(90_000)
    sender = await desk.start()
    await desk.broadcast(text="通常")
    await eventually(lambda: told(len(sender._in_flight) == NORMAL_PLACES))
    await desk.broadcast(Priority.EMERGENCY, text="緊急")
    # no answer to a normal request comes within that time
    await eventually(lambda: told(desk.heard().total() == 90_000), seconds=4)
    assert all("緊急" in request.body.decode() for request in desk.sent())


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
    await desk.line.until(lambda: len(desk.sent()) == 1)
    await desk.stop()
    assert (await desk.store.reports.of(number)).counts == {BatchState.ACCEPTED: 2}


async def test_a_stop_at_any_moment_leaves_nothing_leased(desk: Desk) -> None:
    await desk.residents(3_000)
    number = await desk.broadcast()
    for turns in range(0, 60, 3):
        await desk.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await desk.stop()
        assert BatchState.LEASED not in (await desk.store.reports.of(number)).counts
    await desk.start()
    await desk.until(3_000)
    assert desk.heard() == Counter(user(n) for n in range(3_000))


async def test_a_sender_that_vanished_after_line_accepted_is_taken_over(desk: Desk) -> None:
    desk.line.faults.plan = sometimes(Fault(delay=60, accept=True), 1)
    await desk.residents(2)
    sender = await desk.start()
    number = await desk.broadcast()
    await desk.line.until(lambda: sum(desk.heard().values()) == 2)
    for task in (*sender._in_flight, *sender._tasks):  # as a power failure would
        assert task is not None
        task.cancel()
    await asyncio.sleep(0)
    assert desk.session is not None
    await desk.session.close()
    await desk.start()
    await desk.until(2)
    assert desk.heard() == Counter([user(0), user(1)])
    assert (await desk.store.reports.of(number)).counts == {BatchState.ACCEPTED: 2}


async def test_after_23_hours_without_an_answer_it_is_unknown_and_never_sent_again(desk: Desk) -> None:
    desk.line.faults.plan = sometimes(Fault(status=500), 10_000)
    await desk.residents(1)
    await desk.start()
    number = await desk.broadcast()
    await desk.line.until(lambda: len(desk.sent()) >= 1)
    desk.clock.advance(hours=23)
    async with asyncio.timeout(20):
        while (await desk.store.reports.of(number)).counts != {BatchState.UNKNOWN: 1}:
            desk.wake()
            await asyncio.sleep(0.02)
    requests = len(desk.sent())
    desk.clock.advance(hours=2)
    desk.wake()
    await asyncio.sleep(0.1)
    assert len(desk.sent()) == requests
    report = await desk.store.reports.of(number)
    assert report.counts == {BatchState.UNKNOWN: 1}
