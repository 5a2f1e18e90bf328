"""What the simulator accepts as a message, and how it names what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.messages import BODIES, error_body

USER = "U0123456789abcdef0123456789abcdef"


def answer(*messages: Any, kind: str = "broadcast", **properties: Any) -> dict[str, Any] | None:
    problems = list(BODIES[kind]({"messages": list(messages), **properties}, ()))
    return error_body(problems) if problems else None


def properties(*messages: Any, kind: str = "broadcast", **rest: Any) -> list[str]:
    body = answer(*messages, kind=kind, **rest)
    return [detail["property"] for detail in body["details"]] if body else []


def text(words: str = "こんにちは", **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def flex(*contents: dict[str, Any], layout: str = "vertical", **box: Any) -> dict[str, Any]:
    body = {"type": "box", "layout": layout, "contents": list(contents), **box}
    return {"type": "flex", "altText": "見出し", "contents": {"type": "bubble", "body": body}}


def postback(label: str = "はい", **more: Any) -> dict[str, Any]:
    return {"type": "postback", "label": label, "data": "a=1", **more}


def quick(*actions: dict[str, Any]) -> dict[str, Any]:
    return text(quickReply={"items": [{"type": "action", "action": action} for action in actions]})


def test_a_plain_text_is_accepted() -> None:
    assert answer(text()) is None


def test_unknown_properties_are_ignored() -> None:
    assert answer(text(newThing=1)) is None


@pytest.mark.parametrize(
    ("words", "fits"), [("あ" * 5000, True), ("あ" * 5001, False), ("🍎" * 2501, False), ("", False)]
)
def test_a_text_has_at_most_5000_utf16_units(words: str, *, fits: bool) -> None:
    assert (answer(text(words)) is None) is fits


def test_a_text_without_words_is_named_like_line_names_it() -> None:
    assert answer({"type": "text"}) == {
        "message": "The request body has 1 error(s)",
        "details": [{"message": "May not be empty", "property": "messages[0].text"}],
    }


def test_an_unknown_type_names_those_that_exist() -> None:
    body = answer({"type": "telegram"})
    assert body is not None
    assert body["details"][0]["property"] == "messages[0].type"
    assert "text" in body["details"][0]["message"]


@pytest.mark.parametrize("count", [0, 6])
def test_a_request_has_one_to_five_messages(count: int) -> None:
    assert properties(*[text()] * count) == ["messages"]


def test_every_fault_is_named() -> None:
    assert properties({"type": "text"}, text(), {"type": "sticker"}) == [
        "messages[0].text",
        "messages[2].packageId",
        "messages[2].stickerId",
    ]


def test_quick_replies_are_at_most_13_with_labels_of_20_clusters() -> None:
    assert answer(quick(*[postback("👍🏽" * 20)] * 13)) is None
    assert properties(quick(*[postback()] * 14)) == ["messages[0].quickReply.items"]
    assert properties(quick(postback("あ" * 21))) == ["messages[0].quickReply.items[0].action.label"]


def test_a_location_action_stands_only_in_quick_replies() -> None:
    location = {"type": "location", "label": "現在地"}
    assert answer(quick(location)) is None
    assert properties(flex({"type": "button", "action": location})) == ["/body/contents/0/action/type"]


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        (postback(), None),
        (postback("あ" * 40), None),
        (postback("あ" * 41), "label"),
        ({"type": "postback", "data": "a"}, "label"),
        (postback(data="あ" * 301), "data"),
        (postback(displayText="x", text="y"), "displayText"),
        (postback(fillInText="x"), "fillInText"),
        (postback(fillInText="x", inputOption="openKeyboard"), None),
        ({"type": "uri", "label": "開く", "uri": "https://www.town.kahoku.yamagata.jp/"}, None),
        ({"type": "uri", "label": "電話", "uri": "tel:0237732111"}, None),
        ({"type": "uri", "label": "開く", "uri": "https://例え.jp/"}, "uri"),
        ({"type": "uri", "label": "開く", "uri": "ftp://example.com/"}, "uri"),
        ({"type": "uri", "label": "開く", "uri": "https://example.com/" + "a" * 981}, "uri"),
        ({"type": "clipboard", "label": "写す", "clipboardText": "x" * 1001}, "clipboardText"),
        ({"type": "datetimepicker", "label": "月", "data": "d", "mode": "month"}, "mode"),
        (
            {"type": "datetimepicker", "label": "日", "data": "d", "mode": "date", "initial": "2026-02-30"},
            "initial",
        ),
        ({"type": "datetimepicker", "label": "日", "data": "d", "mode": "date", "min": "1899-12-31"}, "min"),
        (
            {
                "type": "datetimepicker",
                "label": "日",
                "data": "d",
                "mode": "date",
                "min": "2026-02-02",
                "max": "2026-02-01",
            },
            "min",
        ),
        (
            {"type": "datetimepicker", "label": "時", "data": "d", "mode": "time", "initial": "24:00"},
            "initial",
        ),
        (
            {
                "type": "datetimepicker",
                "label": "時",
                "data": "d",
                "mode": "datetime",
                "initial": "2026-03-01t09:30",
            },
            None,
        ),
        ({"type": "richmenuswitch", "label": "次", "data": "d", "richMenuAliasId": "a"}, "type"),
    ],
)
def test_actions_of_a_flex_button(action: dict[str, Any], fault: str | None) -> None:
    expected = [f"/body/contents/0/action/{fault}"] if fault else []
    assert properties(flex({"type": "button", "action": action})) == expected


@pytest.mark.parametrize(
    ("component", "fault"),
    [
        ({"type": "text", "text": "本文", "wrap": True, "size": "18px", "color": "#112233"}, None),
        ({"type": "text", "contents": [{"type": "span", "text": "太字", "weight": "bold"}]}, None),
        ({"type": "text", "text": ""}, "text"),
        ({"type": "text", "text": "x", "color": "red"}, "color"),
        ({"type": "text", "text": "x", "size": "huge"}, "size"),
        ({"type": "text", "text": "x", "weight": "heavy"}, "weight"),
        ({"type": "text", "text": "x", "wrap": "true"}, "wrap"),
        ({"type": "text", "text": "x", "offsetTop": "-2px"}, None),
        ({"type": "image", "url": "http://example.com/a.png"}, "url"),
        ({"type": "image", "url": "https://example.com/a.png", "aspectRatio": "1:4"}, "aspectRatio"),
        ({"type": "image", "url": "https://example.com/a.png", "size": "full", "aspectRatio": "20:13"}, None),
        ({"type": "icon", "url": "https://example.com/a.png"}, "type"),
        ({"type": "span", "text": "x"}, "type"),
        ({"type": "separator", "margin": "xl"}, None),
        ({"type": "box", "layout": "vertical", "contents": []}, None),
        ({"type": "box", "contents": []}, "layout"),
        ({"type": "box", "layout": "vertical"}, "contents"),
        (
            {"type": "box", "layout": "vertical", "contents": [], "paddingAll": "5%", "cornerRadius": "8px"},
            None,
        ),
        ({"type": "button"}, "action"),
    ],
)
def test_components_of_a_flex_box(component: dict[str, Any], fault: str | None) -> None:
    assert properties(flex(component)) == ([f"/body/contents/0/{fault}"] if fault else [])


def test_a_baseline_box_holds_text_and_icons_only() -> None:
    icon = {"type": "icon", "url": "https://example.com/a.png"}
    assert answer(flex(icon, {"type": "text", "text": "x"}, layout="baseline")) is None
    assert properties(flex({"type": "separator"}, layout="baseline")) == ["/body/contents/0/type"]


def test_a_fault_in_flex_is_named_by_its_path_below_the_contents() -> None:
    assert answer(text(), flex({"type": "text", "text": ""})) == {
        "message": "A message (messages[1]) in the request body is invalid",
        "details": [{"message": "must be non-empty text", "property": "/body/contents/0/text"}],
    }


def test_a_bubble_has_at_least_one_block() -> None:
    empty = {"type": "flex", "altText": "x", "contents": {"type": "bubble"}}
    assert properties(empty) == ["/"]


def test_a_bubble_is_at_most_30_kilobytes() -> None:
    paragraph = {"type": "text", "text": "あ" * 2000}
    assert answer(flex(*[paragraph] * 5)) is None
    assert properties(flex(*[paragraph] * 6)) == ["/"]


@pytest.mark.parametrize(
    ("count", "sizes", "fits"), [(12, {"kilo"}, True), (13, {"kilo"}, False), (2, {"kilo", "mega"}, False)]
)
def test_a_carousel_has_at_most_12_bubbles_of_one_size(count: int, sizes: set[str], *, fits: bool) -> None:
    body = {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "x"}]}
    bubbles = [{"type": "bubble", "body": body, "size": sorted(sizes)[i % len(sizes)]} for i in range(count)]
    message = {"type": "flex", "altText": "x", "contents": {"type": "carousel", "contents": bubbles}}
    assert (answer(message) is None) is fits


def test_a_carousel_is_at_most_50_kilobytes() -> None:
    body = {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "あ" * 2000}]}
    carousel = {"type": "carousel", "contents": [{"type": "bubble", "body": body}] * 9}
    assert properties({"type": "flex", "altText": "x", "contents": carousel}) == ["/"]


def test_an_alternative_text_has_at_most_400_units() -> None:
    message = flex({"type": "text", "text": "x"})
    assert answer({**message, "altText": "あ" * 400}) is None
    assert properties({**message, "altText": "あ" * 401}) == ["messages[0].altText"]


def test_a_confirm_template_has_two_actions_and_240_clusters() -> None:
    template = {
        "type": "confirm",
        "text": "よろしいですか",
        "actions": [postback("はい"), postback("いいえ")],
    }
    assert answer({"type": "template", "altText": "x", "template": template}) is None
    one = {**template, "actions": [postback()]}
    assert properties({"type": "template", "altText": "x", "template": one}) == [
        "messages[0].template.actions"
    ]


def test_a_buttons_template_with_a_title_has_a_shorter_text() -> None:
    template = {"type": "buttons", "text": "あ" * 61, "actions": [postback()]}
    assert answer({"type": "template", "altText": "x", "template": template}) is None
    titled = {**template, "title": "題"}
    assert properties({"type": "template", "altText": "x", "template": titled}) == [
        "messages[0].template.text"
    ]


def test_columns_of_a_carousel_template_have_the_same_number_of_actions() -> None:
    columns = [{"text": "x", "actions": [postback()] * count} for count in (1, 2)]
    template = {"type": "carousel", "columns": columns}
    assert properties({"type": "template", "altText": "x", "template": template}) == [
        "messages[0].template.columns"
    ]


def test_placeholders_of_a_text_v2_need_their_substitution() -> None:
    emoji = {"type": "emoji", "productId": "p", "emojiId": "e"}
    message = {"type": "textV2", "text": "{smile} と {{括弧}}", "substitution": {"smile": emoji}}
    assert answer(message) is None
    assert properties({**message, "substitution": {}}) == ["messages[0].text"]


def test_emojis_stand_on_a_dollar_sign() -> None:
    emoji = {"productId": "p", "emojiId": "e"}
    assert answer(text("🍎$", emojis=[{"index": 2, **emoji}])) is None
    assert properties(text("🍎$", emojis=[{"index": 1, **emoji}])) == ["messages[0].emojis[0].index"]


def test_a_location_lies_on_earth() -> None:
    place = {"type": "location", "title": "役場", "address": "谷地", "latitude": 38.4, "longitude": 140.3}
    assert answer(place) is None
    assert properties({**place, "latitude": 91}) == ["messages[0].latitude"]


def test_a_multicast_goes_to_1_to_500_user_ids() -> None:
    assert answer(text(), kind="multicast", to=[USER] * 500) is None
    assert properties(text(), kind="multicast", to=[]) == ["to"]
    assert properties(text(), kind="multicast", to=[USER] * 501) == ["to"]
    assert properties(text(), kind="multicast", to=[USER, "taro", USER.upper()]) == ["to[1]", "to[2]"]


@pytest.mark.parametrize("body", [None, [], "text", 3])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert list(BODIES["push"](body, ()))
