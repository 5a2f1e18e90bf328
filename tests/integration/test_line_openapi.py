"""What goes to LINE and what comes from it, against LINE's own OpenAPI descriptions and its SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import jsonschema
import pytest
from linebot.v3 import messaging as sdk
from linebot.v3.webhook import WebhookParser

from bot.line.client import Accepted, LineClient, content
from bot.line.events import decode
from bot.town import templates_for
from simulator import Simulator
from simulator.webhooks import sign
from tests.integration.running import SECRET, TOKEN, line_simulator, user
from tests.line_openapi import NEEDS_OPENAPI, described_kinds, validator
from tests.unit.conversation_partner import TOWN, Partner

ONE_USER = f'"{user(1)}"'.encode()
TWO_USERS = f'"{user(1)}","{user(2)}"'.encode()

pytestmark = NEEDS_OPENAPI

SAID = ("ヘルプ", "受信設定", "登録内容", "配信停止", "データ削除", "言語", "ごみ箱はどこ？")


def replies() -> Iterator[list[dict[str, Any]]]:
    """The conversation's answers: to words, and to every button reached within two taps of them."""
    for language in ("日本語", "やさしい日本語", "English"):
        for words in (*SAID, "子育て", "防災", "バス", "税"):
            start = Partner()
            start.follow()
            yield start.messages
            start.say(language)
            start.say(words)
            yield from _reached(start, 2)


def _reached(partner: Partner, taps: int) -> Iterator[list[dict[str, Any]]]:
    yield partner.messages
    for action in partner.actions if taps else ():
        after = Partner(partner.resident)
        after.send(action["data"], **({"date": "2026-03-01"} if action["type"] == "datetimepicker" else {}))
        yield from _reached(after, taps - 1)


def announcements() -> Iterator[list[dict[str, Any]]]:
    """Every template in every language, filled with its sample."""
    templates = templates_for(TOWN)
    for name in templates.names():
        for language in templates.languages(name):
            yield templates.render(name, language, templates.sample(name))


def encoded(messages: list[list[dict[str, Any]]]) -> list[str]:
    """Each different list of messages once, as the JSON text that is sent."""
    return list(dict.fromkeys(json.dumps(each, ensure_ascii=False) for each in messages))


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        simulator.add_user(user(1))
        yield simulator


def fits(line: Simulator, schema: str, model: Any) -> None:
    """Every request the simulator got is as LINE describes it, and means to LINE's SDK what it says."""
    described: jsonschema.Validator = validator(schema)
    assert line.requests
    for request in line.requests:
        body = json.loads(request.body)
        assert list(described.iter_errors(body)) == []
        understood = model.from_dict(body).to_dict()
        assert {**body, "notificationDisabled": False} == understood


async def test_multicasts_are_as_line_describes_them(line: Simulator) -> None:
    async with aiohttp.ClientSession() as session:
        client = LineClient(session, line.base_url, TOKEN)
        for number, messages in enumerate(encoded(list(announcements()))):
            key = f"00000000-0000-4000-8000-{number:012}"
            says = content(messages, f"machi_20261124_{number}")
            assert isinstance(await client.multicast(TWO_USERS, says, key), Accepted)
    fits(line, "MulticastRequest", sdk.MulticastRequest)


async def test_pushes_are_as_line_describes_them(line: Simulator) -> None:
    async with aiohttp.ClientSession() as session:
        client = LineClient(session, line.base_url, TOKEN)
        for number, messages in enumerate(encoded(list(announcements()))):
            key = f"00000000-0000-4000-8000-{number:012}"
            assert isinstance(await client.push(ONE_USER, content(messages, "machi_1"), key), Accepted)
    fits(line, "PushMessageRequest", sdk.PushMessageRequest)


async def test_broadcasts_to_everyone_are_as_line_describes_them(line: Simulator) -> None:
    line.platform.rates.rates["broadcast"] = (1000, 3600.0)  # more at once than LINE allows in an hour
    async with aiohttp.ClientSession() as session:
        client = LineClient(session, line.base_url, TOKEN)
        for number, messages in enumerate(encoded(list(announcements()))):
            key = f"00000000-0000-4000-8000-{number:012}"
            assert isinstance(await client.broadcast(content(messages), key), Accepted)
    fits(line, "BroadcastRequest", sdk.BroadcastRequest)


async def test_replies_are_as_line_describes_them(line: Simulator) -> None:
    found = encoded(list(replies()))
    assert len(found) > 100
    async with aiohttp.ClientSession() as session:
        client = LineClient(session, line.base_url, TOKEN)
        for messages in found:
            await client.reply("token", messages)
    fits(line, "ReplyMessageRequest", sdk.ReplyMessageRequest)


@pytest.mark.parametrize("example", described_kinds("Event", "webhook.yml"), ids=lambda each: each["type"])
def test_every_event_that_line_describes_is_decoded_as_its_sdk_does(example: dict[str, Any]) -> None:
    assert list(validator("Event", "webhook.yml").iter_errors(example)) == []
    body = json.dumps({"destination": "U" + "0" * 32, "events": [example]})
    parsed = WebhookParser(SECRET).parse(body, sign(SECRET, body.encode()))[0]
    event = decode(json.dumps(example).encode())
    assert (event.type, event.id, event.timestamp_ms, event.mode, event.source_type) == (
        parsed.type,
        parsed.webhook_event_id,
        parsed.timestamp,
        parsed.mode.value,
        parsed.source.type,
    )
    assert event.user_id == parsed.source.user_id
    assert event.reply_token == getattr(parsed, "reply_token", None)
