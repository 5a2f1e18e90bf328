"""LINE's message objects and the bodies of the requests that send them.

Source: https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator import flex
from simulator.actions import HTTPS, IN_IMAGE_CAROUSEL, IN_QUICK_REPLY, IN_TEMPLATE, UNLABELLED, URI
from simulator.counting import graphemes
from simulator.schema import (
    Check,
    Path,
    Problem,
    Rule,
    choice,
    flag,
    items,
    matching,
    number,
    record,
    tagged,
    text,
    values,
)

_TEXT = text(most=5000)
_ALT_TEXT = text(most=400)
_TOKEN = text(most=1000)
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

_QUICK_REPLY = record(
    {"items": items(tagged({"action": record({"action": IN_QUICK_REPLY}, {"imageUrl": HTTPS})}), most=13)}
)
_NAME = matching(r"(?!.*LINE).+", "Contains a word that may not be used", most=20)
_SENDER = record({}, {"name": _NAME, "iconUrl": HTTPS})
_COMMON: dict[str, Check] = {"quickReply": _QUICK_REPLY, "sender": _SENDER}


def _message(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Rule
) -> Check:
    return record(required, {**_COMMON, **(optional or {})}, *rules)


def _emojis_stand_on_dollars(message: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    units = message["text"].encode("utf-16-le", "surrogatepass")
    for number_, emoji in enumerate(message.get("emojis") or ()):
        if units[2 * emoji["index"] : 2 * emoji["index"] + 2] != "$".encode("utf-16-le"):
            yield "The emoji's index must point to a $", ("emojis", number_, "index")


def _placeholders_are_known(message: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    known = message.get("substitution") or {}
    for found in _PLACEHOLDER.finditer(message["text"]):
        if found.group() in ("{", "}"):
            yield "A literal brace is written twice", ("text",)
        elif found.group(1) is not None and found.group(1) not in known:
            yield f"No substitution for {found.group()}", ("text",)


_EMOJI = {"productId": _TOKEN, "emojiId": _TOKEN}
_MENTIONEE = tagged({"user": record({"userId": _TOKEN}), "all": record()})
_SUBSTITUTION = tagged({"mention": record({"mentionee": _MENTIONEE}), "emoji": record(_EMOJI)})


def _title_and_text(*, title_most: int, plain_most: int, beside_most: int) -> tuple[dict[str, Check], Rule]:
    """Text of a template: shorter when a title or a picture stands beside it."""

    def rule(template: dict[str, Any]) -> Iterator[tuple[str, Path]]:
        beside = template.get("title") or template.get("thumbnailImageUrl")
        if beside and graphemes(template["text"]) > beside_most:
            yield f"Length must be between 1 and {beside_most}", ("text",)

    checks = {
        "text": text(most=plain_most, count=graphemes),
        "title": text(most=title_most, count=graphemes),
    }
    return checks, rule


def _same_number_of_actions(carousel: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if len({len(column["actions"]) for column in carousel["columns"]}) > 1:
        yield "All columns must have the same number of actions", ("columns",)


_COLOR = matching(r"#[0-9a-fA-F]{6}", "invalid color code")
_PICTURE = {"imageAspectRatio": choice("rectangle", "square"), "imageSize": choice("cover", "contain")}
_THUMBNAIL = {"thumbnailImageUrl": HTTPS, "imageBackgroundColor": _COLOR, "defaultAction": UNLABELLED}
_BUTTONS_WORDS, _BUTTONS_RULE = _title_and_text(title_most=40, plain_most=160, beside_most=60)
_COLUMN_WORDS, _COLUMN_RULE = _title_and_text(title_most=40, plain_most=120, beside_most=60)
_TEMPLATE = tagged(
    {
        "buttons": record(
            {"text": _BUTTONS_WORDS["text"], "actions": items(IN_TEMPLATE, most=4)},
            {"title": _BUTTONS_WORDS["title"], **_PICTURE, **_THUMBNAIL},
            _BUTTONS_RULE,
        ),
        "confirm": record(
            {"text": text(most=240, count=graphemes), "actions": items(IN_TEMPLATE, most=2, least=2)}
        ),
        "carousel": record(
            {
                "columns": items(
                    record(
                        {"text": _COLUMN_WORDS["text"], "actions": items(IN_TEMPLATE, most=3)},
                        {"title": _COLUMN_WORDS["title"], **_THUMBNAIL},
                        _COLUMN_RULE,
                    ),
                    most=10,
                )
            },
            _PICTURE,
            _same_number_of_actions,
        ),
        "image_carousel": record(
            {"columns": items(record({"imageUrl": HTTPS, "action": IN_IMAGE_CAROUSEL}), most=10)}
        ),
    }
)
_CORNER = {key: number(least=0) for key in ("x", "y")}
_EXTENT = {key: number(least=1) for key in ("width", "height")}
_AREA = record(_CORNER | _EXTENT)
_IMAGEMAP_ACTION = tagged(
    {
        "uri": record({"linkUri": URI, "area": _AREA}),
        "message": record({"text": text(most=400), "area": _AREA}),
        "clipboard": record({"clipboardText": text(most=1000), "area": _AREA}),
    }
)

MESSAGE = tagged(
    {
        "text": _message(
            {"text": _TEXT},
            {"emojis": items(record({"index": number(least=0), **_EMOJI}), most=20), "quoteToken": _TOKEN},
            _emojis_stand_on_dollars,
        ),
        "textV2": _message(
            {"text": _TEXT},
            {"substitution": values(_SUBSTITUTION, most=100), "quoteToken": _TOKEN},
            _placeholders_are_known,
        ),
        "sticker": _message({"packageId": _TOKEN, "stickerId": _TOKEN}, {"quoteToken": _TOKEN}),
        "image": _message({"originalContentUrl": HTTPS, "previewImageUrl": HTTPS}),
        "video": _message(
            {"originalContentUrl": HTTPS, "previewImageUrl": HTTPS},
            {"trackingId": matching(r"[a-zA-Z0-9-.=,+*()%$&;:@{}!?<>\[\]]{1,100}", "invalid tracking id")},
        ),
        "audio": _message({"originalContentUrl": HTTPS, "duration": number(least=1, most=2**53)}),
        "location": _message(
            {
                "title": text(most=100),
                "address": text(most=100),
                "latitude": number(least=-90, most=90, whole=False),
                "longitude": number(least=-180, most=180, whole=False),
            }
        ),
        "imagemap": _message(
            {
                "baseUrl": HTTPS,
                "altText": _ALT_TEXT,
                "baseSize": record({"width": number(least=1040, most=1040), "height": number(least=1)}),
                "actions": items(_IMAGEMAP_ACTION, most=50, least=0),
            }
        ),
        "template": _message({"altText": _ALT_TEXT, "template": _TEMPLATE}),
        "flex": _message({"altText": _ALT_TEXT, "contents": flex.CONTAINER}),
        "coupon": _message({"couponId": _TOKEN}, {"deliveryTag": text(most=30)}),
    }
)
"""One message object of any type."""

_MESSAGES: dict[str, Check] = {"messages": items(MESSAGE, most=5)}
_SILENT: dict[str, Check] = {"notificationDisabled": flag}
_UNIT = matching(r"[a-zA-Z0-9_]{1,30}", "invalid aggregation unit")
_UNITS: dict[str, Check] = {"customAggregationUnits": items(_UNIT, most=1, least=0)}
_USER_ID = matching(r"U[0-9a-f]{32}", "Must be a user ID")
_CHAT_ID = matching(r"[UCR][0-9a-f]{32}", "Must be the ID of a user, a group chat or a multi-person chat")

BODIES: Mapping[str, Check] = {
    "reply": record({"replyToken": _TOKEN, **_MESSAGES}, _SILENT),
    "push": record({"to": _CHAT_ID, **_MESSAGES}, {**_SILENT, **_UNITS}),
    "multicast": record({"to": items(_USER_ID, most=500), **_MESSAGES}, {**_SILENT, **_UNITS}),
    "broadcast": record(_MESSAGES, _SILENT),
}
"""Request bodies by endpoint of ``/v2/bot/message/``."""

VALIDATION_BODY = record(_MESSAGES)
"""Request body of ``/v2/bot/message/validate/…``."""


def error_body(problems: list[Problem]) -> dict[str, Any]:
    """The JSON that LINE answers for a body with these problems (one or more).

    Faults inside a Flex Message are named by a path below its contents, others by a path from the top.
    Source: https://developers.line.biz/en/reference/messaging-api/#error-responses
    """
    in_flex = [_flex_property(problem.path) for problem in problems]
    messages = {problem.path[1] for problem in problems if len(problem.path) > 1}
    if all(in_flex) and len(messages) == 1:
        summary = f"A message (messages[{messages.pop()}]) in the request body is invalid"
    else:
        summary = f"The request body has {len(problems)} error(s)"
    details = [
        {"message": problem.message, "property": below or dotted(problem.path)}
        for problem, below in zip(problems, in_flex, strict=True)
    ]
    return {"message": summary, "details": details}


def dotted(path: Path) -> str:
    """A path the way LINE prints it: ``messages[0].text``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def _flex_property(path: Path) -> str:
    if path[:1] == ("messages",) and path[2:3] == ("contents",):
        return "/" + "/".join(str(key) for key in path[3:])
    return ""
