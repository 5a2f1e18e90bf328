"""What staff tell of a bus route or a stop for a time: a suspension, a detour, a stop that has moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Effect(IntEnum):
    """What becomes of the service; the numbers are GTFS-Realtime's.

    https://gtfs.org/documentation/realtime/reference/#enum-effect
    """

    NO_SERVICE = 1
    REDUCED_SERVICE = 2
    SIGNIFICANT_DELAYS = 3
    DETOUR = 4
    ADDITIONAL_SERVICE = 5
    MODIFIED_SERVICE = 6
    OTHER_EFFECT = 7
    STOP_MOVED = 9


class Cause(IntEnum):
    """Why; the numbers are GTFS-Realtime's. https://gtfs.org/documentation/realtime/reference/#enum-cause."""

    UNKNOWN_CAUSE = 1
    OTHER_CAUSE = 2
    TECHNICAL_PROBLEM = 3
    ACCIDENT = 6
    HOLIDAY = 7
    WEATHER = 8
    MAINTENANCE = 9
    CONSTRUCTION = 10


EFFECTS = {
    "運休": Effect.NO_SERVICE,
    "減便": Effect.REDUCED_SERVICE,
    "遅延": Effect.SIGNIFICANT_DELAYS,
    "迂回": Effect.DETOUR,
    "増便": Effect.ADDITIONAL_SERVICE,
    "変更": Effect.MODIFIED_SERVICE,
    "停留所移動": Effect.STOP_MOVED,
    "その他": Effect.OTHER_EFFECT,
}
"""Effects as staff name them."""

IN_ENGLISH = {
    Effect.NO_SERVICE: "no service",
    Effect.REDUCED_SERVICE: "fewer buses",
    Effect.SIGNIFICANT_DELAYS: "delays",
    Effect.DETOUR: "detour",
    Effect.ADDITIONAL_SERVICE: "extra buses",
    Effect.MODIFIED_SERVICE: "changed service",
    Effect.STOP_MOVED: "stop moved",
    Effect.OTHER_EFFECT: "notice",
}

CAUSES = {
    "天候": Cause.WEATHER,
    "工事": Cause.CONSTRUCTION,
    "事故": Cause.ACCIDENT,
    "故障": Cause.TECHNICAL_PROBLEM,
    "整備": Cause.MAINTENANCE,
    "祝日": Cause.HOLIDAY,
    "その他": Cause.OTHER_CAUSE,
    "不明": Cause.UNKNOWN_CAUSE,
}
"""Causes as staff name them."""


@dataclass(frozen=True, slots=True)
class BusAlert:
    """An alert and the broadcast that tells residents of it.

    Times are milliseconds since the epoch; `until_ms` is None while nobody knows the end, `ended_ms` is when staff
    ended it early. `routes` and `stops` are route_id and stop_id of the timetable. `header` and `description` map
    a language tag (BCP 47) to a text; `ja` is always there.
    """

    effect: Effect
    cause: Cause
    from_ms: int
    until_ms: int | None
    routes: tuple[str, ...]
    stops: tuple[str, ...]
    header: Mapping[str, str]
    description: Mapping[str, str] = field(default_factory=dict)
    ended_ms: int | None = None
    broadcast_id: int = 0
    id: int = 0
