"""What every store promises of residents, events and notices, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.broadcasts import BatchState
from bot.domain.errors import NotFoundError
from bot.domain.residents import Fact, Resident, ResidentState
from bot.store.batches import send_unknown_again
from bot.store.inbox import Arrival, Decide, Outcome, Reply, Worked
from bot.store.outbox import Ending
from bot.store.port import Session
from bot.store.store import Store
from tests.clock import HandClock
from tests.settling import (
    MESSAGES,
    claimed,
    condition,
    draft,
    everything,
    recipients,
    sending,
    settle,
    someone,
    user,
)
from tests.sql import rows_of, run_sql

# ---- residents ----


async def test_a_resident_comes_back_as_registered_in_the_order_it_was_added(store: Store) -> None:
    facts = {
        Fact.TOPIC: ("tax", "bus"),
        Fact.BIRTH_MONTH: ("2026-03", "2023-11"),
        Fact.DISTRICT: ("谷地中部",),
    }
    resident = someone(1, language="en", state=ResidentState.STOPPED, facts=facts)
    await settle(store, resident)
    assert await store.residents.find(user(1)) == resident
    assert [each async for each in store.residents.all()] == [resident]
    changed = replace(resident, facts={Fact.TOPIC: ("bus",)}, state=ResidentState.FOLLOWING)
    assert await store.residents.save_all([(user(1), lambda _: changed)]) == (0, 1)
    assert await store.residents.find(user(1)) == changed
    with pytest.raises(NotFoundError):
        await store.residents.find(user(2))


async def test_many_residents_are_written_and_read_by_pages(store: Store, clock: HandClock) -> None:
    people = [someone(n, facts={Fact.TOPIC: ("bus",)} if n % 3 else {}) for n in range(4500)]
    await settle(store, *people)
    assert [each.user_id async for each in store.residents.all()] == [p.user_id for p in people]
    assert await store.residents.count(condition(clock, "topic = bus")) == 3000
    assert (await store.residents.totals())[ResidentState.FOLLOWING] == 4500


async def test_only_who_follows_is_ever_reached(store: Store, clock: HandClock) -> None:
    await settle(store, *(someone(n, state=state) for n, state in enumerate(ResidentState)))
    assert [r.user_id async for r in store.residents.audience(condition(clock))] == [user(0)]


async def test_nothing_of_an_erased_resident_stays(store: Store, clock: HandClock) -> None:
    await settle(store, someone(1, facts={Fact.TOPIC: ("bus",)}), someone(2))
    await store.inbox.add([arrival(1, "a"), arrival(1, "b", waits=False)], clock.now_ms())
    number = await sending(store, clock)
    (batch,) = await claimed(store)
    await store.outbox.end(Ending(batch.id, batch.retry_key, BatchState.FAILED, clock.now_ms(), None, "400"))
    assert {u for u, _, _ in (await store.reports.of(number)).undelivered} == {user(1), user(2)}
    await store.residents.erase(user(1))
    assert user(1) not in await everything(store)
    assert {u for u, _, _ in (await store.reports.of(number)).undelivered} == {user(2)}
    with pytest.raises(NotFoundError):
        await store.residents.erase(user(1))


async def test_who_stops_or_goes_leaves_what_no_request_was_made_for(store: Store, clock: HandClock) -> None:
    await settle(store, *(someone(n) for n in range(1, 4)))
    number = await sending(store, clock)
    await settle(store, someone(1, state=ResidentState.STOPPED))
    await store.residents.erase(user(2))
    (batch,) = await claimed(store)
    assert recipients(batch) == [user(3)]
    assert (await store.reports.of(number)).counts == {BatchState.LEASED: 1}


async def test_who_goes_while_being_sent_to_stays_in_the_bytes_until_the_answer(
    store: Store, clock: HandClock
) -> None:
    await settle(store, someone(1), someone(2))
    await sending(store, clock)
    (batch,) = await claimed(store)
    await store.residents.erase(user(1))
    await store.outbox.retry(batch, "me", clock.now_ms(), "500")
    (again,) = await claimed(store)
    assert (again.user_ids, again.retry_key) == (batch.user_ids, batch.retry_key)
    await store.outbox.end(Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None))
    await store.outbox.forget_addresses()
    assert user(1) not in await everything(store)


async def test_the_addresses_of_everything_that_ended_are_dropped(store: Store, clock: HandClock) -> None:
    """Also of more batches than one transaction drops."""
    await settle(store, someone(1))
    for _ in range(120):
        await sending(store, clock)
    *ended, waiting = await claimed(store, limit=200)
    for batch in ended:
        ending = Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None)
        await store.outbox.end(ending)
    await store.outbox.forget_addresses()
    assert [row[0] for row in await rows_of(store.database, "addresses")] == [waiting.id]


async def test_who_goes_is_dropped_from_what_has_ended(store: Store, clock: HandClock) -> None:
    """Of other batches nothing is: after a large broadcast that takes a while, and everyone else waits."""
    await settle(store, *map(someone, range(1, 502)))
    await sending(store, clock)
    for batch in (batches := await claimed(store)):
        ending = Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None)
        await store.outbox.end(ending)
    (others,) = (batch.id for batch in batches if user(501) not in recipients(batch))
    await store.residents.erase(user(501))
    assert [row[0] for row in await rows_of(store.database, "addresses")] == [others]


async def test_who_cannot_read_addresses_leaves_the_batches_to_others(store: Store, clock: HandClock) -> None:
    """As a sender of an older version, to which the table has become strange. Nothing of them has been sent."""
    await settle(store, someone(1), someone(2))
    await sending(store, clock)
    await run_sql(store.database, "ALTER TABLE addresses RENAME TO strange")
    with pytest.raises(Exception, match="addresses"):
        await claimed(store, owner="older")
    await run_sql(store.database, "ALTER TABLE strange RENAME TO addresses")
    await store.residents.erase(user(1))
    (batch,) = await claimed(store, owner="newer")
    assert recipients(batch) == [user(2)]


async def test_addresses_that_are_being_renewed_are_not_dropped(store: Store, clock: HandClock) -> None:
    if store.database.dialect == "sqlite":
        pytest.skip("SQLite writes one transaction at a time")
    await settle(store, someone(1))
    number = await sending(store, clock)
    (batch,) = await claimed(store)
    ending = Ending(batch.id, batch.retry_key, BatchState.UNKNOWN, clock.now_ms(), None, "no answer")
    await store.outbox.end(ending)

    async def renew_while_they_are_dropped(session: Session) -> None:
        assert await send_unknown_again(session, number, clock.now_ms()) == 1
        await asyncio.wait_for(asyncio.shield(asyncio.create_task(store.outbox.forget_addresses())), 5)

    await store.database.write(renew_while_they_are_dropped)
    (again,) = await claimed(store)
    assert recipients(again) == [user(1)]


# ---- inbox ----

LEASE = 15.0


def answered(*_: object) -> Outcome:
    return Outcome(someone(1), reply_token="token", reply=MESSAGES["ja"])


def arrival(number: int, event_id: str, timestamp_ms: int = 1000, *, waits: bool = True) -> Arrival:
    return Arrival(
        event_id, user(number), f"m-{event_id}", timestamp_ms, f"{user(number)} {event_id}".encode(), waits
    )


async def process_next(store: Store, clock: HandClock, decide: Decide) -> Worked:
    return await store.inbox.process_next(user(1), decide, clock.now_ms(), clock.after_ms(LEASE))


async def taken_over(store: Store, clock: HandClock) -> list[Reply]:
    return await store.inbox.take_over_replies(clock.now_ms(), clock.after_ms(LEASE))


async def test_an_event_is_kept_once(store: Store, clock: HandClock) -> None:
    await store.inbox.add([arrival(1, "a"), arrival(1, "a")], clock.now_ms())
    await store.inbox.add([arrival(1, "a"), arrival(2, "b")], clock.now_ms())
    assert await store.inbox.waiting() == 2
    assert sorted(await store.inbox.waiting_users()) == [user(1), user(2)]


async def test_events_of_a_resident_run_in_the_order_of_their_timestamps(
    store: Store, clock: HandClock
) -> None:
    await store.inbox.add(
        [arrival(1, "late", 3000), arrival(1, "early", 1000), arrival(1, "between", 2000)], clock.now_ms()
    )
    seen = []

    def decide(raw: bytes, resident: Resident | None, _state_event_ms: int) -> Outcome:
        seen.append(raw.decode().split()[1])
        topics = resident.values(Fact.TOPIC) if resident else ()
        return Outcome((resident or someone(1)).with_values(Fact.TOPIC, (*topics, seen[-1])))

    assert [(await process_next(store, clock, decide)).more for _ in range(3)] == [True, True, False]
    assert await process_next(store, clock, decide) == Worked()
    assert seen == ["early", "between", "late"]
    assert (await store.residents.find(user(1))).values(Fact.TOPIC) == ("early", "between", "late")


async def test_an_event_whose_processing_fails_waits_and_leaves_nothing(
    store: Store, clock: HandClock
) -> None:
    await store.inbox.add([arrival(1, "a")], clock.now_ms())

    def fail(*_: object) -> Outcome:
        raise RuntimeError("handler")

    with pytest.raises(RuntimeError):
        await process_next(store, clock, fail)
    assert await store.inbox.waiting() == 1


async def test_a_reply_is_taken_over_when_its_lease_has_run_out_and_by_one_only(
    store: Store, clock: HandClock
) -> None:
    await store.inbox.add([arrival(1, "a")], clock.now_ms())
    _, reply, _ = await process_next(store, clock, answered)
    assert reply is not None
    clock.advance(seconds=LEASE - 1)
    assert await taken_over(store, clock) == []
    clock.advance(seconds=1)
    assert sorted(await asyncio.gather(*(taken_over(store, clock) for _ in range(3)))) == [[], [], [reply]]
    clock.advance(seconds=LEASE - 1)
    assert await taken_over(store, clock) == []
    await store.inbox.replied(reply.event)
    clock.advance(seconds=LEASE)
    assert await taken_over(store, clock) == []


async def test_a_renewed_reply_is_not_taken_over_and_a_released_one_at_once(
    store: Store, clock: HandClock
) -> None:
    await store.inbox.add([arrival(1, "a")], clock.now_ms())
    _, reply, _ = await process_next(store, clock, answered)
    assert reply is not None
    clock.advance(seconds=LEASE - 1)
    await store.inbox.renew_reply(reply.event, clock.after_ms(LEASE))
    clock.advance(seconds=LEASE - 1)
    assert await taken_over(store, clock) == []
    await store.inbox.release_replies()
    assert await taken_over(store, clock) == [reply]


async def test_the_next_event_waits_for_the_reply_to_the_one_before(store: Store, clock: HandClock) -> None:
    await store.inbox.add([arrival(1, "a"), arrival(1, "b", 2000), arrival(2, "c", 3000)], clock.now_ms())
    _, reply, _ = await process_next(store, clock, answered)
    assert reply is not None
    assert await process_next(store, clock, answered) == Worked()
    others = await store.inbox.process_next(user(2), lambda *_: Outcome(someone(2)), clock.now_ms(), 0)
    assert others == Worked(found=True)
    clock.advance(seconds=LEASE)  # who takes it over sends it first
    assert await process_next(store, clock, answered) == Worked()
    await store.inbox.replied(reply.event)
    assert (await process_next(store, clock, lambda *_: Outcome(someone(1)))).found


async def test_the_last_reply_to_an_erased_resident_is_sent_too(store: Store, clock: HandClock) -> None:
    await settle(store, someone(1))
    await store.inbox.add([arrival(1, "a")], clock.now_ms())
    farewell = Outcome(None, reply_token="token", reply=MESSAGES["ja"])
    _, reply, _ = await process_next(store, clock, lambda *_: farewell)
    assert reply is not None
    clock.advance(seconds=LEASE)
    assert await taken_over(store, clock) == [reply._replace(user_id=None)]


async def test_old_events_go_and_what_was_taken_back_is_emptied(store: Store, clock: HandClock) -> None:
    await store.inbox.add([arrival(1, "a"), arrival(1, "b", 2000)], clock.now_ms())
    await process_next(store, clock, lambda *_: Outcome(someone(1)))
    take_back = Outcome(someone(1), unsent_message_id="m-a")
    await process_next(store, clock, lambda *_: take_back)
    assert f"{user(1)} a" not in await everything(store)
    clock.advance(days=1)
    await store.inbox.add([arrival(1, "c")], clock.now_ms())
    await store.inbox.purge(clock.now_ms())
    assert await store.inbox.waiting() == 1


# ---- notices, wake-ups ----


async def test_an_occurrence_fires_once_however_many_clocks_run(store: Store, clock: HandClock) -> None:
    fired = await asyncio.gather(
        *(store.notices.fire("tax", "k", draft(scheduled_ms=clock.now_ms()), MESSAGES) for _ in range(5))
    )
    assert len([number for number in fired if number is not None]) == 1
    await store.notices.miss("tax", "k", clock.now_ms(), "late")
    assert [happened.state for happened in await store.notices.history(10)] == ["fired"]
    await store.notices.miss("tax", "other", clock.now_ms(), "late")
    assert [deed.action for deed in await store.audit.since(0)] == ["notice.missed"]
    await store.notices.set_checked({"tax": 5, "bus": 6})
    await store.notices.set_checked({"tax": 7})
    assert await store.notices.checked() == {"tax": 7, "bus": 6}


async def test_whoever_waits_is_woken_by_a_commit(store: Store) -> None:
    await store.database.changed(0.01)
    async with asyncio.timeout(10):
        waiting = asyncio.create_task(store.database.changed(600))
        await asyncio.sleep(0)
        await store.broadcasts.create(draft(), MESSAGES)
        await waiting


async def test_news_on_the_way_do_not_swallow_a_cancellation(store: Store) -> None:
    for turns in range(5):
        await store.database.changed(0.01)
        waiting = asyncio.create_task(store.database.changed(600))
        await asyncio.sleep(0)
        store.database._news.set()  # type: ignore[attr-defined]  exactly now, not when a connection hears of it
        for _ in range(turns):
            await asyncio.sleep(0)
        was_done = waiting.done()
        waiting.cancel()
        await asyncio.wait({waiting}, timeout=5)
        assert was_done or waiting.cancelled(), turns


async def test_one_bad_append_in_a_group_harms_only_itself(store: Store, clock: HandClock) -> None:
    bad = arrival(1, "bad")._replace(timestamp_ms=None)  # type: ignore[arg-type]
    results = await asyncio.gather(
        *(store.inbox.add([arrival(n, f"e{n}")], clock.now_ms()) for n in range(20)),
        store.inbox.add([bad], clock.now_ms()),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert await store.inbox.waiting() == 20
