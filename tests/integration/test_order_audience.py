"""Who hears how an order goes on, and what of: the order desk on both databases, sending to LINE's simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer
from bot.broadcasts.orders import OrderDesk, OrderDraft
from bot.domain.orders import Reach
from bot.domain.residents import Fact, Resident
from bot.town import templates_for
from bot.store.store import Store
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import TOWN, Desk, conduct, no_answer
from tests.integration.running import user
from tests.settling import settle

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
async def town(desk: Desk, line: Simulator, store: Store, clock: HandClock) -> AsyncIterator[Town]:
    await settle(store, *(living(who, district) for who, (_, district) in PLACES.items()))
    for who in PLACES:
        line.add_user(who)
    await desk.start()
    composer = Composer(store, TOWN, templates_for(TOWN), clock, Ceiling(no_answer, 3))
    yield Town(desk, OrderDesk(store, TOWN, composer, clock), {})


async def test_who_is_under_a_higher_order_does_not_hear_that_the_lower_one_ended_elsewhere(town: Town) -> None:
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
