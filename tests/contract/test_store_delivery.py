"""What every store promises of broadcasts and batches, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from bot.domain.broadcasts import BatchState, Broadcast, Event, Priority, State
from bot.domain.errors import RefusedError
from bot.store.outbox import Ending
from bot.store.store import Store
from tests.clock import HandClock
from tests.settling import MESSAGES, claimed, draft, recipients, sending, settle, someone, user


async def test_only_one_of_many_approvals_at_once_wins(store: Store) -> None:
    number = await store.broadcasts.create(draft(), MESSAGES)
    results = await asyncio.gather(
        *(
            store.broadcasts.change(number, Event.APPROVE, f"chief{n}", approver=f"chief{n}")
            for n in range(5)
        ),
        return_exceptions=True,
    )
    assert Counter(type(result) for result in results) == {Broadcast: 1, RefusedError: 4}
    assert [deed.action for deed in await store.audit.since(0)] == ["broadcast.new", "broadcast.approve"]


async def test_approving_what_has_a_time_schedules_it(store: Store, clock: HandClock) -> None:
    number = await store.broadcasts.create(draft(scheduled_ms=clock.after_ms(60)), MESSAGES)
    approved = await store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
    assert approved.state is State.SCHEDULED
    assert await store.broadcasts.due(clock.now_ms()) == []
    clock.advance(minutes=1)
    assert [found.id for found in await store.broadcasts.due(clock.now_ms())] == [number]
    assert await store.broadcasts.payloads(number) == MESSAGES


async def test_batches_hold_500_of_a_language_and_the_urgent_go_first(store: Store, clock: HandClock) -> None:
    await settle(
        store,
        *(someone(n, language="en" if n % 4 == 0 else "zh" if n % 4 == 1 else "ja") for n in range(1400)),
    )
    normal = await sending(store, clock)
    urgent = await sending(store, clock, Priority.EMERGENCY)
    batches = await claimed(store, 100)
    assert [b.broadcast_id for b in batches] == [urgent] * 4
    batches = await claimed(store)
    assert [b.broadcast_id for b in batches] == [normal] * 4
    messages = await store.outbox.messages({b.message_id for b in batches})
    texts = {number: json.loads(payload)[0]["text"] for number, (payload, _) in messages.items()}
    assert Counter((texts[b.message_id], b.size) for b in batches if b.broadcast_id == normal) == {
        ("Hello", 350): 1,
        ("こんにちは", 500): 2,
        ("こんにちは", 50): 1,
    }
    reached = [u for b in batches if b.broadcast_id == normal for u in recipients(b)]
    assert sorted(reached) == sorted(user(n) for n in range(1400))
    assert len({b.retry_key for b in batches}) == 4


async def test_no_batch_is_leased_twice(store: Store, clock: HandClock) -> None:
    await settle(store, *(someone(n) for n in range(3000)))
    await sending(store, clock)
    claims = await asyncio.gather(*(claimed(store, 2, f"worker{n}") for n in range(6)))
    ids = [batch.id for claim in claims for batch in claim]
    assert len(ids) == len(set(ids)) == 6


async def test_a_lease_that_ran_out_is_free_again_under_the_same_key(store: Store, clock: HandClock) -> None:
    await settle(store, someone(1))
    await sending(store, clock)
    (first,) = await claimed(store, 1, "gone")
    await store.outbox.tend(clock.after_ms(-23 * 3600), "no answer")
    assert await claimed(store, 1, "other") == []
    clock.advance(seconds=31)
    await store.outbox.tend(clock.after_ms(-23 * 3600), "no answer")
    (second,) = await claimed(store, 1, "other")
    assert (second.retry_key, second.attempts, second.first_attempt_ms) == (
        first.retry_key,
        2,
        first.first_attempt_ms,
    )
    await store.outbox.release_all()
    assert len(await claimed(store, 1, "third")) == 1


async def test_what_waited_a_day_without_an_answer_is_unknown_and_told(
    store: Store, clock: HandClock
) -> None:
    await settle(store, someone(1))
    number = await sending(store, clock)
    (batch,) = await claimed(store, 1)
    await store.outbox.retry(batch, "me", clock.after_ms(60), "500")
    assert await store.outbox.next_due_ms() == clock.after_ms(60)
    clock.advance(hours=24)
    await store.outbox.tend(clock.after_ms(-23 * 3600), "no answer")
    report = await store.reports.of(number)
    assert report.counts == {BatchState.UNKNOWN: 1}
    assert report.undelivered == [(user(1), BatchState.UNKNOWN, "500")]
    assert await claimed(store, 1) == []


async def test_a_cancelled_broadcast_sends_nothing_more(store: Store, clock: HandClock) -> None:
    await settle(store, *(someone(n) for n in range(1200)))
    number = await sending(store, clock)
    (batch,) = await claimed(store, 1)
    await store.broadcasts.change(number, Event.CANCEL, "clerk", finished_ms=clock.now_ms())
    assert await claimed(store, 10) == []
    await store.outbox.end(Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None))
    report = await store.reports.of(number)
    assert report.counts == {BatchState.ACCEPTED: 500, BatchState.CANCELLED: 700}
    with pytest.raises(RefusedError):
        await store.broadcasts.change(number, Event.CANCEL, "clerk")


async def test_a_broadcast_is_finished_when_every_batch_has_ended(store: Store, clock: HandClock) -> None:
    await settle(store, *(someone(n) for n in range(600)))
    number = await sending(store, clock)
    for batch in await claimed(store, 10):
        assert await store.broadcasts.finished() == []
        await store.outbox.end(
            Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None)
        )
    assert await store.broadcasts.finished() == [number]


async def test_each_of_many_answers_at_once_is_recorded_for_its_own_batch(
    store: Store, clock: HandClock
) -> None:
    await settle(store, someone(1))
    numbers = [await sending(store, clock) for _ in range(150)]
    batches = await claimed(store, 200)
    outdated = batches[7]
    endings = [
        Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, clock.now_ms(), f"r{batch.id}", None)
        if batch.id % 3
        else Ending(batch.id, batch.retry_key, BatchState.FAILED, clock.now_ms(), None, f"400 {batch.id}")
        for batch in batches
        if batch is not outdated
    ]
    stale = Ending(outdated.id, "a key it had before", BatchState.ACCEPTED, clock.now_ms(), "r", None)
    await asyncio.gather(*(store.outbox.end(ending) for ending in [*endings, stale]))
    ended = {each.id: each for number in numbers for each in await store.reports.batches(number)}
    assert {number: (each.state, each.request_id, each.reason) for number, each in ended.items()} == {
        outdated.id: (BatchState.LEASED, None, None),
        **{ending.id: (ending.state, ending.request_id, ending.reason) for ending in endings},
    }
