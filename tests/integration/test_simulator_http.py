"""The simulator over real HTTP: the API as a bot's server sees it, and the webhooks it receives."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator import Fault, Simulator
from simulator.webhooks import event, sign

ALICE, BOB = "U" + "a" * 32, "U" + "b" * 32
HELLO = {"type": "text", "text": "こんにちは"}
PUSH = {"to": ALICE, "messages": [HELLO]}


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with Simulator(channel_secret="secret", channel_access_token="token") as line:
        line.add_user(ALICE, "あかり")
        yield line


@pytest.fixture
async def api(line: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": "Bearer token"}
    async with aiohttp.ClientSession(line.base_url, headers=headers) as session:
        yield session


class Bot:
    """A bot's server that keeps what it receives and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, Any], str]] = []
        self.answer: Callable[[], Awaitable[int]] | None = None

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append((json.loads(body), request.headers.get("X-Line-Signature", "")))
        assert self.received[-1][1] in ("wrong", sign("secret", body))
        return web.Response(status=await self.answer() if self.answer else 200)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body, _ in self.received for event in body["events"]]


@pytest.fixture
async def bot(line: Simulator) -> AsyncIterator[Bot]:
    bot = Bot()
    app = web.Application()
    app.router.add_post("/line/webhook", bot.handle)
    async with TestServer(app) as server:
        line.webhook_url = str(server.make_url("/line/webhook"))
        yield bot


async def post(api: aiohttp.ClientSession, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    async with api.post(f"/v2/bot/{path}", json=body, headers=headers) as response:
        assert response.headers["x-line-request-id"]
        return response.status, await response.json()


async def get(api: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with api.get(f"/v2/bot/{path}") as response:
        return response.status, await response.json()


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


async def test_a_push_arrives_and_is_recorded(line: Simulator, api: aiohttp.ClientSession) -> None:
    status, body = await post(api, "message/push", PUSH)
    assert status == 200
    assert body["sentMessages"][0]["id"].isdigit()
    entry = await line.arrived(lambda entry: entry.user_id == ALICE)
    assert (entry.text, entry.via) == ("こんにちは", "push")
    [request] = line.requests
    assert (request.endpoint, request.status, request.accepted, request.json) == ("push", 200, True, PUSH)


@pytest.mark.parametrize("authorization", ["", "token", "Bearer other"])
async def test_without_the_token_nothing_is_done(
    line: Simulator, api: aiohttp.ClientSession, authorization: str
) -> None:
    status, body = await post(api, "message/push", PUSH, Authorization=authorization)
    assert status == 401
    assert body["message"].startswith("Authentication failed due to the following reason: ")
    assert line.chat(ALICE) == []


async def test_a_body_over_2_megabytes_is_too_large(api: aiohttp.ClientSession) -> None:
    body = io.BytesIO(json.dumps({"to": "x" * 2**21}).encode())
    async with api.post(
        "/v2/bot/message/push", data=body, headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 413
        assert (await response.json())["message"]


async def test_only_json_is_supported(api: aiohttp.ClientSession) -> None:
    async with api.post(
        "/v2/bot/message/push", data=b"{}", headers={"Content-Type": "text/plain"}
    ) as response:
        assert response.status == 415


async def test_validation_sends_nothing(line: Simulator, api: aiohttp.ClientSession) -> None:
    assert await post(api, "message/validate/push", {"messages": [HELLO]}) == (200, {})
    status, body = await post(api, "message/validate/multicast", {"messages": [{"type": "text"}]})
    assert (status, body["details"][0]["property"]) == (400, "messages[0].text")
    assert line.chat(ALICE) == []


async def test_the_rate_limit_of_an_endpoint_is_kept(line: Simulator, api: aiohttp.ClientSession) -> None:
    line.platform.rates.rates["multicast"] = (2, 3600.0)
    answers = [await post(api, "message/multicast", {"to": [ALICE], "messages": [HELLO]}) for _ in range(3)]
    assert [status for status, _ in answers] == [200, 200, 429]
    assert answers[2][1] == {"message": "The API rate limit has been exceeded. Try again later."}


async def test_a_retry_key_is_accepted_once_and_the_answer_names_the_first_request(
    line: Simulator, api: aiohttp.ClientSession
) -> None:
    key = {"X-Line-Retry-Key": str(uuid4())}
    async with api.post("/v2/bot/message/push", json=PUSH, headers=key) as first:
        sent = (await first.json())["sentMessages"]
        request_id = first.headers["x-line-request-id"]
    async with api.post("/v2/bot/message/push", json=PUSH, headers=key) as second:
        assert second.status == 409
        assert second.headers["x-line-accepted-request-id"] == request_id
        assert await second.json() == {
            "message": "The retry key is already accepted",
            "sentMessages": sent,
        }
    assert len(line.chat(ALICE)) == 1
    assert (await post(api, "message/push", PUSH, **{"X-Line-Retry-Key": "no-uuid"}))[0] == 400
    assert [request.retry_key for request in line.requests] == [key["X-Line-Retry-Key"]] * 2 + ["no-uuid"]


async def test_a_multicast_and_a_broadcast_reach_those_who_follow(
    line: Simulator, api: aiohttp.ClientSession
) -> None:
    line.add_user(BOB, "ぼたん", following=False)
    to_both = {"to": [ALICE, BOB], "messages": [HELLO]}
    assert await post(api, "message/multicast", to_both) == (200, {})
    assert await post(api, "message/broadcast", {"messages": [HELLO]}) == (200, {})
    assert [(entry.user_id, entry.via) for entry in line.chats.entries] == [
        (ALICE, "multicast"),
        (ALICE, "broadcast"),
    ]
    assert (await post(api, "message/multicast", {**to_both, "to": []}))[0] == 400
    many = [f"U{number:032x}" for number in range(501)]
    assert (await post(api, "message/multicast", {**to_both, "to": many}))[0] == 400
    assert (await post(api, "message/narrowcast", {"messages": [HELLO]}))[0] == 404, "not in miniature"


async def test_past_the_monthly_quota_nothing_is_sent(line: Simulator, api: aiohttp.ClientSession) -> None:
    line.platform.monthly_quota = 1
    assert (await post(api, "message/push", PUSH))[0] == 200
    assert await post(api, "message/push", PUSH) == (429, {"message": "You have reached your monthly limit."})
    assert len(line.chat(ALICE)) == 1


@pytest.mark.parametrize("endpoint", ["reply", "push", "multicast", "broadcast"])
async def test_every_kind_of_message_can_be_validated(api: aiohttp.ClientSession, endpoint: str) -> None:
    assert await post(api, f"message/validate/{endpoint}", {"messages": [HELLO]}) == (200, {})
    assert (await post(api, f"message/validate/{endpoint}", {"messages": [HELLO] * 6}))[0] == 400
    assert (await post(api, f"message/validate/{endpoint}", {"messages": []}))[0] == 400


async def test_a_fault_answers_what_it_is_told_and_can_be_late(
    line: Simulator, api: aiohttp.ClientSession
) -> None:
    line.faults.plan = lambda request: {
        "push": Fault(status=429, message="slow down"),
        "multicast": Fault(status=502, body=b"<html>Bad Gateway</html>"),
        "broadcast": Fault(delay=0.01),
    }.get(request.endpoint)
    assert await post(api, "message/push", PUSH) == (429, {"message": "slow down"})
    to_alice = {"to": [ALICE], "messages": [HELLO]}
    async with api.post("/v2/bot/message/multicast", json=to_alice) as response:
        assert (response.status, await response.read()) == (502, b"<html>Bad Gateway</html>")
    assert line.chat(ALICE) == []
    assert await post(api, "message/broadcast", {"messages": [HELLO]}) == (200, {})
    assert len(line.chat(ALICE)) == 1


async def test_quota_info_and_profile(line: Simulator, api: aiohttp.ClientSession) -> None:
    assert await get(api, "message/quota") == (200, {"type": "none"})
    line.platform.monthly_quota = 200
    await post(api, "message/push", PUSH)
    assert await get(api, "message/quota") == (200, {"type": "limited", "value": 200})
    assert await get(api, "message/quota/consumption") == (200, {"totalUsage": 1})
    assert (await get(api, "info"))[1]["userId"] == line.platform.bot.user_id
    assert (await get(api, f"profile/{ALICE}"))[1] == {
        "userId": ALICE,
        "displayName": "あかり",
        "language": "ja",
    }
    assert (await get(api, f"profile/{BOB}"))[0] == 404
    assert (await get(api, "no/such/thing"))[0] == 404


async def test_a_rich_menu_from_creation_to_deletion(line: Simulator, api: aiohttp.ClientSession) -> None:
    area = {
        "bounds": {"x": 0, "y": 0, "width": 800, "height": 250},
        "action": {"type": "message", "text": "ヘルプ"},
    }
    menu = {
        "size": {"width": 800, "height": 250},
        "selected": True,
        "name": "n",
        "chatBarText": "開く",
        "areas": [area],
    }
    assert await post(api, "richmenu/validate", menu) == (200, {})
    assert (await post(api, "richmenu", {**menu, "chatBarText": "あ" * 15}))[0] == 400
    menu_id = (await post(api, "richmenu", menu))[1]["richMenuId"]
    assert (await post(api, f"user/all/richmenu/{menu_id}"))[0] == 400, "it has no image yet"

    content = f"/v2/bot/richmenu/{menu_id}/content"
    for image, kind, status in [
        (b"no image", "image/png", 400),
        (png(900, 250), "image/png", 400),
        (png(800, 250), "image/gif", 415),
        (png(800, 250), "image/png", 200),
        (png(800, 250), "image/png", 400),
    ]:
        async with api.post(content, data=image, headers={"Content-Type": kind}) as response:
            assert response.status == status
    async with api.get(content) as response:
        assert await response.read() == png(800, 250)

    assert await post(api, f"user/all/richmenu/{menu_id}") == (200, {})
    assert await get(api, "user/all/richmenu") == (200, {"richMenuId": menu_id})
    assert await post(api, f"user/{ALICE}/richmenu/{menu_id}") == (200, {})
    assert line.platform.menus.linked == {ALICE: menu_id}
    assert await get(api, f"user/{ALICE}/richmenu") == (200, {"richMenuId": menu_id})
    for mine in (f"user/{ALICE}/richmenu", "user/all/richmenu"):
        async with api.delete(f"/v2/bot/{mine}") as response:
            assert response.status == 200
        assert (await get(api, mine))[0] == 404
    assert await post(api, f"user/all/richmenu/{menu_id}") == (200, {})
    assert (await get(api, "richmenu/list"))[1]["richmenus"] == [{"richMenuId": menu_id, **menu}]
    async with api.delete(f"/v2/bot/richmenu/{menu_id}") as response:
        assert response.status == 200
    assert (await get(api, "user/all/richmenu"))[0] == 404


async def test_faults_before_and_after_acceptance(line: Simulator, api: aiohttp.ClientSession) -> None:
    faults = iter([Fault(status=500), Fault(cut=True), Fault(cut=True, accept=True)])
    line.faults.plan = lambda request: next(faults, None)
    key = {"X-Line-Retry-Key": str(uuid4())}
    assert await post(api, "message/push", PUSH, **key) == (500, {"message": "Internal Server Error"})
    for delivered in (0, 1):
        with pytest.raises(aiohttp.ClientError):
            await post(api, "message/push", PUSH, **key)
        assert len(line.chat(ALICE)) == delivered
    assert (await post(api, "message/push", PUSH, **key))[0] == 409
    assert [(request.status, request.accepted) for request in line.requests] == [
        (500, False),
        (None, False),
        (None, True),
        (409, False),
    ]


async def test_a_plan_sees_attempts_and_a_late_answer_is_an_accepted_one(
    line: Simulator, api: aiohttp.ClientSession
) -> None:
    attempts: list[int] = []

    def plan(request: Any) -> Fault | None:
        attempts.append(request.attempt)
        return Fault(delay=30, accept=True) if request.attempt == 1 else None

    line.faults.plan = plan
    key = {"X-Line-Retry-Key": str(uuid4())}
    first = asyncio.create_task(post(api, "message/push", PUSH, **key))
    await line.arrived(lambda entry: True)
    first.cancel()
    assert (await post(api, "message/push", PUSH, **key))[0] == 409
    assert attempts == [1, 2]


async def test_following_writing_and_blocking_reach_the_bot(line: Simulator, bot: Bot) -> None:
    bob = line.add_user(BOB, "ぼたん", following=False)
    assert (await line.follow(bob)).ok
    await line.say(bob, "受信設定")
    await line.unfollow(bob)
    await line.follow(bob)
    follow, said, unfollow, again = bot.events
    assert follow["follow"] == {"isUnblocked": False}
    assert again["follow"] == {"isUnblocked": True}
    assert "replyToken" not in unfollow
    assert said["message"]["text"] == "受信設定"
    assert {"id", "quoteToken", "markAsReadToken"} <= said["message"].keys()
    for each in bot.events:
        assert each["source"] == {"type": "user", "userId": BOB}
        assert (each["mode"], each["deliveryContext"]) == ("active", {"isRedelivery": False})
        assert len(each["webhookEventId"]) == 26
    assert {body["destination"] for body, _ in bot.received} == {line.platform.bot.user_id}


async def test_taps_do_what_their_actions_say(line: Simulator, bot: Bot, api: aiohttp.ClientSession) -> None:
    actions = [
        {"type": "postback", "label": "子育て", "data": "topic=childcare", "displayText": "子育て"},
        {"type": "datetimepicker", "label": "誕生日", "data": "birth", "mode": "date"},
        {"type": "uri", "label": "開く", "uri": "https://example.com/"},
    ]
    items = [{"type": "action", "action": action} for action in actions]
    await post(api, "message/push", {"to": ALICE, "messages": [{**HELLO, "quickReply": {"items": items}}]})
    assert [button["label"] for button in line.buttons(ALICE)] == ["子育て", "誕生日", "開く"]
    assert await line.tap(ALICE, "開く") is None
    await line.tap(ALICE, "誕生日", picked="2026-03-01")
    await line.tap(ALICE, "子育て")
    assert [each["postback"] for each in bot.events] == [
        {"data": "birth", "params": {"date": "2026-03-01"}},
        {"data": "topic=childcare"},
    ]
    assert [entry.text for entry in line.chat(ALICE)] == ["こんにちは", "子育て"]
    with pytest.raises(LookupError, match="no button '誕生日'"):
        await line.tap(ALICE, "誕生日")


async def test_a_reply_token_works_once(line: Simulator, bot: Bot, api: aiohttp.ClientSession) -> None:
    await line.say(ALICE, "やあ")
    reply = {"replyToken": bot.events[0]["replyToken"], "messages": [HELLO]}
    assert (await post(api, "message/reply", reply))[0] == 200
    assert await post(api, "message/reply", reply) == (400, {"message": "Invalid reply token"})
    assert [entry.via for entry in line.heard(ALICE)] == ["reply"]


async def test_a_reply_token_works_for_a_minute(
    bot: Bot, line: Simulator, api: aiohttp.ClientSession
) -> None:
    await line.say(ALICE, "やあ")
    [token] = [each["replyToken"] for each in bot.events]
    line.platform.reply_tokens._clock = lambda: line.platform.clock() + 61
    reply = {"replyToken": token, "messages": [HELLO]}
    assert await post(api, "message/reply", reply) == (400, {"message": "Invalid reply token"})
    assert line.heard(ALICE) == []


async def test_redelivery_sends_the_same_event_again(line: Simulator, bot: Bot) -> None:
    await line.redeliver(await line.say(ALICE, "やあ"))
    first, second = bot.events
    assert second == {**first, "deliveryContext": {"isRedelivery": True}}


async def test_any_event_and_any_signature_can_be_sent(line: Simulator, bot: Bot) -> None:
    group = {"type": "group", "groupId": "C" + "1" * 32}
    await line.send_events(
        event("join", user_id=ALICE, at=1, source=group, mode="standby"), signature="wrong"
    )
    assert bot.events[0]["source"] == group
    assert bot.received[0][1] == "wrong"


async def test_failed_deliveries_are_kept_like_lines_error_statistics(line: Simulator, bot: Bot) -> None:
    async def broken() -> int:
        return 500

    bot.answer = broken
    await line.say(ALICE, "一")
    line.webhook_url = "http://127.0.0.1:1/"
    await line.say(ALICE, "二")
    assert [failure.reason for failure in line.webhook_errors] == ["error_status_code", "could_not_connect"]
    notes = [entry.text for entry in line.chats.entries if entry.via == "undelivered"]
    assert notes == ["未達：サービスがエラーを返しました（500）", "未達：サービスにつながりません"]


async def test_a_late_answer_to_a_webhook_is_a_timeout(line: Simulator, bot: Bot) -> None:
    released = asyncio.Event()

    async def slow() -> int:
        await released.wait()
        return 200

    bot.answer = slow
    await line.courier.close()
    line.courier.answer_seconds = 0.05
    await line.courier.open()
    assert (await line.say(ALICE, "やあ")).reason == "request_timeout"
    released.set()


async def test_the_webhook_can_be_set_and_tested_through_the_api(
    line: Simulator, bot: Bot, api: aiohttp.ClientSession
) -> None:
    endpoint = {"endpoint": line.webhook_url}
    line.webhook_url = None
    assert (await get(api, "channel/webhook/endpoint"))[0] == 404
    async with api.put("/v2/bot/channel/webhook/endpoint", json=endpoint) as response:
        assert response.status == 200
    assert await get(api, "channel/webhook/endpoint") == (200, {**endpoint, "active": True})
    tested = (await post(api, "channel/webhook/test", {}))[1]
    assert (tested["success"], tested["statusCode"], tested["reason"]) == (True, 200, "OK")
    assert bot.received[0][0]["events"] == []


def test_a_webhook_is_signed_as_in_lines_example() -> None:
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert sign("8c570fa6dd201bb328f1c1eac23a96d8", body) == "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_at_the_last_moment_is_closed_too(turns: int) -> None:
    async with Simulator(channel_secret="secret", channel_access_token="token") as line:
        host, port = line.base_url.removeprefix("http://").split(":")
        phone = socket.create_connection((host, int(port)), timeout=5)
        for _ in range(turns):
            await asyncio.sleep(0)
    with phone, contextlib.suppress(ConnectionResetError):
        assert phone.recv(1) == b""
