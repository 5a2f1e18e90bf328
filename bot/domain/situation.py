"""What the conversation knows of the moment: the town's orders in force, and which shelters are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.orders import Order
from bot.domain.shelters import ShelterState


@dataclass(frozen=True, slots=True)
class Situation:
    """`orders` are the real ones in force anywhere in the town; `shelters` maps ids to what staff said."""

    orders: tuple[Order, ...] = ()
    shelters: Mapping[str, ShelterState] = field(default_factory=dict)
