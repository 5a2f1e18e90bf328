"""How many requests are on their way at a time, and who goes next."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.window import Window
from bot.domain.broadcasts import Priority

MOST, RESERVED = 100, 8


class Requests:
    """Requests that want to enter a window, by the order in which they came."""

    def __init__(self) -> None:
        self.window = Window(MOST, RESERVED)
        self.waiting: dict[int, Priority] = {}
        self.inside: list[Priority] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, *priorities: Priority) -> None:
        for priority in priorities:
            self._tasks.append(asyncio.create_task(self._enter(len(self._tasks), priority)))
        await asyncio.sleep(0)

    async def _enter(self, number: int, priority: Priority) -> None:
        self.waiting[number] = priority
        await self.window.enter(priority)
        assert not any(
            other > priority or (other == priority and earlier < number)
            for earlier, other in self.waiting.items()
        )
        del self.waiting[number]
        self.inside.append(priority)

    async def leave(self, count: int, seconds: float) -> None:
        for _ in range(count):
            if self.inside:
                self.window.leave(self.inside.pop(0), seconds)
                await asyncio.sleep(0)


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 100]), st.sampled_from([0, 10]))  # so many come, not urgent and urgent
        | st.tuples(
            st.sampled_from([1, 20, 60]), st.sampled_from([0.0, 0.02, 1.0])
        ),  # so many leave after so long
        max_size=20,
    )
)
async def test_nobody_waits_who_need_not_and_the_most_urgent_never_behind_others(
    steps: list[tuple[int, int] | tuple[int, float]],
) -> None:
    requests = Requests()
    for step in steps:
        match step:
            case (normal, int(urgent)):
                await requests.come(*[Priority.NORMAL] * normal, *[Priority.URGENT] * urgent)
            case (count, seconds):
                await requests.leave(count, seconds)
        assert len(requests.inside) <= MOST + RESERVED
        assert not requests.waiting or len(requests.inside) >= 24
        urgent = [priority for priority in requests.inside if priority > Priority.NORMAL]
        assert len(urgent) >= RESERVED or max(requests.waiting.values(), default=0) <= Priority.NORMAL
    while requests.inside:
        await requests.leave(1, 0.1)
    assert not requests.waiting


async def test_as_many_are_on_their_way_as_the_latency_asks_for() -> None:
    requests = Requests()
    await requests.come(*[Priority.NORMAL] * 1000)
    assert len(requests.inside) == 24
    await requests.leave(100, 0.02)
    assert len(requests.inside) == 40  # 2,000 a second
    await requests.leave(100, 0.5)
    assert len(requests.inside) == MOST
    await requests.leave(150, 0.001)
    assert len(requests.inside) == 24


async def test_what_is_urgent_has_places_of_its_own() -> None:
    requests = Requests()
    await requests.come(*[Priority.NORMAL] * 30, *[Priority.EMERGENCY] * 10)
    assert len(requests.inside) == 24 + RESERVED
    assert requests.waiting == {
        **dict.fromkeys(range(24, 30), Priority.NORMAL),
        38: Priority.EMERGENCY,
        39: Priority.EMERGENCY,
    }


async def test_what_is_urgent_finds_room_when_the_rest_holds_more_than_the_window_has_by_now() -> None:
    requests = Requests()
    await requests.come(*[Priority.NORMAL] * 300)
    await requests.leave(100, 0.5)
    assert len(requests.inside) == MOST
    await requests.leave(60, 0)
    assert len(requests.inside) >= 24 + RESERVED
    await requests.come(*[Priority.EMERGENCY] * 10)
    assert requests.inside.count(Priority.EMERGENCY) == RESERVED
