"""What the service forgets by itself, on both databases: 安否 after the days that the town says, old telegrams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer
from bot.broadcasts.notices import NoticeClock
from bot.domain.safety import SafetyAnswer, SafetyState
from bot.settings import Settings
from bot.store import safety
from bot.store.port import Session
from bot.store.store import Store
from bot.store.telegrams import Arrival
from bot.town import templates_for
from bot.wiring import _HOUSEKEEPING_TICKS, Desk, _each_tick
from tests.clock import HandClock
from tests.integration.delivering import TOWN, no_answer
from tests.settling import settle, someone, user


async def test_an_answer_is_erased_once_its_days_are_over(store: Store, clock: HandClock) -> None:
    town, templates = replace(TOWN, notices=(), safety_days=3), templates_for(TOWN)
    composer = Composer(store, town, templates, clock, Ceiling(no_answer, 3))
    desk = Desk(Settings.from_environment({}), clock, town, templates, store, composer)
    tick = _each_tick([NoticeClock(store, town, templates, clock)], desk)

    async def answers(number: int) -> None:
        async def work(session: Session) -> None:
            await safety.keep(session, number, SafetyAnswer(SafetyState.HELP), clock.now_ms())

        await store.database.write(work)

    async def left() -> set[str]:
        for _ in range(_HOUSEKEEPING_TICKS):
            await tick()
        return {each.user_id for each in await store.safety.all()}

    await settle(store, someone(1), someone(2))
    await answers(1)
    clock.advance(days=2)
    await answers(2)
    assert await left() == {user(1), user(2)}
    clock.advance(days=1, seconds=1)
    assert await left() == {user(2)}
    clock.advance(days=2)
    assert await left() == set()


async def test_a_telegram_is_erased_after_400_days_and_what_is_in_force_stays(
    store: Store, clock: HandClock
) -> None:
    town, templates = replace(TOWN, notices=()), templates_for(TOWN)
    composer = Composer(store, town, templates, clock, Ceiling(no_answer, 3))
    desk = Desk(Settings.from_environment({}), clock, town, templates, store, composer)
    tick = _each_tick([NoticeClock(store, town, templates, clock)], desk)

    async def arrives(address: str) -> int:
        async def decide(session: Session, known: str, new: Sequence[str]) -> str:
            return f"{known}{address}"

        arrival = Arrival(address, "VPWW55", "060000", b"x", "t", clock.now_ms(), "counted")
        return await store.telegrams.take([arrival], decide)

    async def left() -> list[str]:
        for _ in range(_HOUSEKEEPING_TICKS):
            await tick()
        return [each.address for each in await store.telegrams.newest(10)]

    assert await arrives("a") == 1
    clock.advance(days=399)
    assert await arrives("b") == 1
    assert await left() == ["b", "a"]
    assert await arrives("a") == 0
    clock.advance(days=1, seconds=1)
    assert await left() == ["b"]
    assert (await store.telegrams.state()).state == "ab"
