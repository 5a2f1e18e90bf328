"""What `machi schedule why` says of the last occurrence, after the real clock, conductor and sender have dealt with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from bot.broadcasts.notices import NoticeClock
from bot.cli.why_views import lines
from bot.domain.broadcasts import BatchState
from bot.domain.residents import Fact, Resident, ResidentState
from bot.rehearsal.plan import Planner
from bot.rehearsal.why import Why, why
from bot.schedule.rules import ChildStages, Weekly
from bot.schedule.stages import Age, Stage
from bot.town import templates_for
from bot.town.model import Notice, Town
from tests.integration.delivering import LIMITED, TOWN, Desk, conduct
from tests.integration.running import user
from tests.settling import settle

DAILY = Notice(
    name="daily",
    title="毎日",
    template="announcement",
    segment="topic = bus",
    rule=Weekly(frozenset(range(7)), time(10)),
    grace=timedelta(hours=1),
    context={"heading": "毎日", "body": "毎日のお知らせ"},
)
A, B, C = user(0xA), user(0xB), user(0xC)
BUS = {Fact.TOPIC: ("bus",)}


def town(*notices: Notice) -> Town:
    return replace(TOWN, notices=notices)


async def asked(desk: Desk, where: Town, who: str, name: str = "daily") -> Why:
    return await why(desk.store, where, templates_for(where), who, name, now=desk.clock.now())


async def test_it_tells_whether_the_last_one_went_to_them_and_when(desk: Desk) -> None:
    where = town(DAILY)
    await settle(desk.store, Resident(A, facts=BUS), Resident(B, facts={Fact.TOPIC: ("tax",)}))
    for who in (A, B):
        desk.line.add_user(who)
    clock = NoticeClock(desk.store, where, templates_for(where), desk.clock)
    await clock.tick()
    assert (await asked(desk, where, A)).last is None
    desk.clock.advance(hours=1)
    await clock.tick()
    await conduct(desk.conductor)
    waiting = (await asked(desk, where, A)).last
    assert waiting is not None
    assert waiting.delivery is not None
    assert waiting.delivery.state is BatchState.READY
    await desk.start()
    await desk.until(1)
    await settle(desk.store, Resident(C, facts=BUS))
    assert desk.heard() == {A: 1}
    for who, went in ((A, True), (B, False), (C, False)):
        found = await asked(desk, where, who)
        assert found.last is not None
        assert found.last.title == "毎日"
        assert (found.last.delivery is not None) == went
        assert (found.reached is not None) == (who != B)
        if found.last.delivery is not None:
            assert found.last.delivery.state is BatchState.ACCEPTED
            assert found.last.delivery.ended_ms is not None
            assert found.last.delivery.ended_ms >= found.last.occurrence.at_ms


async def test_one_that_was_put_off_to_the_digest_says_so(desk: Desk) -> None:
    where = town(DAILY)
    desk.conductor._town = LIMITED
    await settle(desk.store, Resident(A, facts=BUS))
    desk.line.add_user(A)
    await desk.start()
    for _ in range(3):
        await desk.broadcast()
    await desk.until(3)
    clock = NoticeClock(desk.store, where, templates_for(where), desk.clock)
    await clock.tick()
    desk.clock.advance(hours=1)
    await clock.tick()
    await conduct(desk.conductor)
    await conduct(desk.conductor)
    found = await asked(desk, where, A)
    assert found.last is not None
    assert (found.last.deferred, found.last.delivery) == (True, None)
    assert any("まとめに回しました" in line for line in lines(found))


async def test_one_that_was_missed_says_why(desk: Desk) -> None:
    where = town(DAILY)
    await settle(desk.store, Resident(A, facts=BUS))
    clock = NoticeClock(desk.store, where, templates_for(where), desk.clock)
    await clock.tick()
    desk.clock.advance(hours=5)
    await clock.tick()
    found = await asked(desk, where, A)
    assert found.last is not None
    assert found.last.delivery is None
    assert "を過ぎるため" in found.last.missed


async def test_who_has_stopped_gets_nothing_though_they_are_meant(desk: Desk) -> None:
    await settle(desk.store, Resident(A, state=ResidentState.STOPPED, facts=BUS))
    found = await asked(desk, town(DAILY), A)
    assert found.reached is not None
    assert not found.gets_it


async def test_what_cannot_be_rendered_reaches_nobody(desk: Desk) -> None:
    await settle(desk.store, Resident(A, facts=BUS))
    broken = replace(DAILY, context={"heading": "長い", "body": "長" * 5100})
    found = await asked(desk, town(broken), A)
    assert (found.next, found.reached, found.gets_it) == (None, None, False)


async def test_what_has_been_told_of_a_child_is_rehearsed_no_more(desk: Desk) -> None:
    stages = ChildStages((Stage("x", Age(3), Age(4), {}),), 1, time(10))
    notice = replace(
        DAILY,
        name="stages",
        rule=stages,
        segment="topic = childcare and child.birth_month in ({birth_months})",
    )
    where = town(notice)
    now = desk.clock.now()

    async def coming() -> list[tuple[int, str | None]]:
        planner = Planner(desk.store, where, templates_for(where))
        plans = [plan async for plan in planner.plan(now, now + timedelta(days=40), now)]
        return [(len(plan.context.get("items", ())), plan.fault) for plan in plans]

    before = await coming()
    assert before
    assert all(fault is None and items for items, fault in before)
    clock = NoticeClock(desk.store, where, templates_for(where), desk.clock)
    await clock.tick()
    desk.clock.advance(days=7, hours=1, minutes=1)
    await clock.tick()
    after = await coming()
    assert after[0] == (0, "知らせることは、すべて知らせてあります。")
