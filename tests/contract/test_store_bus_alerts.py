"""Alerts beside their broadcasts, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.broadcasts import Event, State
from bot.domain.bus_alerts import BusAlert, Cause, Effect
from bot.domain.errors import NotFoundError, RefusedError
from bot.store.bus_alerts import insert
from bot.store.port import Session
from bot.store.store import Store
from tests.clock import HandClock
from tests.settling import MESSAGES, draft

HOUR = 3_600_000


def alert(clock: HandClock, **changes: object) -> BusAlert:
    now = clock.now_ms()
    made = BusAlert(
        Effect.DETOUR,
        Cause.WEATHER,
        now,
        now + HOUR,
        ("r1", "路線二"),
        ("s1",),
        {"ja": "谷地線: 迂回", "en": "Yachi: detour"},
        {"ja": "雪です。"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def stored(store: Store, made: BusAlert, events: str = "") -> BusAlert:
    """The alert with its broadcast, moved along by these events."""

    async def beside(session: Session, number: int) -> None:
        await insert(session, made, number)

    number = await store.broadcasts.create(draft(), MESSAGES, beside=beside)
    for event in events.split():
        approver = {"approver": "chief"} if event == "approve" else {}
        await store.broadcasts.change(number, Event(event), "chief", **approver)
    return next(each for each, _ in await store.bus_alerts.newest(99) if each.broadcast_id == number)


SENT = "approve schedule start finish"


async def test_an_alert_comes_back_as_it_was_written(store: Store, clock: HandClock) -> None:
    made = alert(clock)
    found = await stored(store, made)
    assert replace(found, id=0, broadcast_id=0) == made
    open_ended = await stored(store, alert(clock, until_ms=None))
    assert [(each.id, state) for each, state in await store.bus_alerts.newest(1)] == [
        (open_ended.id, State.DRAFT)
    ]


@pytest.mark.parametrize(
    ("events", "count"),
    [
        ("", 0),
        ("approve", 0),
        ("approve schedule", 0),
        ("approve schedule start", 1),
        (SENT, 1),
        ("cancel", 0),
        ("approve cancel", 0),
        ("approve schedule start cancel", 0),
        ("approve schedule start pause", 0),
    ],
)
async def test_what_residents_have_been_told_is_published(
    store: Store, clock: HandClock, events: str, count: int
) -> None:
    found = await stored(store, alert(clock), events)
    assert await store.bus_alerts.published() == [found] * count


async def test_it_is_published_until_it_is_over(store: Store, clock: HandClock) -> None:
    short = await stored(store, alert(clock), SENT)
    long = await stored(store, alert(clock, until_ms=None), SENT)
    assert await store.bus_alerts.published() == [short, long]
    clock.advance(hours=1)
    assert await store.bus_alerts.published() == [long]


async def test_staff_can_end_it_once(store: Store, clock: HandClock) -> None:
    found = await stored(store, alert(clock), SENT)
    ended, state = await store.bus_alerts.end(found.id, "clerk")
    assert (ended.ended_ms, state) == (clock.now_ms(), State.DONE)
    assert await store.bus_alerts.published() == []
    with pytest.raises(RefusedError):
        await store.bus_alerts.end(found.id, "clerk")
    with pytest.raises(NotFoundError):
        await store.bus_alerts.end(found.id + 1, "clerk")
    deeds = [(d.actor, d.action, d.subject) for d in await store.audit.since(0) if "bus" in d.action]
    assert deeds == [("clerk", "bus_alert.end", f"bus_alert:{found.id}")]


async def test_a_broadcast_whose_alert_fails_is_not_stored(store: Store, clock: HandClock) -> None:
    async def beside(session: Session, number: int) -> None:
        await insert(session, alert(clock), number)
        raise RefusedError("まちがい")

    with pytest.raises(RefusedError):
        await store.broadcasts.create(draft(), MESSAGES, beside=beside)
    assert await store.broadcasts.newest(9) == []
    assert await store.bus_alerts.newest(9) == []
