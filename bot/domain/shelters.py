"""Shelters: how far away they are, and what staff say of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

_EARTH_METRES = 6_371_008.8
"""The mean radius of the Earth (IUGG)."""


class Place(NamedTuple):
    """Degrees of latitude and longitude (WGS 84)."""

    latitude: float
    longitude: float


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether degrees name a place."""
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def metres(one: Place, other: Place) -> float:
    """The distance as the crow flies, by the haversine formula."""
    half_latitude = radians(other.latitude - one.latitude) / 2
    half_longitude = radians(other.longitude - one.longitude) / 2
    across = cos(radians(one.latitude)) * cos(radians(other.latitude))
    chord = sin(half_latitude) ** 2 + across * sin(half_longitude) ** 2
    return 2 * _EARTH_METRES * asin(sqrt(min(1.0, chord)))


def map_link(place: Place) -> str:
    """A link that opens a map (https://developers.google.com/maps/documentation/urls/get-started#search-action)."""
    return f"https://www.google.com/maps/search/?api=1&query={place.latitude:.6f},{place.longitude:.6f}"


class ShelterState(StrEnum):
    """What staff last said of a shelter; where nothing was said, nobody knows."""

    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


STATE_WORDS: Mapping[ShelterState | None, str] = {
    ShelterState.OPEN: "開設",
    ShelterState.FULL: "満員",
    ShelterState.CLOSED: "閉鎖",
    None: "未確認",
}
