"""What LINE accepts as messages, checked before anything is sent.

Source: https://developers.line.biz/en/reference/messaging-api/#message-objects and
https://developers.line.biz/en/docs/messaging-api/text-character-count/. The service sends texts, Flex
messages, images and locations; every other type is refused here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Message = dict[str, Any]
"""A LINE message object as it is sent: JSON-able, with `type` among its keys."""

MESSAGES = 5
TEXT = 5000  # UTF-16 code units
ALT_TEXT = 400  # UTF-16 code units
BUBBLE_BYTES = 30_000
CAROUSEL_BYTES = 50_000
CAROUSEL_BUBBLES = 12
QUICK_REPLIES = 13
LABEL = 20  # grapheme clusters
BUTTON_LABEL = 40  # grapheme clusters, buttons of a Flex message
POSTBACK_DATA = 300
SHOWN_TEXT = 300  # grapheme clusters said on the resident's behalf when an action is tapped
URI = 1000
MEDIA_URL = 2000
PLACE = 100

_JOINER = "\u200d"
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?")
_BUBBLE_SIZES = ("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")
_IN_BOXES = {
    "vertical": {"box", "button", "filler", "image", "separator", "text", "video"},
    "horizontal": {"box", "button", "filler", "image", "separator", "text", "video"},
    "baseline": {"filler", "icon", "text"},
}


def utf16_length(text: str) -> int:
    """The length as LINE counts texts: UTF-16 code units, so 🍎 is 2."""
    return len(text) + sum(character > "\uffff" for character in text)


def graphemes(text: str) -> list[str]:
    """Split into characters as people see them, the way LINE counts labels.

    Holds the rules of UAX #29 that occur in chat: combining marks, emoji sequences, flags, Hangul, CR LF.
    """
    clusters: list[str] = []
    for character in text:
        if clusters and _continues(clusters[-1], character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _continues(cluster: str, character: str) -> bool:
    last = cluster[-1]
    if last in "\r\n" or character in "\r\n":
        return last == "\r" and character == "\n"
    return (
        _extends(character)
        or (last == _JOINER and unicodedata.category(character) == "So")
        or (_is_flag_letter(character) and len(cluster) == 1 and _is_flag_letter(last))
        or _hangul_joins(last, character)
    )


def _extends(character: str) -> bool:
    return (
        character == _JOINER
        or unicodedata.category(character) in {"Mn", "Mc", "Me"}
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of regional flags
        or character in "\uff9e\uff9f"  # half-width voiced sound marks
    )


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _hangul_joins(last: str, character: str) -> bool:
    leads = "\u1100" <= last <= "\u115f"
    if "\u1160" <= character <= "\u11a7":  # vowel
        return leads or "\u1160" <= last <= "\u11a7"
    if "\u11a8" <= character <= "\u11ff":  # final consonant
        return "\u1160" <= last <= "\u11ff" or "\uac00" <= last <= "\ud7a3"
    return leads and ("\u1100" <= character <= "\u115f" or "\uac00" <= character <= "\ud7a3")


def cut(text: str, limit: int = ALT_TEXT) -> str:
    """The text if it fits in `limit` UTF-16 units, else its beginning and `…`, never within a grapheme."""
    if utf16_length(text) <= limit:
        return text
    kept, room = [], limit - 1
    for cluster in graphemes(text):
        room -= utf16_length(cluster)
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept).rstrip() + "…"


def faults(messages: Sequence[Message]) -> list[str]:
    """Every reason LINE would refuse these messages of one request, in Japanese; empty if it takes them."""
    found = []
    if not 1 <= len(messages) <= MESSAGES:
        found.append(f"1回に送れるのは1〜{MESSAGES}通です(いまは{len(messages)}通)。")
    for number, message in enumerate(messages, 1):
        found += [f"{number}通目: {fault}" for fault in _message(message)]
    return found


def _message(message: Message) -> Iterator[str]:
    check = _MESSAGES.get(str(message.get("type")))
    if check is None:
        yield f"メッセージの種類「{message.get('type')}」は使えません。使えるのは{'・'.join(_MESSAGES)}です。"
        return
    yield from check(message)
    if "quickReply" in message:
        yield from _quick_reply(message["quickReply"])


def _long_text(value: Any, name: str, limit: int) -> Iterator[str]:
    """A text that must be there, not blank, and at most `limit` UTF-16 units."""
    if not isinstance(value, str) or not value.strip():
        yield f"{name}が空です。"
        return
    if any("\ud800" <= character <= "\udfff" for character in value):
        yield f"{name}に、文字として壊れている部分があります。打ち直してください。"
    if (length := utf16_length(value)) > limit:
        yield f"{name}が{length:,}文字です。{limit:,}文字までなので、{length - limit:,}文字減らしてください。"


def _short_text(value: Any, name: str, limit: int) -> Iterator[str]:
    """A text that must be there, not blank, and at most `limit` grapheme clusters."""
    if not isinstance(value, str) or not value.strip():
        yield f"{name}が空です。"
    elif (length := len(graphemes(value))) > limit:
        yield f"{name}「{value}」が{length}文字です。{limit}文字までです。"


def _text_message(message: Message) -> Iterator[str]:
    yield from _long_text(message.get("text"), "本文", TEXT)


def _image_message(message: Message) -> Iterator[str]:
    for key in ("originalContentUrl", "previewImageUrl"):
        yield from _media_url(message.get(key), key)


def _location_message(message: Message) -> Iterator[str]:
    yield from _long_text(message.get("title"), "場所の名前", PLACE)
    yield from _long_text(message.get("address"), "住所", PLACE)
    for key, limit in (("latitude", 90), ("longitude", 180)):
        value = message.get(key)
        if not isinstance(value, int | float) or not -limit <= value <= limit:
            yield f"{key} は -{limit} から {limit} までの数です。"


def _flex_message(message: Message) -> Iterator[str]:
    yield from _long_text(message.get("altText"), "altText", ALT_TEXT)
    container = message.get("contents")
    if _type(container) == "bubble":
        yield from _bubble(container, "bubble")
    elif isinstance(container, dict) and _type(container) == "carousel":
        yield from _carousel(container)
    else:
        yield "Flex の contents は bubble か carousel です。"


def _type(part: Any) -> str:
    """The `type` of a part of a message, as text also where something else was written."""
    return str(part.get("type")) if isinstance(part, dict) else str(part)


def _carousel(carousel: Message) -> Iterator[str]:
    bubbles = carousel.get("contents")
    if not isinstance(bubbles, list) or not 1 <= len(bubbles) <= CAROUSEL_BUBBLES:
        yield f"carousel に入れる bubble は1〜{CAROUSEL_BUBBLES}個です。"
        return
    for number, bubble in enumerate(bubbles):
        yield from _bubble(bubble, f"carousel.contents[{number}]")
    if len({bubble.get("size", "mega") for bubble in bubbles if isinstance(bubble, dict)}) > 1:
        yield "carousel の bubble は、size をそろえてください。"
    yield from _bytes(carousel, "carousel", CAROUSEL_BYTES)


def _bytes(container: Message, where: str, limit: int) -> Iterator[str]:
    size = len(json.dumps(container, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > limit:
        yield f"{where} のJSONが{size:,}バイトです。{limit:,}バイトまでです。"


def _bubble(bubble: Any, where: str) -> Iterator[str]:
    if not isinstance(bubble, dict) or bubble.get("type") != "bubble":
        yield f"{where} は type が bubble の部品です。"
        return
    if bubble.get("size", "mega") not in _BUBBLE_SIZES:
        yield f"{where}.size は{'・'.join(_BUBBLE_SIZES)}のどれかです。"
    for block in ("header", "body", "footer"):
        if block in bubble:
            yield from _component(bubble[block], f"{where}.{block}", {"box"})
    if "hero" in bubble:
        yield from _component(bubble["hero"], f"{where}.hero", {"box", "image", "video"})
    if not bubble.keys() & {"header", "hero", "body", "footer"}:
        yield f"{where} に中身がありません。body などを入れてください。"
    if "action" in bubble:
        yield from _action(bubble["action"], f"{where}.action")
    yield from _bytes(bubble, where, BUBBLE_BYTES)


def _component(component: Any, where: str, allowed: set[str]) -> Iterator[str]:
    kind = _type(component)
    if not isinstance(component, dict) or kind not in allowed:
        yield f"{where} に「{kind}」は置けません。置けるのは{'・'.join(sorted(allowed))}です。"
        return
    for key, value in component.items():
        if key.lower().endswith("color") and not _COLOUR.fullmatch(str(value)):
            yield f"{where}.{key} は #RRGGBB の形の色です(いまは「{value}」)。"
    if check := _COMPONENTS.get(kind):
        yield from check(component, where)
    if "action" in component and kind != "button":
        yield from _action(component["action"], f"{where}.action")


def _box(box: Message, where: str) -> Iterator[str]:
    allowed = _IN_BOXES.get(str(box.get("layout")))
    if allowed is None:
        yield f"{where}.layout は{'・'.join(_IN_BOXES)}のどれかです。"
        return
    contents = box.get("contents")  # may be an empty list: a drawn shape
    if not isinstance(contents, list):
        yield f"{where}.contents は部品の並び [ ] です。"
        return
    for number, component in enumerate(contents):
        yield from _component(component, f"{where}.contents[{number}]", allowed)


def _flex_text(text: Message, where: str) -> Iterator[str]:
    spans = text.get("contents")
    if spans is None:
        yield from _long_text(text.get("text"), f"{where}.text", TEXT)
        return
    if not isinstance(spans, list) or not spans:
        yield f"{where}.contents には span を1つ以上入れてください。"
        return
    for number, span in enumerate(spans):
        yield from _component(span, f"{where}.contents[{number}]", {"span"})


def _span(span: Message, where: str) -> Iterator[str]:
    yield from _long_text(span.get("text"), f"{where}.text", TEXT)


def _button(button: Message, where: str) -> Iterator[str]:
    yield from _action(button.get("action"), f"{where}.action", BUTTON_LABEL)


def _media(media: Message, where: str) -> Iterator[str]:
    yield from _media_url(media.get("url"), f"{where}.url")


def _media_url(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, str) or not value.startswith("https://") or len(value) > MEDIA_URL:
        yield f"{where} は https:// で始まる{MEDIA_URL:,}文字までのURLです。"


def _quick_reply(quick_reply: Any) -> Iterator[str]:
    items = quick_reply.get("items") if isinstance(quick_reply, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= QUICK_REPLIES:
        count = len(items) if isinstance(items, list) else 0
        yield f"クイックリプライは1〜{QUICK_REPLIES}個です(いまは{count}個)。"
        return
    for number, item in enumerate(items):
        where = f"quickReply.items[{number}]"
        if not isinstance(item, dict) or item.get("type") != "action":
            yield f"{where} は type が action の部品です。"
        else:
            yield from _action(item.get("action"), f"{where}.action", LABEL, in_chat=True)


def _action(action: Any, where: str, label: int | None = None, *, in_chat: bool = False) -> Iterator[str]:
    """An action; `label` is the longest label where one is required, `in_chat`: it is a quick reply."""
    kind = _type(action)
    known = _ACTIONS.keys() if in_chat else _ACTIONS.keys() - {"camera", "cameraRoll", "location"}
    if not isinstance(action, dict) or kind not in known:
        yield f"{where} の操作「{kind}」は使えません。使えるのは{'・'.join(sorted(known))}です。"
        return
    if label is not None or "label" in action:
        yield from _short_text(action.get("label"), f"{where}.label", label or LABEL)
    yield from _ACTIONS[kind](action, where)


def _uri_action(action: Message, where: str) -> Iterator[str]:
    uri = action.get("uri")
    if not isinstance(uri, str) or not re.match(r"(https?://|line://|tel:)[^\s]", uri):
        yield f"{where}.uri は https:// か tel: などで始まるリンクです(いまは「{uri}」)。"
    elif len(uri) > URI:
        yield f"{where}.uri が{len(uri):,}文字です。{URI:,}文字までです。"


def _message_action(action: Message, where: str) -> Iterator[str]:
    yield from _short_text(action.get("text"), f"{where}.text", SHOWN_TEXT)


def _postback_action(action: Message, where: str) -> Iterator[str]:
    yield from _long_text(action.get("data"), f"{where}.data", POSTBACK_DATA)
    for key in action.keys() & {"displayText", "fillInText", "text"}:
        yield from _short_text(action[key], f"{where}.{key}", SHOWN_TEXT)


def _picker_action(action: Message, where: str) -> Iterator[str]:
    yield from _long_text(action.get("data"), f"{where}.data", POSTBACK_DATA)
    if action.get("mode") not in {"date", "time", "datetime"}:
        yield f"{where}.mode は date・time・datetime のどれかです。"


def _clipboard_action(action: Message, where: str) -> Iterator[str]:
    yield from _long_text(action.get("clipboardText"), f"{where}.clipboardText", 1000)


def _plain_action(_action: Message, _where: str) -> Iterator[str]:
    """The camera, the album, a place: nothing beside the label."""
    return iter(())


_MESSAGES: Mapping[str, Callable[[Message], Iterator[str]]] = {
    "text": _text_message,
    "flex": _flex_message,
    "image": _image_message,
    "location": _location_message,
}
_COMPONENTS: Mapping[str, Callable[[Message, str], Iterator[str]]] = {
    "box": _box,
    "button": _button,
    "icon": _media,
    "image": _media,
    "span": _span,
    "text": _flex_text,
    "video": _media,
}
_ACTIONS: Mapping[str, Callable[[Message, str], Iterator[str]]] = {
    "camera": _plain_action,
    "cameraRoll": _plain_action,
    "clipboard": _clipboard_action,
    "datetimepicker": _picker_action,
    "location": _plain_action,
    "message": _message_action,
    "postback": _postback_action,
    "uri": _uri_action,
}
