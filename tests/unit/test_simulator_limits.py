"""Retry keys, reply tokens, rate limits and quota, under a clock that the test sets."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from simulator.chats import User
from simulator.limits import RateLimits
from simulator.platform import Platform, RefusedError

ALICE, BOB = "U" + "a" * 32, "U" + "b" * 32
HELLO = {"messages": [{"type": "text", "text": "こんにちは"}]}


class SetClock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def platform(clock: SetClock) -> Platform:
    platform = Platform(clock)
    platform.chats.add(User(ALICE, "あかり"))
    platform.chats.add(User(BOB, "ぼたん", standing="blocked"))
    return platform


def send(platform: Platform, kind: str, key: str | None = None, **body: Any) -> dict[str, Any]:
    return platform.send(kind, json.dumps({**HELLO, **body}).encode(), key, str(uuid4()))


def refusal(platform: Platform, kind: str, key: str | None = None, **body: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        send(platform, kind, key, **body)
    return caught.value


def test_a_retry_key_is_accepted_once(platform: Platform) -> None:
    key = str(uuid4())
    first = send(platform, "push", key, to=ALICE)
    second = refusal(platform, "push", key.upper(), to=ALICE)
    assert second.status == 409
    assert second.body == {
        "message": "The retry key is already accepted",
        "sentMessages": first["sentMessages"],
    }
    assert second.headers["x-line-accepted-request-id"]
    assert len(platform.chats.of(ALICE)) == 1
    assert platform.violations == []


def test_another_body_under_the_same_key_is_a_violation(platform: Platform) -> None:
    key = str(uuid4())
    send(platform, "multicast", key, to=[ALICE])
    assert refusal(platform, "multicast", key, to=[ALICE, BOB]).status == 409
    assert [violation.detail for violation in platform.violations] == [key]


def test_a_refused_request_leaves_its_key_unused(platform: Platform) -> None:
    key = str(uuid4())
    assert refusal(platform, "push", key, to=ALICE, messages=[]).status == 400
    assert send(platform, "push", key, to=ALICE)


def test_a_retry_key_is_forgotten_after_24_hours(platform: Platform, clock: SetClock) -> None:
    key = str(uuid4())
    send(platform, "broadcast", key)
    clock.now += 24 * 3600 - 1
    assert refusal(platform, "broadcast", key).status == 409
    clock.now += 1
    assert send(platform, "broadcast", key) == {}
    assert len(platform.chats.of(ALICE)) == 2


@pytest.mark.parametrize("key", ["", "again", "0123456789abcdef0123456789abcdef"])
def test_a_retry_key_is_a_uuid(platform: Platform, key: str) -> None:
    assert refusal(platform, "push", key, to=ALICE).status == 400


def test_a_reply_takes_no_retry_key(platform: Platform) -> None:
    token = platform.reply_tokens.issue(ALICE)
    assert refusal(platform, "reply", str(uuid4()), replyToken=token).status == 400


def test_a_reply_token_is_good_for_one_reply(platform: Platform) -> None:
    token = platform.reply_tokens.issue(ALICE)
    assert len(send(platform, "reply", replyToken=token)["sentMessages"]) == 1
    again = refusal(platform, "reply", replyToken=token)
    assert (again.status, again.body) == (400, {"message": "Invalid reply token"})


def test_a_reply_token_expires_after_a_minute(platform: Platform, clock: SetClock) -> None:
    token = platform.reply_tokens.issue(ALICE)
    clock.now += 61
    assert refusal(platform, "reply", replyToken=token).status == 400


def test_redelivery_renews_a_reply_token_for_20_minutes(platform: Platform, clock: SetClock) -> None:
    early, late = platform.reply_tokens.issue(ALICE), platform.reply_tokens.issue(ALICE)
    clock.now += 19 * 60
    platform.reply_tokens.renew(early)
    clock.now += 50
    assert send(platform, "reply", replyToken=early)
    clock.now += 11
    platform.reply_tokens.renew(late)
    assert refusal(platform, "reply", replyToken=late).status == 400


def test_pushing_to_an_unknown_user_is_refused_and_to_a_blocked_one_is_not(platform: Platform) -> None:
    assert refusal(platform, "push", to="U" + "c" * 32).status == 400
    assert send(platform, "push", to=BOB)["sentMessages"]
    assert platform.chats.of(BOB) == []


def test_a_multicast_skips_those_it_cannot_reach_and_repeats_nobody(platform: Platform) -> None:
    assert send(platform, "multicast", to=[ALICE, BOB, "U" + "c" * 32, ALICE]) == {}
    assert (len(platform.chats.of(ALICE)), len(platform.chats.of(BOB)), platform.used_quota) == (1, 0, 1)


def test_only_delivered_messages_count_for_the_quota_and_replies_are_free(platform: Platform) -> None:
    platform.monthly_quota = 1
    send(platform, "push", to=BOB)
    send(platform, "reply", replyToken=platform.reply_tokens.issue(ALICE))
    send(platform, "push", to=ALICE)
    over = refusal(platform, "broadcast")
    assert (over.status, over.body) == (429, {"message": "You have reached your monthly limit."})


def test_a_window_slides(clock: SetClock) -> None:
    limits = RateLimits(clock, {"multicast": (2, 1.0)})
    assert [limits.allow("multicast") for _ in range(3)] == [True, True, False]
    clock.now += 0.5
    assert not limits.allow("multicast")
    clock.now += 0.5
    assert [limits.allow("multicast") for _ in range(3)] == [True, True, False]


def test_endpoints_have_windows_of_their_own(clock: SetClock) -> None:
    limits = RateLimits(clock)
    assert [limits.allow("multicast") for _ in range(201)].count(True) == 200
    assert limits.allow("push")


def test_json_that_cannot_be_read_is_refused_with_its_place(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"could not be parsed as JSON \(line: 1, column: 2\)"):
        platform.send("push", b"{", None, "r")
