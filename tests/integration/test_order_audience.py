"""Who hears how an order goes on, and what of: the order desk on both databases, sending to LINE's simulator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

import pytest

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer
from bot.broadcasts.orders import OrderDesk, OrderDraft
from bot.domain.broadcasts import BatchState
from bot.domain.errors import RefusedError
from bot.domain.orders import Reach
from bot.domain.residents import Fact, Resident
from bot.domain.shelters import ShelterState
from bot.store.store import Store
from bot.telegrams.drill import real_danger
from bot.town import templates_for
from bot.town.shelters import fit
from simulator import Fault, RequestInfo, Simulator
from tests.clock import HandClock
from tests.integration.delivering import TOWN, Desk, conduct, eventually, no_answer
from tests.integration.running import user
from tests.settling import settle
from tests.sql import rows_of

MIZONOBE, NISHISATO, NOWHERE, ENGLISH, EASY, CHINESE, KOREAN = (user(n) for n in range(1, 8))
PLACES = {
    MIZONOBE: ("ja", "溝延"),
    NISHISATO: ("ja", "西里"),
    NOWHERE: ("ja", None),
    ENGLISH: ("en", "西里"),
    EASY: ("ja-easy", "西里"),
    CHINESE: ("zh", "西里"),
    KOREAN: ("ko", "西里"),
}
IN_NISHISATO = (NISHISATO, ENGLISH, EASY, CHINESE, KOREAN)


def living(who: str, district: str | None) -> Resident:
    language, _ = PLACES[who]
    return Resident(who, language=language, facts={Fact.DISTRICT: (district,)} if district else {})


@dataclass
class Town:
    """The order desk beside a running sender."""

    desk: Desk
    orders: OrderDesk
    heard: dict[str, int]

    async def issue(self, level: int, *districts: str, hazard: str = "洪水", reach: str = "district") -> int:
        draft = OrderDraft(level, hazard, districts, reach=Reach(reach))
        return await self.approve((await self.orders.issue(draft, "clerk")).order.id)

    async def narrow(self, number: int, *districts: str) -> None:
        await self.orders.narrow(number, districts, "clerk")
        await self.approve(number)

    async def lift(self, number: int) -> None:
        await self.orders.lift(number, "clerk")
        await self.approve(number)

    async def approve(self, number: int) -> int:
        made, _ = await self.orders.approve(number, "chief")
        await self.sent(made.broadcast.id)
        return number

    async def sent(self, broadcast: int) -> None:
        await conduct(self.desk.conductor)
        reports = self.desk.store.reports
        while (await reports.of(broadcast)).pending:
            self.desk.wake()
            await self.desk.store.database.changed(0.02)
            await conduct(self.desk.conductor)

    def news(self) -> dict[str, str]:
        """What each has heard since the last look."""
        found = {}
        for who in PLACES:
            entries = self.desk.line.heard(who)
            if new := entries[self.heard.get(who, 0) :]:
                found[who] = "\n".join(e.message.get("text") or e.message["altText"] for e in new)
            self.heard[who] = len(entries)
        return found


@pytest.fixture
async def town(desk: Desk, line: Simulator, store: Store, clock: HandClock) -> Town:
    await settle(store, *(living(who, district) for who, (_, district) in PLACES.items()))
    for who in PLACES:
        line.add_user(who)
    await desk.start()
    composer = Composer(store, TOWN, templates_for(TOWN), clock, Ceiling(no_answer, 3))
    danger = partial(real_danger, store.database, clock, watching=True)
    return Town(desk, OrderDesk(store, TOWN, composer, clock, danger), {})


async def test_who_is_under_a_higher_order_does_not_hear_that_the_lower_one_ended_elsewhere(
    town: Town,
) -> None:
    low = await town.issue(3, "溝延", "西里")
    high = await town.issue(4, "西里")
    town.news()
    await town.lift(low)
    assert set(town.news()) == {MIZONOBE, NOWHERE}
    await town.lift(high)
    assert set(town.news()) == {NOWHERE, *IN_NISHISATO}


async def test_who_was_told_that_it_ended_where_they_live_does_not_hear_it_again(
    town: Town, store: Store
) -> None:
    number = await town.issue(4, "溝延", "西里", "北谷地", reach="all")
    await town.narrow(number, "溝延", "北谷地")
    assert set(town.news()) == set(PLACES)
    await settle(store, living(MIZONOBE, "谷地中部"))
    await town.narrow(number, "溝延")
    assert set(town.news()) == {MIZONOBE, NOWHERE}
    await town.lift(number)
    assert set(town.news()) == {MIZONOBE, NOWHERE}, "who has moved where it never held has not heard its end"


async def test_who_never_heard_of_the_higher_order_hears_the_end_of_the_lower_one(
    town: Town, store: Store
) -> None:
    low = await town.issue(3, "溝延", "西里")
    await town.issue(4, "西里")
    await settle(store, living(MIZONOBE, "西里"))
    town.news()
    await town.lift(low)
    assert set(town.news()) == {MIZONOBE, NOWHERE}


async def test_the_end_of_an_order_names_its_hazard_and_what_is_still_in_force_in_every_language(
    town: Town,
) -> None:
    flood = await town.issue(4, "西里", "溝延")
    await town.issue(4, "西里", hazard="土砂災害")
    town.news()
    await town.narrow(flood, "西里")
    narrowed = town.news()
    await town.lift(flood)
    lifted = town.news()
    terms = {
        NISHISATO: ("洪水", "土砂災害"),
        ENGLISH: ("flooding", "landslides"),
        EASY: ("川の 水が あふれること(洪水)", "山や 崖(がけ)が くずれること(土砂災害)"),
        CHINESE: ("洪水", "泥石流、滑坡等"),
        KOREAN: ("홍수", "토사 재해"),
    }
    for said in (narrowed, lifted):
        for who, (ended, goes_on) in terms.items():
            assert ended in said[who], said[who]
            assert goes_on in said[who].partition(ended)[2], said[who]


async def test_an_end_that_names_other_orders_than_are_in_force_by_now_is_refused(town: Town) -> None:
    flood = await town.issue(4, "西里")
    await town.orders.lift(flood, "clerk")
    await town.issue(4, "西里", hazard="土砂災害")
    with pytest.raises(RefusedError, match=f"machi order cancel {flood}"):
        await town.approve(flood)
    await town.orders.cancel(flood, "clerk")
    await town.lift(flood)


async def test_an_order_that_names_a_shelter_closed_since_is_refused_and_nothing_is_sent(
    town: Town, store: Store
) -> None:
    shelter = fit(TOWN.shelters, ["洪水"])[0]
    await store.shelters.set({shelter.id: shelter.name}, ShelterState.OPEN, "clerk")
    draft = OrderDraft(4, "洪水", ["溝延"])
    made = await town.orders.issue(draft, "clerk")
    for state in (ShelterState.CLOSED, ShelterState.FULL):
        await store.shelters.set({shelter.id: shelter.name}, state, "clerk")
        with pytest.raises(RefusedError, match=f"「{shelter.name}」"):
            await town.approve(made.order.id)
    assert town.news() == {}
    assert await store.orders.active() == []
    await town.orders.cancel(made.order.id, "clerk")
    again = await town.orders.issue(draft, "clerk")
    await town.approve(again.order.id)
    assert shelter.name not in town.news()[MIZONOBE]


async def test_no_drill_begins_in_a_real_emergency_and_one_under_way_can_be_ended(town: Town) -> None:
    drill = OrderDraft(4, "洪水", ["溝延"], drill=True)
    begun = await town.orders.issue(drill, "clerk")
    await town.approve(begun.order.id)
    waiting = await town.orders.issue(OrderDraft(4, "地震", ["溝延"], drill=True), "clerk")
    await town.issue(4, "西里")
    with pytest.raises(RefusedError, match="いまは訓練をしません"):
        await town.approve(waiting.order.id)
    with pytest.raises(RefusedError, match="いまは訓練をしません"):
        await town.orders.issue(OrderDraft(4, "津波", ["溝延"], drill=True), "clerk")
    await town.lift(begun.order.id)


@pytest.mark.parametrize("level", [None, 5])
async def test_what_a_lift_or_a_higher_level_has_overtaken_is_not_repeated(
    town: Town, line: Simulator, clock: HandClock, level: int | None
) -> None:
    first = await unanswered(town, line)
    await (town.lift(first) if level is None else town.issue(level, "溝延", "西里"))
    assert set(town.news()) == set(PLACES), "those in doubt hear how it goes on"
    line.faults.plan = lambda _: None
    clock.advance(hours=1)
    await town.sent(1)
    assert town.news() == {}, "nobody reads of the order after its end"
    report = await town.desk.store.reports.of(1)
    assert report.counts == {BatchState.UNKNOWN: len(PLACES)}


@pytest.mark.parametrize(
    ("attempt", "fault"),
    [
        pytest.param(1, Fault(delay=1, cut=True), id="its connection broke"),
        pytest.param(
            2,
            Fault(delay=1, status=429, message="The API rate limit has been exceeded. Try again later."),
            id="it was the second, the first may have been accepted, and this one surely was not",
        ),
    ],
)
async def test_an_answer_that_comes_after_the_lift_does_not_bring_the_order_again(
    town: Town, line: Simulator, clock: HandClock, attempt: int, fault: Fault
) -> None:
    """A request was under way when the lift was approved."""
    under_way, lifted = asyncio.Event(), asyncio.Event()
    keys: set[str | None] = set()

    def plan(request: RequestInfo) -> Fault | None:
        if lifted.is_set():
            return None
        keys.add(request.retry_key)
        if request.attempt < attempt:
            return Fault(status=500)
        under_way.set()
        return fault

    line.faults.plan = plan
    made = await town.orders.issue(OrderDraft(4, "洪水", ["溝延", "西里"]), "clerk")
    await town.orders.approve(made.order.id, "chief")
    await conduct(town.desk.conductor)
    async with asyncio.timeout(20):
        while not under_way.is_set():
            town.desk.wake()
            clock.advance(seconds=1)
            await asyncio.sleep(0.01)
    await town.orders.lift(made.order.id, "clerk")
    lift, _ = await town.orders.approve(made.order.id, "chief")
    lifted.set()
    await town.sent(lift.broadcast.id)
    await town.sent(1)
    town.news()
    clock.advance(hours=1)
    await town.sent(1)
    assert town.news() == {}
    assert keys, "it was tried"


async def test_a_narrowing_waits_until_everybody_has_the_order(
    town: Town, line: Simulator, clock: HandClock
) -> None:
    number = await unanswered(town, line)
    await town.orders.narrow(number, ["溝延"], "clerk")
    await town.orders.approve(number, "chief")
    await conduct(town.desk.conductor)
    assert town.news() == {}
    line.faults.plan = lambda _: None
    clock.advance(minutes=2)
    said = ""

    async def look() -> bool:
        nonlocal said
        town.desk.wake()
        await conduct(town.desk.conductor)
        said += town.news().get(MIZONOBE, "")
        return "対象地区の縮小" in said

    await eventually(look)
    assert said.index("緊急のお知らせ") < said.index("対象地区の縮小")


async def unanswered(town: Town, line: Simulator) -> int:
    """An order in force of which LINE has answered every request by 500, and answers so for ever."""
    keys: set[str | None] = set()
    is_first = True

    def plan(request: RequestInfo) -> Fault | None:
        if is_first:
            keys.add(request.retry_key)
        return Fault(status=500) if request.retry_key in keys else None

    line.faults.plan = plan
    made = await town.orders.issue(OrderDraft(4, "洪水", ["溝延", "西里"]), "clerk")
    await town.orders.approve(made.order.id, "chief")
    await conduct(town.desk.conductor)

    async def tried() -> bool:
        town.desk.wake()
        rows = await rows_of(town.desk.store.database, "batches")
        backlog = await town.desk.store.outbox.backlog()
        return len(keys) == len(rows) and set(backlog) == {BatchState.READY}

    await eventually(tried)
    is_first = False
    return made.order.id
