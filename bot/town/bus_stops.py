"""Brings the stops that residents choose from (`bus_stops.csv`) and the places of the timetable together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.domain.residents import Fact
from bot.domain.spelling import in_hiragana
from bot.town.loader import load
from bot.town.model import Choice, Town
from bot.transit import Feed, Place, Timetable


class BusStops:
    """A town's stops and their timetable. A choice is the place that is called the same, by name or alias."""

    def __init__(self, town: Town, timetable: Timetable) -> None:
        self.timetable = timetable
        self._named: dict[str, Place] = {in_hiragana(place.name): place for place in timetable.places}
        for place in timetable.places:
            for name in place.names:
                self._named.setdefault(name, place)
        self._called = [(name, place) for name, place in self._named.items()]
        self._busiest = sorted(
            filter(timetable.busyness, timetable.places), key=timetable.busyness, reverse=True
        )
        self._places: dict[str, Place] = {}
        self._choices: dict[int, Choice] = {}
        self.unlisted: list[Choice] = []
        for choice in town.choices.get(Fact.BUS_STOP, ()):
            self._add(choice)

    def _add(self, choice: Choice) -> None:
        called = [choice.name, *choice.aliases, choice.reading, *choice.labels.values()]
        names = [in_hiragana(name) for name in called if name]
        place = next((self._named[name] for name in names if name in self._named), None)
        if place is None:
            self.unlisted.append(choice)
            return
        self._places[choice.name] = place
        self._choices.setdefault(place.number, choice)
        for name in names:
            self._called.append((name, place))
            self._named.setdefault(name, place)

    def of(self, choice_name: str) -> Place | None:
        """The place of a stop that residents register; None if the timetable has none."""
        return self._places.get(choice_name)

    def choice(self, place: Place) -> Choice | None:
        """The stop under which residents register a place."""
        return self._choices.get(place.number)

    def choices_at(self, places: set[int]) -> list[str]:
        """The names of the stops that residents register, of some places by number."""
        return [name for name, place in self._places.items() if place.number in places]

    def named(self, typed: str) -> Place | None:
        """The place of a whole name, reading or alias."""
        return self._named.get(in_hiragana(typed))

    def holding(self, part: str) -> list[Place]:
        """The places with a part in one of their names; those that begin with it, or that residents register, first."""
        plain = in_hiragana(part)
        ranks: dict[int, int] = {}
        for name, place in self._called:
            if plain and plain in name:
                rank = 2 * (not name.startswith(plain)) + (place.number not in self._choices)
                ranks[place.number] = min(rank, ranks.get(place.number, rank))
        return [self.timetable.places[number] for number in sorted(ranks, key=ranks.__getitem__)]

    @property
    def offered(self) -> list[Place]:
        """What to choose from: the stops that residents register, or else all with buses, the busiest first."""
        listed = {place.number: place for place in self._places.values()}
        return list(listed.values()) or self._busiest

    def label(self, place: Place, language: str) -> str:
        """How a place is shown in a language."""
        choice = self.choice(place)
        return choice.label(language) if choice else self.timetable.word(place.name, language)


def warnings(folder: Path, feed: Feed, today: date) -> list[str]:
    """What staff should know of the timetable of a folder without faults, though nothing in it is wrong."""
    found = [warning] if (warning := feed.warning(today)) else []
    if feed.timetable is not None:
        names = "、".join(choice.name for choice in BusStops(load(folder), feed.timetable).unlisted)
        if names:
            found.append(
                f"bus_stops.csv の {names} は、バスの時刻表にありません。時刻表の名前を aliases に書いてください。"
            )
    return found
