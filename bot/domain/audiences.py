"""Whom a broadcast is for where a segment cannot say it: staff, or exactly those who got other broadcasts."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """The residents who got (or may have got) any of these broadcasts, as far as they still follow.

    With a `segment`, those whom it means hear of it, too. Without one, `released` are pairs of a district and a
    broadcast: who is registered in that district and got that broadcast is left out, since it told them that what they
    were told before has ended there.
    """

    broadcasts: tuple[int, ...]
    segment: str = ""
    released: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        others = f"、または {self.segment}" if self.segment else ""
        return f"配信 {'・'.join(map(str, self.broadcasts))} を受け取った人{others}"


@dataclass(frozen=True, slots=True)
class Staff:
    """The staff in the town's folder, but for one of them by name."""

    but: str = ""

    def __str__(self) -> str:
        return f"職員({self.but} を除く)" if self.but else "職員"


Audience = Told | Staff
"""Its text is for people, and no valid segment: a program that takes it for one sends to nobody."""


def to_json(audience: Audience | None) -> str | None:
    """How an audience is stored."""
    match audience:
        case Told():
            told: dict[str, object] = {"told": audience.broadcasts}
            if audience.segment:
                told["segment"] = audience.segment
            if audience.released:
                told["released"] = audience.released
            return json.dumps(told, ensure_ascii=False)
        case Staff():
            return json.dumps({"staff": {"but": audience.but}}, ensure_ascii=False)
        case None:
            return None


def from_json(text: str | None) -> Audience | None:
    """What `to_json` wrote."""
    if text is None:
        return None
    stored = json.loads(text)
    if "told" not in stored:
        return Staff(stored["staff"]["but"])
    released = tuple((district, broadcast) for district, broadcast in stored.get("released", ()))
    return Told(tuple(stored["told"]), stored.get("segment", ""), released)
