"""What the webhook answers, over real HTTP to a real process."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator import Fault, Simulator
from simulator.webhooks import event, sign
from tests.integration.running import SECRET, Running, line_simulator, user

A = user(0xA)


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        simulator.add_user(A)
        yield simulator


@pytest.fixture
async def service(line: Simulator, tmp_path: Path) -> AsyncIterator[Running]:
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    async with Running(line, url, LINE_CHANNEL_SECRET=f"retired-secret, {SECRET}") as running:
        yield running


async def post(service: Running, body: bytes, signature: str | None = None) -> int:
    headers = {"X-Line-Signature": sign(SECRET, body) if signature is None else signature}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{service.address}/line/webhook", data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status


def message(text: str, **changes: Any) -> dict[str, Any]:
    content = {"type": "text", "id": "1", "text": text}
    return event("message", user_id=A, at=1_790_000_000_000, **{"message": content, **changes})


def body(*events: Any) -> bytes:
    return json.dumps({"destination": "U0", "events": list(events)}, ensure_ascii=False).encode()


async def test_the_statuses_of_good_and_bad_requests(service: Running) -> None:
    good = body()
    assert await post(service, good) == 200
    assert await post(service, good, sign("retired-secret", good)) == 200
    assert await post(service, good, "") == 401
    assert await post(service, good, sign("another", good)) == 401
    assert await post(service, good, "ＡＢＣ") == 401
    assert await post(service, good + b" ", sign(SECRET, good)) == 401
    for odd in (
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"events": 3}',
        b"\xff\xfe",
        b'{"events": null}',
        b'{"events": ["\xff"]}',
    ):
        assert await post(service, odd) == 400, odd
    assert await post(service, b'{"events": [' + b" " * 2_000_000 + b"]}") == 413
    assert await post(service, b'{"events":[]}') == 200


async def test_strange_events_are_taken_and_the_good_one_among_them_is_answered(
    line: Simulator, service: Running
) -> None:
    strange: list[Any] = [
        3,
        None,
        "text",
        [],
        {},
        {"type": "hologram", "timestamp": "yesterday", "source": 5},
        event("message", user_id="not an id", at=1),
        event("follow", user_id=A, at=-1, mode="channel"),
        {"type": "message", "source": {"type": "user", "userId": A}, "message": "text"},
        message("x", webhookEventId=None),
        {"type": "module", "nested": [[[[]]]] * 50},
    ]
    token = line.platform.reply_tokens.issue(A)
    good = message("ヘルプ", replyToken=token, timestamp=1_790_000_100_000)
    assert await post(service, body(*strange, good)) == 200
    half = body(message("半分"), message("ヘルプ")).replace("半分".encode(), rb"\ud83d")
    assert await post(service, half) == 200
    await line.until(lambda: bool(line.heard(A)), timeout=10)
    async with aiohttp.ClientSession(service.address) as session, session.get("/healthz") as answer:
        assert answer.status == 200


async def test_deeply_nested_json_is_no_server_error(service: Running) -> None:
    deep = b'{"events":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"
    assert await post(service, deep) in (200, 400)


async def test_standby_and_group_events_are_recorded_and_not_answered(
    line: Simulator, service: Running
) -> None:
    group = {"type": "group", "groupId": "C" + "0" * 32, "userId": A}
    tokens = [line.platform.reply_tokens.issue(A) for _ in range(3)]
    events = [
        message("ヘルプ", mode="standby", replyToken=tokens[0]),
        message("ヘルプ", source=group, replyToken=tokens[1]),
        message("ヘルプ", replyToken=tokens[2], timestamp=1_790_000_100_000),
    ]
    assert await post(service, body(*events)) == 200
    await line.until(lambda: bool(line.heard(A)), timeout=10)
    replies = [json.loads(request.body)["replyToken"] for request in line.requests]
    assert replies == [tokens[2]]


async def test_an_event_older_than_its_reply_token_is_let_go_with_a_log_line(
    line: Simulator, tmp_path: Path
) -> None:
    """The service was down for longer than a minute: what was asked is done, nobody is answered late."""
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    service = Running(line, url, MACHI_CLOCK="2026-11-24T09:00:00+09:00")
    line.faults.plan = lambda _request: Fault(cut=True)
    async with service:
        await line.say(A, "バス")
        await line.until(lambda: bool(line.requests), timeout=10)
        await service.kill()
    requests = len(line.requests)
    line.faults.plan = lambda _request: None
    service.configure(MACHI_CLOCK="2026-11-24T09:02:00+09:00")
    async with service:
        assert (await service.json("resident", "show", A))["topics"] == ["bus"]
        await line.say(A, "ヘルプ")
        await line.until(lambda: len(line.heard(A)) == 1, timeout=10)
        assert len(line.requests) == requests + 1
        await service.stop()
        assert "token too old" in service.log
