"""What LINE counts a broadcast's readers by: one name each, no more in a month than LINE keeps, and request ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.domain.broadcasts import Broadcast, Event, State
from bot.domain.clock import to_ms
from bot.domain.residents import Resident
from bot.store import broadcasts as rows
from simulator import Fault, Simulator
from simulator.api import ApiRequest
from tests.integration.delivering import Desk
from tests.integration.running import Running, user

NAME = re.compile(r"[A-Za-z0-9_]{1,30}")
A_MONTH = 1_000


def named(requests: list[ApiRequest]) -> set[str | None]:
    """The names that requests carry; None of those without."""
    units = [request.json.get("customAggregationUnits", [None]) for request in requests]
    assert all(len(each) == 1 for each in units), "LINE takes no more than one"
    return {each[0] for each in units}


async def test_every_request_of_a_broadcast_carries_its_one_name_and_no_other_broadcast_has_it(
    desk: Desk,
) -> None:
    """Several batches, one pushed, one rejected and divided, one repeated."""
    faults = iter([Fault(status=400, message="Failed to send messages"), Fault(status=500)])
    desk.line.faults.plan = lambda request: next(faults, None) if request.endpoint == "multicast" else None
    await desk.residents(1_100)
    english = Resident(user(0), "en")
    await desk.store.residents.save_all([(user(0), lambda _: english)])
    await desk.start()
    first = await desk.broadcast()
    await desk.until(1_100)
    of_first = desk.sent()
    second = await desk.broadcast()
    await desk.until(2_200)
    assert {request.endpoint for request in of_first} == {"multicast", "push"}
    assert {request.status for request in of_first} == {200, 400, 500}
    units = [(await desk.store.broadcasts.find(number)).unit for number in (first, second)]
    assert [named(of_first), named(desk.sent()[len(of_first) :])] == [{units[0]}, {units[1]}]
    assert units[0] != units[1]
    assert all(NAME.fullmatch(unit or "") for unit in units)


async def begun(desk: Desk, count: int) -> None:
    """Broadcasts that started now and are done, each with a name."""
    now_ms = desk.clock.now_ms()

    async def work(session: Any) -> None:
        for n in range(count):
            draft = Broadcast("済み", "all", "clerk", state=State.SCHEDULED, scheduled_ms=now_ms)
            number = await rows.insert(session, draft, {})
            broadcast = await rows.lock(session, number)
            named = await rows.move(
                session, broadcast, Event.START, now_ms, started_ms=now_ms, unit=f"machi_{n}"
            )
            await rows.move(session, named, Event.FINISH, now_ms)

    await desk.store.database.write(work)


async def test_a_month_has_a_thousand_names_and_what_comes_then_is_sent_without(desk: Desk) -> None:
    await begun(desk, A_MONTH - 1)
    await desk.residents(2)
    await desk.start()
    units = []
    for n in range(2):
        number = await desk.broadcast()
        await desk.until(2 * (n + 1))
        units.append((await desk.store.broadcasts.find(number)).unit)
    assert units[0] is not None
    assert units[1] is None
    assert [named([request]) for request in desk.sent()] == [{units[0]}, {None}]


@pytest.mark.parametrize(
    ("earlier", "later", "has_name"),
    [
        pytest.param("2026-11-30T23:59:59", "2026-12-01T00:00:01", True, id="the month before"),
        pytest.param("2026-12-01T00:00:00", "2026-12-31T20:00:00", False, id="the same month"),
        pytest.param(
            "2026-12-01T08:59:59", "2026-12-01T09:00:00", False, id="Japan's month begins before UTC's"
        ),
    ],
)
async def test_months_are_japans(desk: Desk, earlier: str, later: str, *, has_name: bool) -> None:
    until(desk, earlier)
    await begun(desk, A_MONTH)
    until(desk, later)

    async def unit(session: Any) -> str | None:
        draft = Broadcast("断水", "all", "clerk", id=7)
        return await desk.conductor._unit(session, draft, desk.clock.now())

    assert (await desk.store.database.write(unit) is not None) == has_name


def until(desk: Desk, moment: str) -> None:
    now = desk.clock.now()
    then = now.fromisoformat(moment).replace(tzinfo=now.tzinfo)
    desk.clock.advance(seconds=(to_ms(then) - to_ms(now)) / 1000)


async def test_the_id_of_the_request_that_line_accepted_is_kept_though_a_later_one_tells_of_it(
    desk: Desk,
) -> None:
    faults = iter([Fault(cut=True, accept=True), Fault(status=500)])
    desk.line.faults.plan = lambda request: next(faults, None) if request.endpoint == "multicast" else None
    await desk.residents(600)
    await desk.start()
    number = await desk.broadcast()
    await desk.until(600)
    accepted = {request.retry_key: request.request_id for request in desk.sent() if request.accepted}
    assert {409, 500} <= {request.status for request in desk.sent()}
    batches = await desk.store.reports.batches(number)
    assert {batch.request_id for batch in batches} == set(accepted.values())
    assert len(batches) == len(accepted) == 2


async def test_the_report_shows_the_name_and_each_batch_with_its_request_id(
    line: Simulator, tmp_path: Path
) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await service.residents(*({"user_id": user(n), "language": "ja" if n else "en"} for n in range(3)))
    for n in range(3):
        line.add_user(user(n))
    async with service:
        number = await service.broadcast("断水", "all")
        report = await service.ended(number)
    (sent,) = [request for request in line.requests if request.endpoint == "multicast"]
    (batch,) = report["batches"]
    assert (batch["request_id"], batch["residents"], batch["state"]) == (sent.request_id, 3, "accepted")
    assert (batch["endpoint"], batch["attempts"], batch["reason"]) == ("multicast", 1, None)
    assert sent.json["customAggregationUnits"] == [report["aggregation_unit"]]
    told = await service.machi("broadcast", "report", number, "--batches")
    assert sent.request_id in told
    assert sent.request_id not in await service.machi("broadcast", "report", number)
    assert report["aggregation_unit"] in await service.machi("broadcast", "show", number)
