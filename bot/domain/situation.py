"""What the conversation knows of the moment: the hazards of the orders in force, and which shelters are open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.shelters import ShelterState


@dataclass(frozen=True, slots=True)
class Situation:
    """`hazards` are those of real orders in force anywhere in the town; `shelters` maps ids to what staff said."""

    hazards: tuple[str, ...] = ()
    shelters: Mapping[str, ShelterState] = field(default_factory=dict)
