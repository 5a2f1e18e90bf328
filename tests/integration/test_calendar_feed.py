"""The town's calendar over HTTP: whole, and for one resident by a link of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import icalendar
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.domain.events import Event, midnight
from bot.domain.residents import Fact, Resident
from bot.feeds.town_calendar import TownCalendar
from bot.metrics import Metrics
from bot.settings import Settings
from bot.store.store import Store
from bot.town import load
from bot.town.model import Town
from bot.web.app import application
from bot.wiring import Service
from tests.clock import HandClock
from tests.settling import everything, settle, user
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TOKEN = "t" * 32


@asynccontextmanager
async def serving(store: Store, clock: HandClock, town: Town = TOWN) -> AsyncIterator[TestClient[Any, Any]]:
    @asynccontextmanager
    async def service() -> AsyncIterator[Service]:
        settings = Settings.from_environment({})
        yield Service(settings, clock, store, Metrics(), calendar=TownCalendar(town, store, clock))

    async with TestClient(TestServer(application(service))) as client:
        yield client


async def shown(
    client: TestClient[Any, Any], path: str = "/feeds/calendar.ics"
) -> dict[str, icalendar.Event]:
    """The entries by their summaries, of several the first; each must be what RFC 5545 demands."""
    answer = await client.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    body = await answer.read()
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(body)
    assert calendar.errors == []
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Asia/Tokyo"]
    events = list(calendar.walk("VEVENT"))
    assert len({event["UID"] for event in events}) == len(events)
    return {str(event["SUMMARY"]): event for event in reversed(events)}


def resident(number: int = 1, token: str = TOKEN, **facts: tuple[str, ...]) -> Resident:
    return Resident(user(number), facts={Fact(k): v for k, v in facts.items()}, calendar_token=token)


async def test_events_and_due_dates_are_entries_of_their_days(store: Store, clock: HandClock) -> None:
    async with serving(store, clock) as client:
        entries = await shown(client)
    doll = entries["谷地ひなまつり"]
    assert (doll["DTSTART"].dt, doll["DTEND"].dt) == (date(2027, 4, 2), date(2027, 4, 4))
    assert doll["DTSTART"].params["VALUE"] == "DATE"
    party = entries["親子クリスマス会"]
    assert party["DTSTART"].params["TZID"] == "Asia/Tokyo"
    assert party["DTSTART"].dt.hour == 10
    due = entries["固定資産税 第4期の納期限"]
    assert (due["DTSTART"].dt, due["DTEND"].dt) == (date(2026, 11, 30), date(2026, 12, 1))
    assert due["DTSTAMP"].dt == due["LAST-MODIFIED"].dt == clock.now().replace(microsecond=0)
    assert "町県民税 第4期の納期限" in entries


async def test_an_entry_keeps_its_uid_and_counts_its_changes_over_restarts(
    store: Store, clock: HandClock
) -> None:
    async with serving(store, clock) as client:
        before = await shown(client)
    clock.advance(days=1)
    moved = tuple(
        replace(event, start=event.start + timedelta(days=7), end=event.end + timedelta(days=7))
        if event.name == "親子クリスマス会"
        else event
        for event in TOWN.events
    )
    async with serving(store, clock, replace(TOWN, events=moved)) as client:
        after = await shown(client)
    was, now = before["親子クリスマス会"], after["親子クリスマス会"]
    assert was["UID"] == now["UID"]
    assert (was["SEQUENCE"], now["SEQUENCE"]) == (0, 1)
    assert now["LAST-MODIFIED"].dt - was["LAST-MODIFIED"].dt == timedelta(days=1)
    untouched = before["谷地ひなまつり"], after["谷地ひなまつり"]
    assert untouched[0].to_ical() == untouched[1].to_ical()


async def test_who_has_it_already_gets_304(store: Store, clock: HandClock) -> None:
    async with serving(store, clock) as client:
        first = await client.get("/feeds/calendar.ics")
        tag, since = first.headers["ETag"], first.headers["Last-Modified"]
        for headers, status in (
            ({"If-None-Match": tag}, 304),
            ({"If-None-Match": f'"other", W/{tag}'}, 304),
            ({"If-Modified-Since": since}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-None-Match": '"other"', "If-Modified-Since": since}, 200),
            ({"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}, 200),
            ({"If-Modified-Since": "nonsense"}, 200),
        ):
            answer = await client.get("/feeds/calendar.ics", headers=headers)
            assert (answer.status, answer.headers["ETag"]) == (status, tag), headers
            assert bool(await answer.read()) == (status == 200)


async def test_an_entry_taken_away_is_a_change_too(store: Store, clock: HandClock) -> None:
    async with serving(store, clock) as client:
        since = (await client.get("/feeds/calendar.ics")).headers["Last-Modified"]
    clock.advance(hours=1)
    async with serving(store, clock, replace(TOWN, events=TOWN.events[1:])) as client:
        answer = await client.get("/feeds/calendar.ics", headers={"If-Modified-Since": since})
        assert answer.status == 200


async def test_a_month_later_the_window_has_moved_on(store: Store, clock: HandClock) -> None:
    async with serving(store, clock) as client:
        first = await shown(client)
        clock.advance(days=150)
        later = await shown(client)
    assert "固定資産税 第4期の納期限" in first
    assert date(2026, 11, 30) not in {event["DTSTART"].dt for event in later.values()}
    assert "谷地どんがまつり" in later


async def test_a_resident_sees_their_topics_taxes_and_district(store: Store, clock: HandClock) -> None:
    drill = Event("drill", "西里の訓練", midnight(date(2027, 3, 1)), midnight(date(2027, 3, 2)), all_day=True)
    events = (*TOWN.events, replace(drill, topics=("disaster",), district="西里"))
    await settle(
        store,
        resident(1, "a" * 32, topic=("tax",), tax=("固定資産税",)),
        resident(2, "b" * 32, topic=("childcare", "disaster"), district=("西里",)),
        resident(3, "c" * 32, topic=("disaster",), district=("溝延",)),
        resident(4, "d" * 32, topic=("disaster",)),
    )
    async with serving(store, clock, replace(TOWN, events=events)) as client:
        seen = {name: set(await shown(client, f"/feeds/calendar/{name * 32}.ics")) for name in "abcd"}
    assert seen["a"]
    assert all(name.startswith("固定資産税") for name in seen["a"])
    assert seen["b"] == {"親子クリスマス会", "西里の訓練"}
    assert seen["c"] == set()
    assert seen["d"] == {"西里の訓練"}


async def test_a_changed_registration_is_a_changed_calendar(store: Store, clock: HandClock) -> None:
    await settle(store, resident(topic=("events",)))
    async with serving(store, clock) as client:
        path = f"/feeds/calendar/{TOKEN}.ics"
        first = await client.get(path)
        have = {"If-Modified-Since": first.headers["Last-Modified"]}
        assert (await client.get(path, headers=have)).status == 304
        assert first.headers["Cache-Control"].startswith("private")
        clock.advance(minutes=1)
        await settle(store, resident(topic=("tax",), tax=("固定資産税",)))
        assert (await client.get(path, headers=have)).status == 200


@pytest.mark.parametrize("path", ["x", "x" * 200, "%27%20OR%201", "..", "%00", TOKEN[:-1]])
async def test_an_unknown_link_is_not_found(store: Store, clock: HandClock, path: str) -> None:
    await settle(store, resident(topic=("events",)))
    async with serving(store, clock) as client:
        assert (await client.get(f"/feeds/calendar/{path}.ics")).status == 404


async def test_a_new_link_kills_the_old_and_erasing_kills_both(store: Store, clock: HandClock) -> None:
    await settle(store, resident(topic=("events",)))
    async with serving(store, clock) as client:
        assert await shown(client, f"/feeds/calendar/{TOKEN}.ics")
        await settle(store, resident(token="n" * 32, topic=("events",)))
        assert (await client.get(f"/feeds/calendar/{TOKEN}.ics")).status == 404
        assert await shown(client, f"/feeds/calendar/{'n' * 32}.ics")
        await store.residents.erase(user(1))
        assert (await client.get(f"/feeds/calendar/{'n' * 32}.ics")).status == 404
    found = await everything(store)
    assert user(1) not in found
    assert "n" * 32 not in found
