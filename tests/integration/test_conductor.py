"""Audiences put into batches, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.broadcasts.audience import Audience
from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.domain.broadcasts import BatchState, Broadcast, Event, Priority, State
from bot.domain.clock import Clock
from bot.domain.residents import Fact, Resident
from bot.store.outbox import Ending, Outbox
from bot.store.port import Database
from bot.store.store import Store
from tests.clock import HandClock
from tests.integration.delivering import TOWN, conduct, eventually, no_answer
from tests.settling import claimed, recipients
from tests.sql import rows_of

MESSAGES: dict[str, list[dict[str, Any]]] = {"ja": [{"type": "text", "text": "断水"}]}


@pytest.fixture
async def conductor(store: Store, clock: HandClock) -> Conductor:
    people = [Resident(f"U{n:032x}", facts={Fact.TOPIC: ("bus",)} if n % 2 else {}) for n in range(12_000)]
    await store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in people])
    return Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)


async def scheduled(
    store: Store, clock: HandClock, segment: str, priority: Priority = Priority.NORMAL
) -> int:
    draft = Broadcast("断水", segment, "clerk", priority=priority, scheduled_ms=clock.now_ms())
    number = await store.broadcasts.create(draft, MESSAGES)
    await store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
    return number


async def test_an_audience_is_whom_the_segment_names_and_is_complete_before_anything_is_sent(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    number = await scheduled(store, clock, "topic = bus")
    await conduct(conductor)
    assert (await store.reports.of(number)).counts == {BatchState.READY: 6000}
    batches = await claimed(store)
    reached = {user_id for batch in batches for user_id in recipients(batch)}
    assert reached == {f"U{n:032x}" for n in range(1, 12_000, 2)}


async def test_who_registers_after_the_start_is_not_added(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    number = await scheduled(store, clock, "all")
    await conduct(conductor)
    await store.residents.save_all([("U" + "f" * 32, lambda _: Resident("U" + "f" * 32))])
    await conduct(conductor)
    assert (await store.reports.of(number)).counts == {BatchState.READY: 12_000}


async def test_a_broadcast_to_nobody_is_done_at_once(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    number = await scheduled(store, clock, "topic = tax")
    await conduct(conductor)
    assert (await store.broadcasts.find(number)).state is State.DONE


async def test_an_emergency_that_falls_due_while_another_gathers_goes_first(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    normal = await scheduled(store, clock, "all")
    await store.database.write(lambda session: conductor._start(normal, session))
    await conductor._gather(normal)
    emergency = await scheduled(store, clock, "all", Priority.EMERGENCY)
    assert await claimed(store, 1) == []
    await conduct(conductor)
    batches = await claimed(store)
    assert [b.broadcast_id for b in batches] == [emergency] * 24
    assert [b.broadcast_id for b in await claimed(store)] == [normal] * 24


async def test_a_segment_that_no_longer_fits_the_town_fails_its_broadcast_alone(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    """The folder was edited and the service started again, while the audience was being gathered."""
    gathering = await scheduled(store, clock, "topic = events")
    await store.database.write(lambda session: conductor._start(gathering, session))
    waiting = await scheduled(store, clock, "topic = events")
    fine = await scheduled(store, clock, "topic = bus")
    fewer = replace(TOWN, topics=tuple(topic for topic in TOWN.topics if topic.key != "events"))
    await conduct(Conductor(store, fewer, clock, Ceiling(no_answer, 3), lambda: None))
    for number in (gathering, waiting):
        failed = await store.broadcasts.find(number)
        assert failed.state is State.FAILED
        assert "events" in (failed.failure or "")
    assert (await store.reports.of(fine)).counts == {BatchState.READY: 6000}


async def test_a_stop_between_any_two_pages_loses_and_doubles_nobody(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    number = await scheduled(store, clock, "all")
    await store.database.write(lambda session: conductor._start(number, session))
    while not (await store.broadcasts.find(number)).audience_done:
        again = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)
        audience = await again._audience(number)

        async def interrupted(session: Any, again: Conductor = again, audience: Audience = audience) -> None:
            await again._gather_page(number, audience, session)
            raise InterruptedError

        with pytest.raises(InterruptedError):
            await store.database.write(interrupted)
        await again._gather(number)
    batches = await claimed(store)
    reached = [user_id for batch in batches for user_id in recipients(batch)]
    assert sorted(reached) == [f"U{n:032x}" for n in range(12_000)]


async def test_a_cancelled_broadcast_gathers_no_further(
    store: Store, clock: HandClock, conductor: Conductor
) -> None:
    number = await scheduled(store, clock, "all")
    await store.database.write(lambda session: conductor._start(number, session))
    await conductor._gather(number)
    await store.broadcasts.change(number, Event.CANCEL, "clerk", finished_ms=clock.now_ms())
    await conduct(conductor)
    assert (await store.broadcasts.find(number)).state is State.CANCELLED
    assert await claimed(store) == []


class _Slow(Outbox):
    """An outbox that takes its time to forget."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.began, self.forgetting, self.go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def forget_addresses(self) -> None:
        if self.began.is_set():  # and not what an earlier run may have left
            self.forgetting.set()
            await self.go_on.wait()
        self.began.set()
        await super().forget_addresses()


async def test_an_emergency_starts_while_what_is_left_of_another_is_dropped(
    store: Store, clock: HandClock
) -> None:
    await store.residents.save_all([("U1", lambda _: Resident("U1"))])
    outbox = _Slow(store.database, clock)
    conductor = Conductor(replace(store, outbox=outbox), TOWN, clock, Ceiling(no_answer, 3), lambda: None)
    conductor.start()
    await asyncio.wait_for(outbox.began.wait(), 10)
    await scheduled(store, clock, "topic = bus")
    conductor.wake()
    await asyncio.wait_for(outbox.forgetting.wait(), 10)
    emergency = await scheduled(store, clock, "all", Priority.EMERGENCY)
    conductor.wake()

    async def is_sending() -> bool:
        return (await store.broadcasts.find(emergency)).state is State.SENDING

    await eventually(is_sending)
    [batch] = await eventually(lambda: claimed(store))
    ending = Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), None, None)
    await store.outbox.end(ending)
    assert await rows_of(store.database, "addresses")
    outbox.go_on.set()

    async def is_gone() -> bool:
        return not await rows_of(store.database, "addresses")

    await eventually(is_gone)
    await conductor.stop()
