"""Group commit: who is in a hurry waits for company that comes at once, and for no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.store.grouping import GroupCommit


class _Groups:
    """What was committed together."""

    def __init__(self) -> None:
        self.made: list[Sequence[str]] = []

    async def commit(self, items: list[str]) -> list[str]:
        self.made.append(items)
        return items


async def test_what_comes_at_once_is_committed_together() -> None:
    """Also what comes in the next turns of the event loop."""
    groups = _Groups()
    commits = GroupCommit(groups.commit)
    async with asyncio.TaskGroup() as tasks:
        for number in range(6):
            tasks.create_task(commits.submit(f"webhook {number}"))
            if number % 2:
                await asyncio.sleep(0)
    assert [len(group) for group in groups.made] == [6]


async def test_the_hurried_wait_for_no_stream_of_patient_ones() -> None:
    groups = _Groups()
    commits = GroupCommit(groups.commit)

    async def stream() -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in range(1000):
                tasks.create_task(commits.submit(f"answer {number}", patient=True))
                await asyncio.sleep(0)

    streaming = asyncio.create_task(stream())
    await commits.submit("webhook")
    assert len(groups.made[0]) < 10
    await streaming
    assert sum(map(len, groups.made)) == 1001


async def test_what_fails_harms_itself_alone() -> None:
    async def commit(items: list[str]) -> list[str]:
        if "bad" in items:
            raise ValueError("bad")
        return items

    commits = GroupCommit(commit)
    done = await asyncio.gather(*map(commits.submit, ("good", "bad", "better")), return_exceptions=True)
    assert [str(each) for each in done] == ["good", "bad", "better"]
    assert isinstance(done[1], ValueError)
