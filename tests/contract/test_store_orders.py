"""Evacuation orders, what staff say of shelters, and 安否, on both databases."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from bot.domain.audiences import Staff, Told
from bot.domain.broadcasts import Event, State
from bot.domain.errors import NotFoundError, RefusedError
from bot.domain.orders import Deed, Order, OrderState, Reach
from bot.domain.residents import Fact, ResidentState
from bot.domain.safety import SafetyAnswer, SafetyState
from bot.domain.shelters import Place, ShelterState
from bot.store.inbox import Arrival, Outcome
from bot.store.orders import add_broadcast, insert
from bot.store.outbox import Ending
from bot.store.port import Session
from bot.store.reports import BatchState
from bot.store.residents import newest_id
from bot.store.store import Store
from bot.store.told import resident_ids, told_condition
from tests.clock import HandClock
from tests.settling import MESSAGES, claimed, draft, everything, sending, settle, someone, user

_events = count(1)


async def drafted(store: Store, level: int = 4, *districts: str, hazard: str = "洪水", **changes: Any) -> int:
    """An order that waits for approval; its id."""
    order = Order(level, hazard, districts or ("溝延", "西里"), "clerk", {"ja": "水位"}, **changes)
    made: list[int] = []

    async def beside(session: Session, broadcast_id: int) -> None:
        made[:] = [await insert(session, order)]
        await add_broadcast(session, made[0], broadcast_id, Deed.ISSUE, order.districts)

    await store.broadcasts.create(draft(), MESSAGES, beside=beside)
    return made[0]


async def ending(store: Store, order_id: int, deed: Deed, *districts: str) -> int:
    async def beside(session: Session, broadcast_id: int) -> None:
        await add_broadcast(session, order_id, broadcast_id, deed, districts)

    return await store.broadcasts.create(draft(), MESSAGES, beside=beside)


async def approved(store: Store, order_id: int) -> Order:
    *_, telling = await store.orders.tellings(order_id)
    await store.broadcasts.change(telling.broadcast_id, Event.APPROVE, "chief", approver="chief")
    return await store.orders.find(order_id)


async def issued(store: Store, level: int = 4, *districts: str, **changes: Any) -> Order:
    return await approved(store, await drafted(store, level, *districts, **changes))


async def test_an_order_comes_back_as_written_and_is_in_force_once_its_broadcast_is_approved(
    store: Store, clock: HandClock
) -> None:
    number = await drafted(store, reach=Reach.TOPIC, scenario="最上川", created_ms=5)
    found = await store.orders.find(number)
    assert found == Order(
        4,
        "洪水",
        ("溝延", "西里"),
        "clerk",
        {"ja": "水位"},
        Reach.TOPIC,
        scenario="最上川",
        created_ms=5,
        id=number,
    )
    assert await store.orders.active() == []
    clock.advance(minutes=1)
    order = await approved(store, number)
    assert (order.state, order.approver, order.issued_ms) == (OrderState.IN_FORCE, "chief", clock.now_ms())
    assert await store.orders.active() == [order]
    assert [(each.deed, each.state) for each in await store.orders.tellings(number)] == [
        (Deed.ISSUE, State.APPROVED)
    ]
    assert ("chief", "order.issue") in [(deed.actor, deed.action) for deed in await store.audit.since(0)]


async def test_a_draft_that_is_cancelled_never_comes_into_force_and_one_in_force_stays_so(
    store: Store,
) -> None:
    number = await drafted(store)
    await store.broadcasts.change(1, Event.CANCEL, "clerk")
    assert (await store.orders.find(number)).state is OrderState.CANCELLED
    order = await issued(store)
    await store.broadcasts.change(2, Event.CANCEL, "clerk")
    assert (await store.orders.find(order.id)).state is OrderState.IN_FORCE


async def test_a_higher_level_takes_the_place_of_a_lower_one_where_both_hold(store: Store) -> None:
    low, other = await issued(store, 3), await issued(store, 3, hazard="土砂災害")
    high = await issued(store, 4, "溝延")
    found = await store.orders.find(low.id)
    assert (found.state, found.districts) == (OrderState.NARROWED, ("西里",))
    highest = await issued(store, 5, "西里", "溝延")
    for number in (low.id, high.id):
        over = await store.orders.find(number)
        assert (over.state, over.superseded_by) == (OrderState.SUPERSEDED, highest.id)
    assert [each.id for each in await store.orders.active()] == [other.id, highest.id]
    assert [each.id for each in await store.orders.superseded_by(highest.id)] == [low.id, high.id]


async def test_the_same_or_a_lower_level_is_refused_at_approval_and_nothing_changes(store: Store) -> None:
    number, later = await drafted(store, 3, "溝延"), await drafted(store, 4, "溝延")
    high = await issued(store, 4, "溝延")
    for order_id in (number, later):
        with pytest.raises(RefusedError, match="もう発令しています"):
            await approved(store, order_id)
        assert (await store.orders.find(order_id)).state is OrderState.DRAFT
    assert (await store.broadcasts.find(1)).state is State.DRAFT
    drill = await issued(store, 3, "溝延", drill=True)
    assert {each.id for each in await store.orders.active()} == {high.id, drill.id}


async def test_of_two_approved_at_once_one_is_in_force(store: Store) -> None:
    numbers = [await drafted(store, 4, "溝延") for _ in range(4)]
    results = await asyncio.gather(*(approved(store, n) for n in numbers), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Order"] + ["RefusedError"] * 3
    assert len(await store.orders.active()) == 1


async def test_one_change_of_an_order_waits_at_a_time_so_that_who_approves_it_gets_what_they_read(
    store: Store,
) -> None:
    order = await issued(store)
    results = await asyncio.gather(
        ending(store, order.id, Deed.NARROW, "西里"),
        ending(store, order.id, Deed.LIFT),
        return_exceptions=True,
    )
    (refused,) = [each for each in results if isinstance(each, RefusedError)]
    assert f"machi order approve {order.id}" in str(refused)
    assert f"machi order cancel {order.id}" in str(refused)
    *_, waiting = await store.orders.tellings(order.id)
    assert [each.state for each in await store.orders.tellings(order.id)].count(State.DRAFT) == 1
    await store.broadcasts.change(waiting.broadcast_id, Event.CANCEL, "clerk")
    await ending(store, order.id, Deed.LIFT)
    assert (await approved(store, order.id)).state is OrderState.LIFTED


async def test_narrowing_and_lifting_follow_their_broadcasts(store: Store, clock: HandClock) -> None:
    order = await issued(store)
    await ending(store, order.id, Deed.NARROW, "西里")
    assert (await store.orders.find(order.id)).state is OrderState.IN_FORCE
    narrowed = await approved(store, order.id)
    assert (narrowed.state, narrowed.districts) == (OrderState.NARROWED, ("西里",))
    lifting = await ending(store, order.id, Deed.LIFT)
    await store.broadcasts.change(lifting, Event.CANCEL, "clerk")
    assert (await store.orders.find(order.id)).state is OrderState.NARROWED
    first = await ending(store, order.id, Deed.LIFT)
    await store.broadcasts.change(first, Event.APPROVE, "chief", approver="chief")
    lifted = await store.orders.find(order.id)
    assert (lifted.state, lifted.ended_ms) == (OrderState.LIFTED, clock.now_ms())
    late = await ending(store, (await issued(store, 3)).id, Deed.LIFT)
    await issued(store, 4)
    with pytest.raises(RefusedError, match="発令中ではありません"):
        await store.broadcasts.change(late, Event.APPROVE, "chief", approver="chief")
    with pytest.raises(NotFoundError):
        await store.orders.find(99)


async def test_a_narrowing_that_no_longer_fits_is_refused(store: Store) -> None:
    order = await issued(store, 3)
    late = await ending(store, order.id, Deed.NARROW, "溝延")
    await issued(store, 4, "溝延")
    with pytest.raises(RefusedError, match="作り直して"):
        await store.broadcasts.change(late, Event.APPROVE, "chief", approver="chief")


# ---- who was told ----


async def test_who_was_told_is_who_got_it_or_may_have_and_still_follows(
    store: Store, clock: HandClock
) -> None:
    await settle(store, *(someone(n, language="en" if n == 6 else "ja") for n in range(1, 7)))
    number = await sending(store, clock)
    second, first = sorted(await claimed(store), key=lambda batch: batch.size)
    await store.outbox.end(Ending(first.id, first.retry_key, BatchState.ACCEPTED, clock.now_ms(), "r", None))
    await settle(store, someone(7), someone(3, state=ResidentState.STOPPED))
    await store.residents.erase(user(2))
    told = told_condition(store.database.dialect, [number])
    assert [each.user_id async for each in store.residents.audience(told)] == [user(n) for n in (1, 4, 5, 6)]
    await store.outbox.end(
        Ending(second.id, second.retry_key, BatchState.FAILED, clock.now_ms(), None, "400")
    )
    assert await store.residents.count(told) == 3
    assert await store.residents.count(told_condition(store.database.dialect, [])) == 0


async def test_an_audience_comes_back_as_stored(store: Store) -> None:
    for audience in (None, Told((3, 5)), Told((3,), segment="topic = tax"), Staff(), Staff(but="当直")):
        number = await store.broadcasts.create(draft(audience=audience), MESSAGES)
        assert (await store.broadcasts.find(number)).audience == audience


async def test_staff_who_are_no_residents_have_no_number(store: Store) -> None:
    await settle(store, someone(1), someone(2))

    async def look(session: Session) -> list[str]:
        return await resident_ids(session, [user(9), user(2), user(1)])

    assert await store.database.write(look) == ["0", "2", "1"]
    assert await newest_id(store.database) == 2


# ---- shelters ----


async def test_the_newest_word_about_a_shelter_counts(store: Store, clock: HandClock) -> None:
    await store.shelters.set({"a": "甲", "b": "乙"}, ShelterState.OPEN, "clerk")
    clock.advance(minutes=1)
    await store.shelters.set({"a": "甲"}, ShelterState.FULL, "chief")
    found = await store.shelters.all()
    assert (found["a"].state, found["a"].actor, found["a"].at_ms) == (
        ShelterState.FULL,
        "chief",
        clock.now_ms(),
    )
    assert found["b"].state is ShelterState.OPEN
    deeds = [(deed.action, deed.subject, deed.detail) for deed in await store.audit.since(0)]
    assert deeds == [
        ("shelter.open", "shelter:a", "甲"),
        ("shelter.open", "shelter:b", "乙"),
        ("shelter.full", "shelter:a", "甲"),
    ]


# ---- 安否 ----


async def say(store: Store, clock: HandClock, number: int, answer: SafetyAnswer, **changes: Any) -> None:
    """Let a resident's event give an answer."""
    event = f"e{next(_events)}"
    arrival = Arrival(event, user(number), f"m-{event}", 1, f"{user(number)} 家の屋根".encode(), waits=True)
    await store.inbox.add([arrival], clock.now_ms())
    outcome = Outcome(someone(number, **changes), safety=answer, is_private=True)
    now_ms = clock.now_ms()
    assert (await store.inbox.process_next(user(number), lambda *_: outcome, now_ms, now_ms)).found


async def test_the_newest_answer_counts_and_a_place_is_added_to_it(store: Store, clock: HandClock) -> None:
    await say(store, clock, 1, SafetyAnswer(words="どこか"))
    assert await store.safety.all() == [], "a place without an answer is kept nowhere"
    await say(
        store, clock, 1, SafetyAnswer(SafetyState.HELP), facts={Fact.DISTRICT: ("溝延",)}, language="en"
    )
    await say(store, clock, 2, SafetyAnswer(SafetyState.SAFE))
    clock.advance(minutes=1)
    at = {"facts": {Fact.DISTRICT: ("溝延",)}, "language": "en"}
    await say(store, clock, 1, SafetyAnswer(words="家の屋根"), **at)
    await say(store, clock, 1, SafetyAnswer(place=Place(38.4, 140.3)), **at)
    first, second = await store.safety.all()
    assert first[:6] == (user(1), "en", "溝延", SafetyState.HELP, "家の屋根", Place(38.4, 140.3))
    assert first.at_ms == clock.now_ms()
    assert second[:6] == (user(2), "ja", None, SafetyState.SAFE, None, None)
    assert await store.safety.counts() == {"溝延": {SafetyState.HELP: 1}, None: {SafetyState.SAFE: 1}}
    await say(store, clock, 1, SafetyAnswer(SafetyState.HELP), **at)
    (first, _) = await store.safety.all()
    assert first[3:6] == (SafetyState.HELP, "家の屋根", Place(38.4, 140.3)), (
        "the same once more forgets no place"
    )
    await say(store, clock, 1, SafetyAnswer(SafetyState.EVACUATED), **at)
    changed = next(each for each in await store.safety.all() if each.user_id == user(1))
    assert changed[3:6] == (SafetyState.EVACUATED, None, None), "where one was is not where one is"


async def test_nothing_of_an_answer_stays_after_its_time_after_the_resident_or_when_staff_erase_all(
    store: Store, clock: HandClock
) -> None:
    for number in (1, 2):
        await say(store, clock, number, SafetyAnswer(SafetyState.HELP))
        await say(store, clock, number, SafetyAnswer(words="家の屋根"))
    assert "家の屋根" in await everything(store)
    await store.residents.erase(user(1))
    assert user(1) not in await everything(store)
    assert [each.user_id for each in await store.safety.all()] == [user(2)]
    await store.safety.purge(clock.now_ms())
    assert len(await store.safety.all()) == 1
    await store.safety.purge(clock.now_ms() + 1)
    assert "家の屋根" not in await everything(store)
    await say(store, clock, 3, SafetyAnswer(SafetyState.SAFE))
    assert await store.safety.erase("clerk") == 1
    assert await store.safety.all() == []
    assert [(deed.action, deed.detail) for deed in await store.audit.since(0)] == [("safety.erase", "1")]
