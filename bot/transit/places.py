"""The places of a feed: the poles of one stop, on both sides of a road or around a station, belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.spelling import in_hiragana
from bot.transit.translations import READINGS, Words


@dataclass(frozen=True, slots=True)
class Pole:
    """A row of stops.txt; `platform` is what the sign says (のりば), `station` its parent_station."""

    id: str
    name: str
    platform: str = ""
    station: str = ""
    is_station: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Poles with the same parent_station or the same name. `names` are all its names and readings, in hiragana."""

    number: int
    name: str
    names: frozenset[str]
    poles: tuple[Pole, ...]


def gathered(poles: Mapping[str, Pole], words: Words) -> tuple[Place, ...]:
    """The places of all poles."""
    roots = _roots(poles)
    groups: dict[str, list[Pole]] = defaultdict(list)
    for pole in poles.values():
        groups[_root(roots, f"pole {pole.id}")].append(pole)
    return tuple(_place(number, group, words) for number, group in enumerate(groups.values()))


def _roots(poles: Mapping[str, Pole]) -> dict[str, str]:
    """Poles, stations and names, each pointing to one that it belongs to."""
    roots: dict[str, str] = {}
    for pole in poles.values():
        ties = [f"name {in_hiragana(pole.name)}"]
        if pole.station:
            ties.append(f"pole {pole.station}")
        for tie in ties:
            one, other = _root(roots, f"pole {pole.id}"), _root(roots, tie)
            if one != other:
                roots[other] = one
    return roots


def _root(roots: dict[str, str], node: str) -> str:
    while (above := roots.setdefault(node, node)) != node:
        roots[node] = node = roots[above]
    return node


def _place(number: int, poles: list[Pole], words: Words) -> Place:
    station = next((pole for pole in poles if pole.is_station), None)
    name = (station or poles[0]).name
    called = {pole.name for pole in poles}
    for language in (*READINGS, "en"):
        called |= {words[language][each] for each in tuple(called) if each in words.get(language, {})}
    return Place(number, name, frozenset(filter(None, map(in_hiragana, called))), tuple(poles))
