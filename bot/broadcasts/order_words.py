"""What the templates of orders are given: areas, reasons, and the open shelters fit for the hazard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.orders import Order, still_in_force
from bot.domain.shelters import ShelterState, map_link
from bot.town.model import Shelter
from bot.town.shelters import fit, near_districts, place_of

SHELTERS_SHOWN = 8


def order_words(
    order: Order, shelters: Sequence[Shelter], said: Mapping[str, ShelterState]
) -> dict[str, Any]:
    """The variables of `evacuation`: only shelters that are open and fit for the hazard, the nearest first."""
    usable = [
        shelter for shelter in fit(shelters, [order.hazard]) if said.get(shelter.id) is ShelterState.OPEN
    ]
    ordered = near_districts(shelters, usable, order.districts)
    words = _words(order)
    for language, text in order.reasons.items():
        words["reason" if language == "ja" else f"reason_{language.removeprefix('ja-')}"] = text
    if ordered:
        words["sites"] = [
            {"name": shelter.name, "map": map_link(place_of(shelter))} for shelter in ordered[:SHELTERS_SHOWN]
        ]
        words["site_ids"] = [shelter.id for shelter in ordered]  # all of them, for the sheet of paper
    if len(ordered) > SHELTERS_SHOWN:
        words["more_sites"] = str(len(ordered) - SHELTERS_SHOWN)
    return words


def narrowed_words(order: Order, kept: Sequence[str], active: Sequence[Order] = ()) -> dict[str, Any]:
    """The variables of `evacuation_narrowed`; `active` are the orders in force."""
    ended = [district for district in order.districts if district not in kept]
    return {**lifted_words(order, active), "areas": "、".join(kept), "ended": "、".join(ended)}


def lifted_words(order: Order, active: Sequence[Order] = ()) -> dict[str, Any]:
    """The variables of `evacuation_lifted`; `active` are the orders in force."""
    return {**_words(order), "still": still_in_force(order, active)}


def _words(order: Order) -> dict[str, Any]:
    return {"level": str(order.level), "areas": "、".join(order.districts), "hazard": order.hazard}
