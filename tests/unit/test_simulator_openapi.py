"""The simulator's idea of a message against LINE's own OpenAPI description.

The simulator may be stricter than that description, which leaves most limits to prose, but never laxer.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.messages import MESSAGE
from simulator.richmenus import RICH_MENU
from tests.line_openapi import NEEDS_OPENAPI, validator

pytestmark = NEEDS_OPENAPI

POSTBACK = {
    "type": "postback",
    "label": "はい",
    "data": "a=1",
    "displayText": "はい",
    "inputOption": "openKeyboard",
}
PICKER = {"type": "datetimepicker", "label": "日付", "data": "d", "mode": "date", "initial": "2026-03-01"}
LINK = {
    "type": "uri",
    "label": "開く",
    "uri": "https://example.com/",
    "altUri": {"desktop": "https://example.com/d"},
}
COPY = {"type": "clipboard", "label": "写す", "clipboardText": "0237-73-2111"}
SAY = {"type": "message", "label": "ヘルプ", "text": "ヘルプ"}
IMAGE = "https://example.com/a.png"
BUBBLE = {
    "type": "bubble",
    "size": "mega",
    "direction": "ltr",
    "styles": {"footer": {"backgroundColor": "#FFFFFF", "separator": True, "separatorColor": "#00000010"}},
    "header": {
        "type": "box",
        "layout": "vertical",
        "contents": [{"type": "text", "text": "見出し", "weight": "bold"}],
    },
    "hero": {
        "type": "image",
        "url": IMAGE,
        "size": "full",
        "aspectRatio": "20:13",
        "aspectMode": "cover",
        "action": LINK,
    },
    "body": {
        "type": "box",
        "layout": "vertical",
        "spacing": "md",
        "paddingAll": "12px",
        "cornerRadius": "lg",
        "background": {
            "type": "linearGradient",
            "angle": "0deg",
            "startColor": "#FFFFFF",
            "endColor": "#EEEEEE",
        },
        "contents": [
            {
                "type": "box",
                "layout": "baseline",
                "justifyContent": "center",
                "contents": [
                    {"type": "icon", "url": IMAGE, "size": "sm"},
                    {
                        "type": "text",
                        "text": "本文",
                        "wrap": True,
                        "maxLines": 3,
                        "flex": 2,
                        "decoration": "underline",
                    },
                ],
            },
            {"type": "separator", "margin": "lg", "color": "#CCCCCC"},
            {
                "type": "text",
                "contents": [{"type": "span", "text": "太字", "weight": "bold", "style": "italic"}],
            },
            {"type": "filler", "flex": 1},
        ],
    },
    "footer": {
        "type": "box",
        "layout": "horizontal",
        "contents": [
            {"type": "button", "style": "primary", "height": "sm", "color": "#00B900", "action": POSTBACK}
        ],
    },
}
TEMPLATES: list[dict[str, Any]] = [
    {"type": "buttons", "title": "題", "text": "文", "thumbnailImageUrl": IMAGE, "actions": [POSTBACK, LINK]},
    {"type": "confirm", "text": "よいですか", "actions": [POSTBACK, SAY]},
    {
        "type": "carousel",
        "columns": [{"title": "題", "text": "文", "actions": [PICKER]}],
        "imageSize": "cover",
    },
    {"type": "image_carousel", "columns": [{"imageUrl": IMAGE, "action": LINK}]},
]
SAMPLES: list[dict[str, Any]] = [
    {
        "type": "text",
        "text": "$こんにちは",
        "emojis": [{"index": 0, "productId": "p", "emojiId": "e"}],
        "quoteToken": "q",
        "sender": {"name": "河北町", "iconUrl": IMAGE},
        "quickReply": {
            "items": [
                {"type": "action", "imageUrl": IMAGE, "action": each}
                for each in (POSTBACK, PICKER, LINK, COPY, SAY)
            ]
        },
    },
    {
        "type": "textV2",
        "text": "{a}さん {b}",
        "substitution": {
            "a": {"type": "mention", "mentionee": {"type": "user", "userId": "U1"}},
            "b": {"type": "emoji", "productId": "p", "emojiId": "e"},
        },
    },
    {"type": "sticker", "packageId": "446", "stickerId": "1988"},
    {"type": "image", "originalContentUrl": IMAGE, "previewImageUrl": IMAGE},
    {"type": "video", "originalContentUrl": IMAGE, "previewImageUrl": IMAGE, "trackingId": "t-1"},
    {"type": "audio", "originalContentUrl": IMAGE, "duration": 60000},
    {"type": "location", "title": "役場", "address": "谷地", "latitude": 38.4, "longitude": 140.3},
    {
        "type": "imagemap",
        "baseUrl": IMAGE,
        "altText": "地図",
        "baseSize": {"width": 1040, "height": 700},
        "actions": [{"type": "uri", "linkUri": IMAGE, "area": {"x": 0, "y": 0, "width": 520, "height": 700}}],
    },
    {"type": "coupon", "couponId": "c"},
    {"type": "flex", "altText": "見出し", "contents": BUBBLE},
    {"type": "flex", "altText": "見出し", "contents": {"type": "carousel", "contents": [BUBBLE, BUBBLE]}},
    *({"type": "template", "altText": "見出し", "template": template} for template in TEMPLATES),
]
MENU = {
    "size": {"width": 2500, "height": 843},
    "selected": True,
    "name": "町のメニュー",
    "chatBarText": "メニュー",
    "areas": [{"bounds": {"x": 0, "y": 0, "width": 1250, "height": 843}, "action": SAY}],
}


@pytest.fixture(scope="module")
def line_messages() -> jsonschema.Validator:
    return validator("Message")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["type"]))
def test_what_line_describes_is_accepted(sample: dict[str, Any], line_messages: jsonschema.Validator) -> None:
    assert list(MESSAGE(sample, ())) == []
    assert list(line_messages.iter_errors(sample)) == []


def test_a_rich_menu_that_line_describes_is_accepted() -> None:
    assert list(RICH_MENU(MENU, ())) == []
    assert list(validator("RichMenuRequest").iter_errors(MENU)) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to all values inside a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


JUNK = st.sampled_from([0, -1, 1.5, True, "", "junk", [], {}, ["x"], {"type": "junk"}, "x" * 301])


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_what_line_describes_as_wrong_is_refused(
    data: st.DataObject, line_messages: jsonschema.Validator
) -> None:
    broken = copy.deepcopy(data.draw(st.sampled_from(SAMPLES)))
    *above, last = data.draw(st.sampled_from(list(places(broken))))
    parent = broken
    for key in above:
        parent = parent[key]
    if data.draw(st.booleans()):
        del parent[last]
    else:
        parent[last] = data.draw(JUNK)
    if list(line_messages.iter_errors(broken)):
        assert list(MESSAGE(broken, ())), f"accepted, although LINE's description refuses it: {broken}"
