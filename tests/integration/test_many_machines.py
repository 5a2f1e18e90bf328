"""`machi web` and `machi worker` several times over on one PostgreSQL: together they are one service."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.pace import Limit
from bot.line.client import TIMEOUT_SECONDS
from simulator import Fault, RequestInfo, Simulator
from simulator.api import ApiRequest
from simulator.faults import Plan
from simulator.webhooks import event
from tests.integration.running import Running, town_folder, user

MONTHS = ("2026-03", "2024-11", "2025-06", "2023-01", "2026-01", "2022-12", "2024-02")


@asynccontextmanager
async def machines(
    line: Simulator, url: str, *roles: str, **environment: str
) -> AsyncIterator[list[Running]]:
    running = [Running(line, url, role, **environment) for role in roles]
    try:
        await asyncio.gather(*(each.start() for each in running))
        yield running
    finally:
        await asyncio.gather(*(each.stop() for each in running))


class Chat:
    """One resident's messages, sent to the machines in turn; `tokens` are those for the replies, in order."""

    def __init__(self, line: Simulator, user_id: str, webs: Sequence[Running]) -> None:
        line.add_user(user_id)
        self.line, self.user_id, self.webs = line, user_id, webs
        self.tokens: list[str] = []

    async def say(self, text: str, to: int | None = None) -> None:
        """Send a message; a machine that does not acknowledge it is passed over, as by a load balancer."""
        number = len(self.tokens)
        token = self.line.platform.reply_tokens.issue(self.user_id)
        self.tokens.append(token)
        message = {"type": "text", "id": str(number), "text": text}
        at = 1_790_000_000_000 + number
        body = self.line.courier.pack(
            [event("message", user_id=self.user_id, at=at, message=message, replyToken=token)]
        )
        web = number if to is None else to
        while not (await self.line.courier.post(body, url=self.address(web))).ok:
            web += 1

    def address(self, web: int) -> str:
        return f"{self.webs[web % len(self.webs)].address}/line/webhook"

    async def register(self) -> None:
        for text in ("子育て", *MONTHS):
            await self.say(text)

    @property
    def replies(self) -> list[ApiRequest]:
        """The replies that LINE took."""
        return [
            request
            for request in self.line.requests
            if request.accepted and request.endpoint == "reply" and request.json["replyToken"] in self.tokens
        ]

    @property
    def answered(self) -> list[str]:
        """The tokens that were replied to, in order."""
        return [reply.json["replyToken"] for reply in self.replies]

    @property
    def is_answered(self) -> bool:
        return len(self.answered) >= len(self.tokens)


async def registered(service: Running) -> dict[str, list[str]]:
    """The months of birth that each resident has registered, in their order."""
    people = map(json.loads, (await service.machi("resident", "export")).splitlines())
    return {resident["user_id"]: resident["children"] for resident in people}


def is_reply(request: RequestInfo) -> bool:
    return request.endpoint == "reply"


def up_to(seconds: float) -> Plan:
    """Replies take a while, each another: they overtake each other if they can."""
    spans = random.Random(20110311)
    return lambda request: Fault(delay=spans.uniform(0, seconds)) if is_reply(request) else None


async def test_events_sent_to_both_webs_are_answered_in_order_and_without_delay(
    line: Simulator, postgres_url: str
) -> None:
    """What waits for the other machine's reply goes on with it, not at the next look every five seconds."""
    line.faults.plan = up_to(0.3)
    async with machines(line, postgres_url, "web", "web", "worker") as (*webs, _worker):
        chats = [Chat(line, user(number), webs) for number in range(6)]
        await asyncio.gather(*(chat.register() for chat in chats))
        await line.until(lambda: all(chat.is_answered for chat in chats), timeout=10)
        for chat in chats:
            assert chat.answered == chat.tokens
        assert await registered(webs[0]) == {chat.user_id: list(MONTHS) for chat in chats}
    assert "No reply" not in webs[0].log + webs[1].log


async def test_a_killed_webs_replies_are_sent_by_another_and_a_living_ones_are_left_to_it(
    line: Simulator, postgres_url: str
) -> None:
    tries: dict[str, list[float]] = defaultdict(list)

    def hang(request: RequestInfo) -> Fault | None:
        if not is_reply(request):
            return None
        token = request.body["replyToken"]
        tries[token].append(time.monotonic())
        hanging = {patient.tokens[0]: 2, orphan.tokens[0]: 1}
        return Fault(delay=60) if len(tries[token]) <= hanging.get(token, 0) else None

    line.faults.plan = hang
    async with machines(line, postgres_url, "web", "web") as webs:
        patient, orphan = Chat(line, user(1), webs), Chat(line, user(2), webs)
        await patient.say("ヘルプ", to=1)
        await orphan.say("ヘルプ", to=0)
        while len(tries) < 2:  # noqa: ASYNC110  the simulator tells when it answers, not when it is asked
            await asyncio.sleep(0.01)
        await orphan.say("登録内容", to=1)
        await webs[0].kill()
        await line.until(lambda: orphan.is_answered, timeout=25)
        assert orphan.answered == orphan.tokens
        taken_over, next_one = orphan.replies
        assert next_one.at - taken_over.at < 3  # woken by it, not found at the next look
        await line.until(lambda: patient.is_answered, timeout=20)
        assert [len(tries[token]) for token in patient.tokens + orphan.tokens] == [3, 2, 1]
        assert all(after - before >= TIMEOUT_SECONDS for before, after in pairwise(tries[patient.tokens[0]]))
    assert "No reply" not in webs[1].log


async def test_nothing_is_lost_or_comes_twice_when_a_web_is_killed(
    line: Simulator, postgres_url: str
) -> None:
    line.faults.plan = up_to(0.2)
    async with machines(line, postgres_url, "web", "web") as webs:
        chats = [Chat(line, user(number), webs) for number in range(20)]
        everyone = asyncio.gather(*(chat.register() for chat in chats))
        await line.until(lambda: sum(len(chat.answered) for chat in chats) >= 40, timeout=10)
        await webs[1].kill()
        await everyone
        await line.until(lambda: all(chat.is_answered for chat in chats), timeout=30)
        for chat in chats:
            assert chat.answered == chat.tokens
        assert await registered(webs[0]) == {chat.user_id: list(MONTHS) for chat in chats}


def noted(asked: asyncio.Event, seconds: float) -> Plan:
    """Requests hang for so long, and are noted when they come in."""

    def plan(_: RequestInfo) -> Fault:
        asked.set()
        return Fault(delay=seconds)

    return plan


async def test_alone_on_its_database_a_start_sends_at_once_what_the_last_run_left(
    line: Simulator, tmp_path: Path
) -> None:
    """On SQLite nobody else can be sending it."""
    asked = asyncio.Event()
    line.faults.plan = noted(asked, 60)
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}") as service:
        chat = Chat(line, user(1), [service])
        await chat.say("ヘルプ")
        await asyncio.wait_for(asked.wait(), 10)
        await service.kill()
        line.faults.plan = lambda _: None
        await service.start()
        await line.until(lambda: chat.is_answered, timeout=4)


async def test_an_orderly_stop_waits_for_the_reply_under_way(line: Simulator, postgres_url: str) -> None:
    asked = asyncio.Event()
    line.faults.plan = noted(asked, 2)
    async with machines(line, postgres_url, "web") as (first,):
        chat = Chat(line, user(1), [first])
        await chat.say("ヘルプ", to=0)
        await asyncio.wait_for(asked.wait(), 10)
        async with machines(line, postgres_url, "web") as (second,):
            assert await first.stop() == 0
            assert chat.is_answered
            line.faults.plan = lambda _: None
            chat = Chat(line, user(1), [second])
            await chat.say("ヘルプ", to=0)
            await line.until(lambda: chat.is_answered, timeout=4)  # nothing is left that it would wait for


async def test_a_broadcast_approved_on_one_machine_is_sent_by_the_worker_of_another(
    line: Simulator, postgres_url: str
) -> None:
    async with machines(line, postgres_url, "web", "web", "worker") as (*webs, worker):
        chats = [Chat(line, user(number), webs) for number in range(2)]
        await chats[0].say("子育て")
        await chats[1].say("バス")
        await line.until(lambda: all(chat.is_answered for chat in chats), timeout=10)
        number = await webs[1].broadcast("健診のお知らせ", "topic = childcare")
        report = await worker.ended(number)
    assert (report["state"], report["accepted"]) == ("done", 1)
    assert [entry.user_id for entry in line.chats.entries if entry.via in ("push", "multicast")] == [user(0)]


PER_SECOND = 20


@pytest.mark.parametrize(("endpoint", "each"), [("multicast", 2), ("push", 1)])
async def test_the_rate_limit_holds_for_all_workers_together_and_is_used(
    line: Simulator, postgres_url: str, tmp_path: Path, endpoint: str, each: int
) -> None:
    """A message of their own for every family of `each` residents makes many small requests."""
    births = [f"{year}-{month:02}" for year in range(2015, 2026) for month in range(1, 13)]
    families = births[: 6 * PER_SECOND]
    environment = {
        "MACHI_TOWN": str(town_folder(tmp_path)),
        f"MACHI_{endpoint.upper()}{'ES' if endpoint == 'push' else 'S'}_PER_SECOND": str(PER_SECOND),
    }
    template = tmp_path / "town" / "templates" / "birthday"
    template.mkdir()
    (template / "ja.txt.j2").write_text(
        "{% for c in resident.children %}{{ c.birth_month }}{% endfor %}", "utf-8"
    )
    (template / "sample.toml").write_text("", "utf-8")
    people = [{"user_id": user(n), "children": [families[n // each]]} for n in range(each * len(families))]
    for person in people:
        line.add_user(str(person["user_id"]))
    async with machines(line, postgres_url, "worker", "worker", "worker", **environment) as workers:
        await workers[0].residents(*people)
        new = ("broadcast", "new", "--title", "誕生月", "--template", "birthday", "--segment", "all")
        number = str((await workers[0].json(*new))["id"])
        await workers[0].machi("broadcast", "approve", number, "--as", "chief")
        await workers[0].machi("broadcast", "send", number)
        report = await workers[0].ended(number)
    assert report["accepted"] == len(people)
    sent = sorted(request.at for request in line.requests if request.endpoint == endpoint)
    assert len(sent) == len(families)
    # requests are drawn at the pace of the limit; on a busy machine some arrive late, beside later ones
    assert busiest_second(sent) <= 1.5 * (PER_SECOND + Limit(PER_SECOND).burst)
    assert (len(sent) - 1) / (sent[-1] - sent[0]) >= 0.5 * PER_SECOND  # of a machine that may have other work


def busiest_second(moments: Sequence[float]) -> int:
    """The most of these sorted moments that lie within any second."""
    first = 0
    most = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
