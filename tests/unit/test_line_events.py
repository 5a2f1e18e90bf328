from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bot.line.events import LineEvent, decode

USER = "U" + "0" * 32

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
keys = st.sampled_from(
    [
        "type",
        "mode",
        "timestamp",
        "source",
        "message",
        "postback",
        "follow",
        "unsend",
        "replyToken",
        "webhookEventId",
    ]
)


def test_a_text_message_is_read_whole():
    event = decode(
        json.dumps(
            {
                "type": "message",
                "webhookEventId": "01ARZ3",
                "timestamp": 1_700_000_000_000,
                "mode": "active",
                "source": {"type": "user", "userId": USER},
                "replyToken": "token",
                "message": {"type": "text", "id": "42", "text": "バス"},
                "somethingNew": {"a": 1},
            }
        ).encode()
    )
    assert event == LineEvent(
        type="message",
        id="01ARZ3",
        timestamp_ms=1_700_000_000_000,
        source_type="user",
        user_id=USER,
        reply_token="token",
        message_type="text",
        message_id="42",
        text="バス",
    )


def test_a_member_of_a_group_is_not_a_resident():
    raw = json.dumps(
        {"type": "message", "source": {"type": "group", "groupId": "C1", "userId": USER}}
    ).encode()
    assert decode(raw).user_id is None


def test_an_id_not_of_lines_form_is_no_user():
    raw = json.dumps({"type": "follow", "source": {"type": "user", "userId": "Udeadbeef"}}).encode()
    assert decode(raw).user_id is None


@given(st.binary())
def test_any_bytes_give_some_event(raw):
    assert isinstance(decode(raw), LineEvent)


@given(st.dictionaries(keys, json_values))
def test_fields_of_any_type_give_some_event(body):
    event = decode(json.dumps(body).encode())
    assert isinstance(event.type, str)
    assert isinstance(event.text, str)
    assert isinstance(event.timestamp_ms, int)


def test_deep_nesting_gives_an_empty_event():
    assert decode(b'{"type":"message","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}").type in ("", "message")
