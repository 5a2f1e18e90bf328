"""Which shelters are fit for which hazards, and which of them are near."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.domain.orders import SHELTER_COLUMNS
from bot.domain.shelters import Place, metres
from bot.domain.spelling import folded
from bot.town.model import Shelter


class Near(NamedTuple):
    """A shelter and its distance in metres as the crow flies."""

    shelter: Shelter
    metres: float


def fit(shelters: Iterable[Shelter], hazards: Collection[str]) -> list[Shelter]:
    """The shelters designated for every one of these hazards (as orders name them)."""
    columns = {SHELTER_COLUMNS.get(hazard, hazard) for hazard in hazards}
    return [shelter for shelter in shelters if columns <= shelter.hazards]


def place_of(shelter: Shelter) -> Place:
    """Where a shelter is."""
    return Place(shelter.latitude, shelter.longitude)


def nearest(shelters: Iterable[Shelter], to: Place) -> list[Near]:
    """The shelters from the nearest on."""
    found = [Near(shelter, metres(place_of(shelter), to)) for shelter in shelters]
    return sorted(found, key=lambda near: (near.metres, near.shelter.id))


def middle_of(shelters: Sequence[Shelter], district: str) -> Place | None:
    """About where a district is: the middle of the shelters that have it in their name or address, if any do."""
    own = [s for s in shelters if district in s.name or district in s.address]
    if not own:
        return None
    return Place(sum(s.latitude for s in own) / len(own), sum(s.longitude for s in own) / len(own))


def near_districts(
    shelters: Sequence[Shelter], chosen: Iterable[Shelter], districts: Iterable[str]
) -> list[Shelter]:
    """The chosen of a town's shelters, from the nearest to any of these districts on."""
    middles = [middle for district in districts if (middle := middle_of(shelters, district))]
    if not middles:
        return list(chosen)
    return sorted(chosen, key=lambda s: (min(metres(place_of(s), middle) for middle in middles), s.id))


def named(shelters: Sequence[Shelter], text: str) -> Shelter:
    """The shelter of a name or an id, as staff type it.

    Raises:
        InvalidInputError: there is none, or several are called so; the nearest names are offered.
    """
    exact = [shelter for shelter in shelters if shelter.id == text.strip()]
    found = exact or [shelter for shelter in shelters if folded(shelter.name) == folded(text)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = "、".join(f"{shelter.id}({shelter.address})" for shelter in found)
        raise InvalidInputError(f"避難場所「{text}」は{len(found)}つあります。ID で指定してください: {ids}")
    parts = [shelter.name for shelter in shelters if folded(text) and folded(text) in folded(shelter.name)]
    if parts:
        near = f"「{'」「'.join(parts[:5])}」ではありませんか。"
    else:
        near = did_you_mean(text, [shelter.name for shelter in shelters])
    raise InvalidInputError(f"避難場所「{text}」はありません。{near}")
