"""Residents are told of their own area's collections, at the time they chose, once; checked on both databases."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.broadcasts.notices import NoticeClock
from bot.domain.broadcasts import BatchState, Priority
from bot.domain.residents import Fact, Resident
from bot.store.outbox import Batch, Ending
from bot.store.store import Store
from bot.town import templates_for
from tests.clock import HandClock
from tests.integration.delivering import TOWN as KAHOKU
from tests.integration.delivering import conduct, no_answer
from tests.settling import claimed, recipients, settle, user

AREA = {Fact.TOPIC: ("garbage",), Fact.GARBAGE_AREA: ("谷地A",)}


@pytest.fixture
def clock() -> HandClock:
    return HandClock("2026-12-01T08:00:00")


TOWN = replace(KAHOKU, notices=tuple(replace(each, priority=Priority.NORMAL) for each in KAHOKU.notices))
"""A town whose garbage notices wait for the quiet hours to be over."""


class Service:
    """The clock of notices and the conductor, as a process that can be away for a while."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock
        self.notices = NoticeClock(store, TOWN, templates_for(TOWN), clock)
        self.messages: set[int] = set()
        self.conductor = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)

    async def until(self, *moment: int) -> dict[str, str]:
        """Move to a minute of December 2026, tick, and take what goes out: each resident's text."""
        now = self.clock.now()
        self.clock.advance(
            seconds=(now.replace(day=moment[0], hour=moment[1], minute=moment[2]) - now).total_seconds()
        )
        await self.notices.tick()
        await conduct(self.conductor)
        await self.conductor.step()  # what was admitted while the last step came to its end
        told = {}
        self.messages = set()
        while batches := await claimed(self.store):  # the more urgent come alone
            told |= await self._taken(batches)
        return told

    async def _taken(self, batches: list[Batch]) -> dict[str, str]:
        told = {}
        messages = await self.store.outbox.messages({batch.message_id for batch in batches})
        for batch in batches:
            payload, _ = messages[batch.message_id]
            self.messages.add(batch.message_id)
            for user_id in recipients(batch):
                assert user_id not in told
                told[user_id] = json.loads(payload)[0]["text"]
            ending = Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, self.clock.now_ms(), None, None)
            await self.store.outbox.end(ending)
        return told


@pytest.fixture
async def service(store: Store, clock: HandClock) -> Service:
    await settle(
        store,
        Resident(user(1), facts=AREA),
        Resident(user(2), facts={**AREA, Fact.GARBAGE_TIME: ("evening",)}),
        Resident(user(3), facts={**AREA, Fact.GARBAGE_TIME: ("morning",)}),
        Resident(user(4), language="en", facts={**AREA, Fact.GARBAGE_AREA: ("溝延",)}),
        Resident(user(5), facts={Fact.TOPIC: ("garbage",)}),
        Resident(user(6), facts={Fact.GARBAGE_AREA: ("谷地A",)}),
        Resident(user(7), language="ja-easy", facts={**AREA, Fact.GARBAGE_AREA: ("西里・北谷地",)}),
    )
    return Service(store, clock)


async def test_the_evening_before_and_in_the_morning_each_gets_one_message(service: Service) -> None:
    await service.until(1, 8, 0)
    evening = await service.until(1, 19, 0)
    # Wednesday, December 2: 谷地A has nothing, 西里・北谷地 PET bottles, 溝延 plastic
    assert set(evening) == {user(4), user(7)}
    assert evening[user(4)].startswith("Garbage collection tomorrow, Dec 2 (Wed):\n- Plastic packaging\n")
    assert "あした 12月2日(水曜日)に 出す ごみ:\n・ペットボトル" in evening[user(7)]
    assert await service.until(2, 6, 30) == {}
    evening = await service.until(2, 19, 0)
    assert set(evening) == {user(1), user(2), user(4), user(7)}
    assert "- Batteries and fluorescent tubes\n" in evening[user(4)]
    assert evening[user(4)].endswith(": Put batteries and tubes into separate clear bags.")
    assert (
        evening[user(1)]
        == "あす12月3日(木)は、もやせるごみの日です。\n朝8時までに、決められた場所に出してください。"
    )
    assert "・もやせるごみ\n・もやせないごみ" in evening[user(7)]
    morning = await service.until(3, 6, 30)
    assert morning == {user(3): evening[user(1)].replace("あす", "きょう")}
    assert await service.until(3, 6, 31) == {}


async def test_what_the_quiet_hours_delay_says_today(service: Service) -> None:
    await service.until(2, 18, 0)
    assert await service.until(2, 22, 0) == {}
    told = await service.until(3, 7, 0)
    assert told[user(1)].startswith("きょう12月3日(木)は")


async def test_in_the_evening_that_is_late_but_not_quiet_it_is_still_tomorrow(service: Service) -> None:
    await service.until(2, 18, 0)
    assert (await service.until(2, 20, 59))[user(1)].startswith("あす12月3日(木)は")


async def test_after_half_past_eight_a_missed_one_is_not_made_up(service: Service) -> None:
    await service.until(2, 18, 0)
    assert set(await service.until(3, 8, 31)) == set()
    states = {(each.key, each.state) for each in await service.store.notices.history(10)}
    assert {("2026-12-03/evening", "missed"), ("2026-12-03/morning", "missed")} <= states


async def test_both_missed_until_half_past_eight_are_made_up_each_for_its_own(service: Service) -> None:
    await service.until(2, 18, 0)
    told = await service.until(3, 8, 29)
    assert set(told) == {user(1), user(2), user(3), user(4), user(7)}
    assert told[user(1)] == told[user(2)] == told[user(3)]
    assert told[user(1)].startswith("きょう12月3日(木)は")
    assert told[user(4)].startswith("Garbage collection today, Dec 3 (Thu)")


async def test_the_morning_of_those_who_chose_it_is_not_held_by_the_quiet_hours(service: Service) -> None:
    await service.until(3, 6, 0)
    await service.until(3, 6, 30)
    (latest,) = [each for each in await service.store.notices.history(10) if each.key == "2026-12-03/morning"]
    assert latest.broadcast_id is not None
    assert (await service.store.broadcasts.find(latest.broadcast_id)).priority is Priority.URGENT


async def test_a_whole_town_takes_as_many_messages_as_it_has_areas(store: Store, clock: HandClock) -> None:
    areas = [area.name for area in TOWN.garbage.plan.areas]
    people = [Resident(user(n), facts={**AREA, Fact.GARBAGE_AREA: (areas[n % 4],)}) for n in range(400)]
    await settle(store, *people)
    service = Service(store, clock)
    await service.until(6, 18, 0)
    told = await service.until(6, 19, 0)
    assert (len(told), len(service.messages), len(set(told.values()))) == (400, 3, 3)
