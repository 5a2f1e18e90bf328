"""Two things at one moment: what random upheaval meets too rarely to be relied on."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.domain.broadcasts import BatchState, Broadcast, Event, Priority
from bot.domain.residents import Resident, ResidentState
from bot.store.batches import HELD, Part, enlist, let_go
from bot.store.messages import message_ids
from bot.store.store import Store, open_database
from simulator import Fault, RequestInfo
from tests.clock import HandClock
from tests.integration.delivering import MESSAGES, TOWN, Desk, conduct, eventually, no_answer
from tests.integration.running import user
from tests.settling import claimed, recipients, sending, settle, someone


async def test_a_batch_rejected_after_its_broadcast_was_cancelled_does_not_go_out_in_halves(
    desk: Desk,
) -> None:
    arrived = asyncio.Event()

    def once(request: RequestInfo) -> Fault | None:
        if arrived.is_set() or request.endpoint != "multicast":
            return None
        arrived.set()
        return Fault(status=400, message="Failed to send messages", delay=0.3)

    desk.line.faults.plan = once
    await desk.residents(400)
    await desk.start()
    number = await desk.broadcast()
    await arrived.wait()
    await desk.store.broadcasts.change(number, Event.CANCEL, "clerk", finished_ms=desk.clock.now_ms())

    async def ended() -> bool:
        desk.wake()
        return not (await desk.store.reports.of(number)).pending

    await eventually(ended)
    assert (await desk.store.reports.of(number)).counts == {BatchState.CANCELLED: 400}
    assert desk.heard() == Counter()


@pytest.mark.parametrize("hours", [23, 25])
async def test_what_may_have_been_accepted_a_day_ago_is_not_given_to_a_sender(
    store: Store, clock: HandClock, hours: int
) -> None:
    """A service that starts, or a machine that wakes up, may claim before it has looked for what is too old."""
    await settle(store, someone(1), someone(2))
    await sending(store, clock)
    assert len(await claimed(store)) == 1
    clock.advance(hours=hours)
    await store.outbox.release_all()
    assert await claimed(store) == []


async def begun(store: Store, clock: HandClock, priority: Priority) -> tuple[Conductor, int]:
    """A broadcast that has started and gathered nobody yet."""
    draft = Broadcast("断水", "all", "clerk", priority=priority, scheduled_ms=clock.now_ms())
    number = await store.broadcasts.create(draft, MESSAGES)
    await store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
    conductor = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)
    await store.database.write(lambda session: conductor._start(number, session))
    return conductor, number


@pytest.mark.parametrize("priority", [Priority.NORMAL, Priority.EMERGENCY])
async def test_a_machine_whose_clock_is_behind_sends_at_once_what_another_has_gathered(
    store: Store, clock: HandClock, priority: Priority
) -> None:
    await settle(store, someone(1))
    ahead = HandClock()
    ahead.advance(seconds=2)
    conductor, _ = await begun(store, ahead, priority)
    await conductor.step()
    assert len(await claimed(store)) == 1


async def test_who_is_erased_and_comes_back_while_an_audience_is_gathered_is_not_in_it_twice(
    store: Store, clock: HandClock
) -> None:
    await settle(store, *(someone(n) for n in range(2_500)))
    conductor, number = await begun(store, clock, Priority.EMERGENCY)
    await conductor._gather(number)
    sent = await claimed(store)
    await store.residents.erase(user(0))
    await settle(store, someone(0))
    await conduct(conductor)
    sent += await claimed(store)
    reached = Counter(user_id for batch in sent for user_id in recipients(batch))
    assert reached[user(0)] == 1
    assert reached.total() == 2_500


@pytest.fixture
async def shared(postgres_url: str, clock: HandClock) -> Any:
    """A store on PostgreSQL: on SQLite all changes come one after another."""
    database = await open_database(postgres_url, clock)
    await database.upgrade()
    yield Store.over(database, clock)
    await database.close()


async def stop(store: Store, user_id: str) -> None:
    stopped = Resident(user_id, state=ResidentState.STOPPED)
    await store.residents.save_all([(user_id, lambda _: stopped)])


async def erase(store: Store, user_id: str) -> None:
    await store.residents.erase(user_id)


@pytest.mark.parametrize("leave", [stop, erase])
async def test_who_leaves_while_a_page_is_being_put_into_batches_gets_nothing(
    shared: Store, clock: HandClock, leave: Any
) -> None:
    await settle(shared, someone(1), someone(2), someone(3))
    conductor, number = await begun(shared, clock, Priority.EMERGENCY)
    audience = await conductor._audience(number)
    gathered = asyncio.Event()

    async def page(session: Any) -> None:
        await conductor._gather_page(number, audience, session)
        gathered.set()
        await asyncio.wait([leaving], timeout=0.5)  # it may have to wait for this very transaction

    async def left() -> None:
        await gathered.wait()
        await leave(shared, user(2))

    leaving = asyncio.create_task(left())
    await shared.database.write(page)
    await leaving
    assert [recipients(batch) for batch in await claimed(shared)] == [[user(1), user(3)]]


class Meanwhile:
    """A session during which, after it has read the batches that are not full, something else happens."""

    def __init__(self, session: Any, deed: Any) -> None:
        self._session, self._deed = session, deed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    async def fetch(self, name: str, *params: Any) -> Any:
        rows = await self._session.fetch(name, *params)
        if name == "outbox.unfilled":
            self.task = asyncio.create_task(self._deed)
            await asyncio.wait([self.task], timeout=0.5)
        return rows


async def test_who_alone_leaves_a_batch_that_is_being_filled_leaves_it_fit_to_send(
    shared: Store, clock: HandClock
) -> None:
    await settle(shared, someone(1), someone(2))
    _, number = await begun(shared, clock, Priority.NORMAL)
    first, second = [
        row["id"] for row in await shared.database.fetch("residents.page", {"after": 0, "limit": 2})
    ]

    async def put(session: Any, resident_id: int, who: int) -> None:
        message = (await message_ids(session, number))["ja"]
        part = Part(message, [str(resident_id)], [user(who)])
        await enlist(session, number, 0, [part], full_ms=HELD, rest_ms=HELD)

    async def more(session: Any) -> None:
        meanwhile = Meanwhile(session, stop(shared, user(1)))
        await put(meanwhile, second, 2)
        tasks.append(meanwhile.task)

    tasks: list[asyncio.Task[None]] = []
    await shared.database.write(lambda session: put(session, first, 1))
    await shared.database.write(more)
    await asyncio.wait(tasks)
    await shared.database.write(lambda session: let_go(session, number))
    assert [recipients(batch) for batch in await claimed(shared)] == [[user(2)]]
