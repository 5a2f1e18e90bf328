"""What LINE never answered: reported, left alone, and sent once more if staff decide so."""

from __future__ import annotations

import asyncio
import os
import pty
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.broadcasts.compose import Composer
from bot.domain.broadcasts import BatchState, Priority
from bot.domain.residents import Resident, ResidentState
from simulator import Fault, RequestInfo, Simulator
from tests.integration.delivering import Desk, eventually
from tests.integration.running import MACHI, Running, user
from tests.integration.worker import at_work, done, heard, send

GOT, LOST, FINE = range(500), range(500, 1000), range(1000, 1200)
"""Three batches: LINE accepts the first and never says so, never gets the second, and answers to the third."""


@dataclass
class Unknown:
    """A broadcast of which LINE has not answered two batches for 23 hours, and the commands on its database."""

    number: str
    staff: Running
    composer: Composer
    keys: set[str | None]


def silent(request: RequestInfo) -> Fault | None:
    to = (request.body or {}).get("to", ())
    if user(GOT[0]) in to:
        return Fault(cut=True, accept=True)
    return Fault(cut=True) if user(LOST[0]) in to else None


@asynccontextmanager
async def unknown(desk: Desk, database_url: str) -> AsyncIterator[Unknown]:
    """The worker is at work, and LINE answers again."""
    desk.line.faults.plan = silent
    await desk.residents(1200)
    async with at_work(desk) as composer:
        number = await send(composer, "断水")

        async def tried() -> bool:
            report = await desk.store.reports.of(number)
            return (report.requests, report.counts) == (
                3,
                {BatchState.ACCEPTED: 200, BatchState.READY: 1000},
            )

        await eventually(tried)
        desk.clock.advance(hours=23)
        await done(desk, number)
        desk.line.faults.plan = lambda _request: None
        staff = Running(desk.line, database_url, MACHI_CLOCK=desk.clock.now().isoformat())
        desk.clock.advance(minutes=10)  # what staff do now is due at once
        yield Unknown(str(number), staff, composer, {request.retry_key for request in desk.sent()})


async def leave(desk: Desk, who: int, state: ResidentState) -> None:
    await desk.store.residents.save_all([(user(who), lambda _: Resident(user(who), state=state))])


async def counts(desk: Desk, number: str) -> dict[BatchState, int]:
    return dict((await desk.store.reports.of(int(number))).counts)


async def test_what_line_never_answered_is_reported_and_not_repeated_by_itself(
    desk: Desk, database_url: str
) -> None:
    async with unknown(desk, database_url) as it:
        told = await it.staff.machi("broadcast", "report", it.number)
        assert f"不明の 1000 人に送り直すか決める: machi broadcast retry-unknown {it.number}" in told
        report = await it.staff.json("broadcast", "report", it.number)
        assert [report[key] for key in ("state", "recipients", "accepted", "unknown", "pending")] == [
            "done", 1200, 200, 1000, 0,
        ]  # fmt: skip
        assert [(each["state"], each["residents"]) for each in report["reasons"]] == [("unknown", 1000)]
        desk.clock.advance(days=2)
        await done(desk, await send(it.composer, "別件", Priority.URGENT))
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 200, BatchState.UNKNOWN: 1000}
    assert heard(desk, "断水") == Counter(user(n) for n in (*GOT, *FINE))


async def test_staff_decide_to_send_it_again_to_whoever_still_follows(desk: Desk, database_url: str) -> None:
    async with unknown(desk, database_url) as it:
        await leave(desk, GOT[1], ResidentState.STOPPED)
        await leave(desk, LOST[1], ResidentState.BLOCKED)
        await desk.store.residents.erase(user(LOST[2]))
        error = await it.staff.machi("broadcast", "retry-unknown", it.number, "--as", "chief", status=2)
        for word in ("1000 人", "もう届いているかもしれません", "二重に届く", "--yes"):
            assert word in error
        assert len(error.splitlines()) == 2
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 200, BatchState.UNKNOWN: 1000}
        told = await it.staff.machi("broadcast", "retry-unknown", it.number, "--as", "chief", "--yes")
        assert told.splitlines() == [
            f"997 人に送り直します。進み具合: machi broadcast report {it.number}",
            "残りの 3 人は、もうフォローしていません。",
        ]
        await done(desk, int(it.number))
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 1197}
        error = await it.staff.machi("broadcast", "retry-unknown", it.number, "--yes", status=1)
        assert error.splitlines() == [f"配信 {it.number} に、届いたか分からない人はいません。"]
        audit = (await it.staff.json("audit"))["deeds"]
    twice, left = {user(n) for n in GOT} - {user(GOT[1])}, {user(LOST[1]), user(LOST[2])}
    assert heard(desk, "断水") == Counter(
        {user(n): 1 for n in range(1200)} | dict.fromkeys(twice, 2)
    ) - Counter(left)
    again = [request for request in desk.sent() if request.retry_key not in it.keys]
    assert sorted(len(request.json["to"]) for request in again) == [498, 499]
    assert len({request.retry_key for request in again}) == 2
    assert audit[-1] | {"at": ""} == {
        "at": "",
        "actor": "chief",
        "action": "broadcast.reopen",
        "subject": f"broadcast:{it.number}",
        "detail": "997 residents",
    }


async def at_terminal(service: Running, answer: str, *arguments: str) -> tuple[int | None, str]:
    """Run a command on a terminal where somebody types an answer; its status and what it asked."""
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            MACHI,
            *arguments,
            env=service.environment,
            stdin=theirs,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.write(ours, answer.encode() + b"\n")
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, (out + err).decode()


async def test_on_a_terminal_it_warns_and_asks_and_does_nothing_unless_told_yes(
    desk: Desk, database_url: str
) -> None:
    command = ("broadcast", "retry-unknown")
    async with unknown(desk, database_url) as it:
        status, asked = await at_terminal(it.staff, "n", *command, it.number)
        assert "二重に届くことがあります。送り直しますか" in asked
        assert status == 130
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 200, BatchState.UNKNOWN: 1000}
        status, told = await at_terminal(it.staff, "y", *command, it.number)
        assert (status, "1000 人に送り直します。" in told) == (0, True)
        await done(desk, int(it.number))
    assert heard(desk, "断水") == Counter({user(n): 2 if n in GOT else 1 for n in range(1200)})


async def test_what_has_not_ended_is_refused_in_one_line(line: Simulator, tmp_path: Path) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await service.machi("broadcast", "new", "--title", "断水", "--text", "断水", "--segment", "all")
    error = await service.machi("broadcast", "retry-unknown", "1", "--yes", status=1)
    assert error.splitlines() == ["この配信は下書きです。不明の分を送り直せるのは、配信が終わってからです。"]


async def test_who_paused_resumed_and_cancelled_is_on_record(line: Simulator, tmp_path: Path) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    number = await service.broadcast("断水", "all")
    for deed, actor in (("pause", "sato"), ("resume", "suzuki"), ("cancel", "takahashi")):
        await service.machi("broadcast", deed, number, "--as", actor)
    deeds = [
        (deed["actor"], deed["action"])
        for deed in (await service.json("audit"))["deeds"]
        if deed["subject"] == f"broadcast:{number}"
    ]
    assert deeds == [
        ("clerk", "broadcast.new"),
        ("chief", "broadcast.approve"),
        ("clerk", "broadcast.schedule"),
        ("sato", "broadcast.pause"),
        ("suzuki", "broadcast.restore"),
        ("takahashi", "broadcast.cancel"),
    ]


async def test_at_night_the_clerk_is_told_when_it_goes_out_again(desk: Desk, database_url: str) -> None:
    async with unknown(desk, database_url) as it:
        it.staff.configure(MACHI_CLOCK="2026-11-25T22:00:00+09:00")
        desk.clock.advance(hours=14)
        told = await it.staff.machi("broadcast", "retry-unknown", it.number, "--yes")
        assert "11月26日 07:00 に送ります" in told
        assert "作り直して" not in told
        await done(desk, await send(it.composer, "未明", Priority.URGENT))
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 200, BatchState.READY: 1000}
        desk.clock.advance(hours=9)
        await done(desk, int(it.number))
        assert await counts(desk, it.number) == {BatchState.ACCEPTED: 1200}
