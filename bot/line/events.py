"""Webhook events as LINE sends them, decoded one by one and tolerantly.

LINE may add event types, properties and values without notice, so nothing here refuses an event:
what is not understood is simply absent.
https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from bot.domain.residents import USER_ID
from bot.domain.shelters import Place, is_on_earth


class LineEvent(msgspec.Struct, frozen=True):
    """One webhook event; fields that the event did not have (or had in a strange form) are None or empty.

    `type` is LINE's (`message`, `postback`, `follow`, …); `id` is the `webhookEventId`. `user_id` is set
    only for a one-to-one chat with an id of LINE's form; `source_type` is `user`, `group`, `room` or another.
    `place` is where a location message points, `address` what it calls that.
    """

    type: str
    id: str = ""
    timestamp_ms: int = 0
    mode: str = "active"
    source_type: str = ""
    user_id: str | None = None
    reply_token: str | None = None
    message_type: str = ""
    message_id: str | None = None
    text: str = ""
    postback_data: str = ""
    postback_params: Mapping[str, str] = {}
    place: Place | None = None
    address: str = ""


def _part(value: Any, key: str) -> dict[str, Any]:
    part = value.get(key) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Source(msgspec.Struct):
    type: str = ""
    userId: str = ""  # noqa: N815  LINE's names


class _Message(msgspec.Struct):
    type: str = ""
    id: str = ""
    text: str = ""
    title: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None


class _Usual(msgspec.Struct):
    """A message as LINE documents it: most of what arrives, read in a tenth of the time."""

    type: Literal["message"]
    webhookEventId: str  # noqa: N815  as LINE spells it
    timestamp: int
    source: _Source
    message: _Message
    mode: str = "active"
    replyToken: str = ""  # noqa: N815  as LINE spells it


_USUAL = msgspec.json.Decoder(_Usual)


def decode(raw: bytes) -> LineEvent:
    """Decode the bytes of one event; bytes that are not a JSON object give an event of type ``""``."""
    try:
        event = _USUAL.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _tolerant(raw)
    source, message = event.source, event.message
    is_ours = source.type == "user" and USER_ID.fullmatch(source.userId)
    return LineEvent(
        type=event.type,
        id=event.webhookEventId,
        timestamp_ms=event.timestamp,
        mode=event.mode or "active",
        source_type=source.type,
        user_id=source.userId if is_ours else None,
        reply_token=event.replyToken or None,
        message_type=message.type,
        message_id=message.id or None,
        text=message.text,
        place=_place(message.latitude, message.longitude),
        address=message.title or message.address,
    )


def _place(latitude: Any, longitude: Any) -> Place | None:
    """Where a location message points; None for degrees that name no place."""
    degrees = (latitude, longitude)
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in degrees):
        return None
    return Place(float(latitude), float(longitude)) if is_on_earth(latitude, longitude) else None


def _tolerant(raw: bytes) -> LineEvent:
    """Any other event, or one with fields of strange types, field by field."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        return LineEvent(type="")
    source, message, postback = _part(body, "source"), _part(body, "message"), _part(body, "postback")
    user_id, timestamp = _text(source.get("userId")), body.get("timestamp")
    source_type = _text(source.get("type"))
    return LineEvent(
        type=_text(body.get("type")),
        id=_text(body.get("webhookEventId")),
        timestamp_ms=timestamp if isinstance(timestamp, int) else 0,
        mode=_text(body.get("mode")) or "active",
        source_type=source_type,
        user_id=user_id if source_type == "user" and USER_ID.fullmatch(user_id) else None,
        reply_token=_text(body.get("replyToken")) or None,
        message_type=_text(message.get("type")),
        message_id=_text(message.get("id")) or _text(_part(body, "unsend").get("messageId")) or None,
        text=_text(message.get("text")),
        postback_data=_text(postback.get("data")),
        postback_params={k: v for k, v in _part(postback, "params").items() if isinstance(v, str)},
        place=_place(message.get("latitude"), message.get("longitude")),
        address=_text(message.get("title")) or _text(message.get("address")),
    )
