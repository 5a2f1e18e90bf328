"""Staff hear in time that the bus timetable ends, from a service that has been running for long, on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.broadcasts.timetable_watch import TimetableWatch
from bot.domain.broadcasts import State
from bot.store.store import Store
from bot.town.model import StaffMember
from tests.clock import HandClock
from tests.integration.delivering import TOWN
from tests.integration.running import user
from tests.unit.bus_feeds import SMALL, written

INFO = "feed_publisher_name,feed_end_date\n町,20270630\n"


async def notes(store: Store) -> list[str]:
    found = await store.broadcasts.newest(9)
    assert {each.state for each in found} <= {State.SCHEDULED}
    return [(await store.broadcasts.payloads(each.id))["ja"][0]["text"] for each in reversed(found)]


async def test_staff_are_told_once_before_the_last_service_day_and_once_after(
    store: Store, clock: HandClock, tmp_path: Path
) -> None:
    folder = written(tmp_path, {**SMALL, "feed_info.txt": INFO})  # its calendar ends on 2027-03-31
    town = replace(TOWN, folder=folder, staff=(StaffMember("clerk", user(1)),))
    running = TimetableWatch(store, town, clock)
    clock.set("2027-02-28T12:00")
    await running.tick()
    assert await notes(store) == []
    clock.set("2027-03-01T00:00")
    await running.tick()
    (soon,) = await notes(store)
    assert "バスの時刻表は 2027-03-31 で期限が切れます(あと30日)" in soon
    for day in ("2027-03-02", "2027-03-31"):
        clock.set(f"{day}T12:00")
        await running.tick()
        await TimetableWatch(store, town, clock).tick()  # another process, or after a restart
    assert len(await notes(store)) == 1
    clock.set("2027-04-01T08:00")
    await running.tick()
    await running.tick()
    assert "2027-03-31 で期限が切れています" in (await notes(store))[1]
    clock.set("2027-04-09T08:00")
    await running.tick()
    assert len(await notes(store)) == 2


async def test_a_town_without_a_timetable_has_nothing_to_tell(store: Store, clock: HandClock) -> None:
    await TimetableWatch(store, TOWN, clock).tick()
    assert await notes(store) == []
