"""LINE message objects as plain data: texts, Flex bubbles, quick replies, actions.

https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.line.limits import LABEL, Message, cut, graphemes


def short(label: str) -> str:
    """A label cut to what LINE shows of it: 20 characters."""
    clusters = graphemes(label)
    return label if len(clusters) <= LABEL else "".join(clusters[: LABEL - 1]) + "…"


def text(words: str) -> Message:
    """A text message."""
    return {"type": "text", "text": words}


def flex(alternative: str, bubble: Message) -> Message:
    """A Flex message; `alternative` is what notifications and old phones show, at most 400 units of it."""
    return {"type": "flex", "altText": cut(alternative), "contents": bubble}


def postback(label: str, data: str) -> Message:
    """A button whose tap sends `data`, and shows its label in the chat as the resident's words."""
    return {"type": "postback", "label": short(label), "data": data, "displayText": label}


def link(label: str, uri: str) -> Message:
    """A button that opens a link."""
    return {"type": "uri", "label": short(label), "uri": uri}


def location(label: str) -> Message:
    """A quick reply that opens the map, from which the resident sends a place."""
    return {"type": "location", "label": short(label)}


def date_picker(label: str, data: str, first: str, last: str, initial: str) -> Message:
    """A button that opens a calendar; days are `YYYY-MM-DD`, first and last included."""
    return {
        "type": "datetimepicker",
        "label": short(label),
        "data": data,
        "mode": "date",
        "min": first,
        "max": last,
        "initial": initial,
    }


def with_quick_replies(message: Message, actions: Sequence[Message]) -> Message:
    """The message with quick replies below it; without any, as it was."""
    items = [{"type": "action", "action": action} for action in actions]
    return {**message, "quickReply": {"items": items}} if items else message


def button(action: Message, *, primary: bool = False, colour: str | None = None) -> Message:
    """A button of a Flex message."""
    part: dict[str, Any] = {
        "type": "button",
        "style": "primary" if primary else "secondary",
        "height": "sm",
        "action": action,
    }
    return {**part, "color": colour} if colour else part


def paragraph(words: str, **style: Any) -> Message:
    """A text of a Flex message that wraps."""
    return {"type": "text", "text": words, "wrap": True, **style}


def stack(*parts: Message, **style: Any) -> Message:
    """Parts of a Flex message, one below the other."""
    return {"type": "box", "layout": "vertical", "contents": list(parts), **style}
