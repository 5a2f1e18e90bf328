"""What is published as one JSON document, in the town's own terms; docs/feeds.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import from_ms
from bot.domain.orders import LEVELLED, LEVELS, STATE_WORDS, Order
from bot.domain.shelters import STATE_WORDS as SHELTER_WORDS
from bot.domain.shelters import ShelterState
from bot.feeds.messages import Message, Publisher, Words
from bot.feeds.xml import clean
from bot.town.model import Shelter
from bot.town.shelters import fit

CONTENT_TYPE = "application/json; charset=utf-8"
PATH = "alerts.json"

Said = Mapping[str, ShelterState]
"""What staff last said of shelters, by id."""


def document(
    orders: Sequence[tuple[Order, Message | None]],
    broadcasts: Sequence[tuple[Broadcast, Message]],
    publisher: Publisher,
    said: Said,
    updated: datetime,
) -> bytes:
    """The document, the newest first in both lists; an order whose place another has taken has no message."""
    town = publisher.town
    codes = {key: town.codes[key] for key in ("local_government", "jma_class20")}
    found = {
        "town": {"name": town.name, "codes": codes},
        "updated": _time(updated),
        "orders": [_order(order, message, publisher, said) for order, message in orders],
        "broadcasts": [_broadcast(broadcast, message, publisher) for broadcast, message in broadcasts],
    }
    return json.dumps(_cleaned(found), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _order(order: Order, message: Message | None, publisher: Publisher, said: Said) -> dict[str, Any]:
    shelters = fit(publisher.town.shelters, [order.hazard]) if order.is_active else []
    return {
        "id": order.id,
        "level": order.level if order.hazard in LEVELLED else None,
        "name": LEVELS[order.level],
        "title": order.title,
        "hazard": order.hazard,
        "districts": list(order.districts),
        "state": order.state.value,
        "state_name": STATE_WORDS[order.state],
        "drill": order.drill,
        "issued_at": _at(order.issued_ms),
        "changed_at": _time(message.sent) if message else _at(order.ended_ms),
        "ended_at": _at(order.ended_ms),
        "superseded_by": order.superseded_by if message is None else None,
        "reasons": dict(order.reasons),
        "texts": _texts(message.words) if message else {},
        "shelters": [_shelter(shelter, said[shelter.id]) for shelter in shelters if shelter.id in said],
        "cap": publisher.document(message) if message else None,
    }


def _shelter(shelter: Shelter, state: ShelterState) -> dict[str, Any]:
    return {
        "id": shelter.id,
        "name": shelter.name,
        "address": shelter.address,
        "latitude": shelter.latitude,
        "longitude": shelter.longitude,
        "state": state.value,
        "state_name": SHELTER_WORDS[state],
    }


def _broadcast(broadcast: Broadcast, message: Message, publisher: Publisher) -> dict[str, Any]:
    return {
        "id": broadcast.id,
        "priority": broadcast.priority.name.lower(),
        "drill": broadcast.drill,
        "cancelled": message.kind == "Cancel",
        "published_at": _at(broadcast.started_ms),
        "changed_at": _time(message.sent),
        "texts": _texts(message.words),
        "cap": publisher.document(message),
    }


def _texts(words: Mapping[str, Words]) -> dict[str, dict[str, str]]:
    return {
        language: {
            "headline": each.headline,
            "description": each.description,
            "instruction": each.instruction,
        }
        for language, each in words.items()
    }


def _at(ms: int | None) -> str | None:
    return None if ms is None else _time(from_ms(ms))


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _cleaned(value: Any) -> Any:
    """The same without characters that no reader could show, and that might not even be written."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {key: _cleaned(each) for key, each in value.items()}
        case list():
            return [_cleaned(each) for each in value]
        case _:
            return value
