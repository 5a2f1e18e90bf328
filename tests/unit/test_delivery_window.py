"""How fast requests set out, and who goes next."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.window import Window
from bot.domain.broadcasts import Priority

PLACES = 24
PRIORITIES = st.sampled_from([Priority.NORMAL, Priority.URGENT, Priority.EMERGENCY])


class Requests:
    """Requests that want a place, by the order in which they came."""

    def __init__(self, seconds: float = 3600) -> None:
        self.window = Window(seconds)
        self.waiting: dict[int, Priority] = {}
        self.inside: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, *priorities: Priority) -> None:
        for priority in priorities:
            self.tasks.append(asyncio.create_task(self._ask(len(self.tasks), priority)))
        await asyncio.sleep(0)

    async def _ask(self, number: int, priority: Priority) -> None:
        self.waiting[number] = priority
        async with self.window.place(priority):
            assert not any(
                other > priority or (other == priority and earlier < number)
                for earlier, other in self.waiting.items()
            )
            del self.waiting[number]
            answered = asyncio.Event()
            self.inside.append(answered)
            await answered.wait()

    async def answer(self, count: int) -> None:
        for answered in self.inside[:count]:
            answered.set()
        del self.inside[:count]
        for _ in range(3):  # one leaves, the next is let in and goes on
            await asyncio.sleep(0)

    async def vanish(self, number: int) -> None:
        """As at the end of the program."""
        if number in self.waiting:
            self.tasks[number].cancel()
            del self.waiting[number]
            await asyncio.sleep(0)


@given(st.lists(st.lists(PRIORITIES, min_size=1, max_size=40) | st.integers(0, 60), max_size=20))
async def test_places_are_never_left_empty_and_the_most_urgent_never_waits_for_others(
    steps: list[list[Priority] | int],
) -> None:
    requests = Requests()
    for step in steps:
        if isinstance(step, list):
            await requests.come(*step)
        else:
            await requests.vanish(step)
            await requests.answer(step)
        assert len(requests.inside) == PLACES or not requests.waiting
        assert len(requests.inside) <= PLACES
    while requests.inside:
        await requests.answer(PLACES)
    assert not requests.waiting


async def test_a_request_that_line_does_not_answer_keeps_nobody_waiting_for_long() -> None:
    requests = Requests(seconds=0.001)
    await requests.come(*[Priority.NORMAL] * 160)
    async with asyncio.timeout(10):
        while requests.waiting:  # noqa: ASYNC110  it is the time itself that is waited for
            await asyncio.sleep(0.001)
    assert len(requests.inside) == 160
    await requests.answer(160)
    await asyncio.wait(requests.tasks)

    requests.window._seconds = 3600
    await requests.come(*[Priority.NORMAL] * 30)
    assert len(requests.inside) == PLACES, "each place was given back once"
    await requests.answer(PLACES)
    await requests.answer(PLACES)
