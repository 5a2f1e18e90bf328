"""Answers when the next bus goes, from tables of numbers sorted once."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import islice

from bot.domain.clock import TOKYO
from bot.transit.places import Place, Pole
from bot.transit.services import Service
from bot.transit.translations import Words

APPROXIMATE, BY_PHONE = 1, 2
"""Flags of a departure: its time is interpolated or no timepoint, or it must be booked by telephone."""

_NIGHT = timedelta(hours=27)
"""Until three in the morning a bus belongs to the evening before, whichever service day lists it."""
_SEARCHED_DAYS = 400
TIME_SHIFT = 32
"""A departure is one number: seconds of the service day above these bits, its call below."""
_CALL = (1 << TIME_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class Route:
    """A row of routes.txt; `name` is what residents call it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Trip:
    """A row of trips.txt; `bound` is its headsign, or else the name of its last stop."""

    route: Route
    bound: str
    is_named_by_last_stop: bool


@dataclass(frozen=True, slots=True)
class Departure:
    """A bus that leaves: `at` is aware (Asia/Tokyo), `bound` what its front says (or, see `is_last_stop`, its last stop)."""

    at: datetime
    route: Route
    bound: str
    is_last_stop: bool
    pole: Pole
    is_approximate: bool
    is_by_phone: bool


@dataclass(frozen=True, slots=True)
class Calls:
    """Where trips call, as parallel columns: numbers of trip, pole and stop_headsign, and flags."""

    trip: array[int] = field(default_factory=lambda: array("i"))
    pole: array[int] = field(default_factory=lambda: array("i"))
    headsign: array[int] = field(default_factory=lambda: array("i"))
    flags: array[int] = field(default_factory=lambda: array("b"))


Board = Mapping[int, "array[int]"]
"""The departures of a place by number of service, sorted."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """A feed. `begins` and `ends` are the first and last service day it is valid on."""

    places: Sequence[Place]
    begins: date | None
    ends: date | None
    words: Words
    boards: Sequence[Board]
    services: Sequence[Service]
    trips: Sequence[Trip]
    poles: Sequence[Pole]
    headsigns: Sequence[str]
    calls: Calls

    def is_over(self, on: date) -> bool:
        """Whether the timetable has run out on a day."""
        return self.ends is not None and on > self.ends

    def busyness(self, place: Place) -> int:
        """How many departures of all services a place has."""
        return sum(map(len, self.boards[place.number].values()))

    def word(self, text: str, language: str) -> str:
        """A name in a language, or as it is where the feed does not translate it."""
        return self.words.get(language, {}).get(text, text)

    def left(self, place: Place, now: datetime, count: int) -> list[Departure]:
        """The next departures of the evening's and this day's service, from the minute `now` (aware) on."""
        now = now.astimezone(TOKYO)
        today, minute = now.date(), now.replace(second=0, microsecond=0, tzinfo=None)
        night = _midnight(today) + _NIGHT
        days = (
            self._from(place, today - timedelta(days=1), minute),
            self._from(place, today, minute),
            self._from(place, today + timedelta(days=1), minute, before=night),
        )
        return [self._departure(*found) for found in islice(merge(*days), count)]

    def first_after(self, place: Place, now: datetime) -> Departure | None:
        """The first departure of the next service day after today on which a bus goes; None if none is known."""
        today = now.astimezone(TOKYO).date()
        for ahead in range(1, _SEARCHED_DAYS):
            on = today + timedelta(days=ahead)
            if self.is_over(on):
                break
            for found in self._from(place, on, _midnight(on)):
                return self._departure(*found)
        return None

    def _from(
        self, place: Place, on: date, start: datetime, before: datetime | None = None
    ) -> Iterator[tuple[datetime, int]]:
        """(time, call) of a service day from a time on, in order."""
        if self.is_over(on) or (self.begins is not None and on < self.begins):
            return iter(())
        running = [
            found for number, found in self.boards[place.number].items() if self.services[number].runs(on)
        ]
        return merge(*(_timed(found, on, start, before) for found in running))

    def _departure(self, at: datetime, call: int) -> Departure:
        calls = self.calls
        trip, flags, sign = self.trips[calls.trip[call]], calls.flags[call], calls.headsign[call]
        return Departure(
            at.replace(tzinfo=TOKYO),
            trip.route,
            self.headsigns[sign] if sign >= 0 else trip.bound,
            sign < 0 and trip.is_named_by_last_stop,
            self.poles[calls.pole[call]],
            bool(flags & APPROXIMATE),
            bool(flags & BY_PHONE),
        )

    @property
    def routes(self) -> dict[str, Route]:
        """The routes that have trips, by id."""
        return {trip.route.id: trip.route for trip in self.trips}

    def served_by(self, route_id: str) -> list[Place]:
        """The places where buses of a route can be boarded."""
        trips = {number for number, trip in enumerate(self.trips) if trip.route.id == route_id}
        return [
            place
            for place, board in zip(self.places, self.boards, strict=True)
            if any(self.calls.trip[entry & _CALL] in trips for entries in board.values() for entry in entries)
        ]


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time())


def _timed(
    entries: array[int], on: date, start: datetime, before: datetime | None
) -> Iterator[tuple[datetime, int]]:
    midnight = _midnight(on)
    past = max(0, int((start - midnight).total_seconds()))
    for at in range(bisect_left(entries, past << TIME_SHIFT), len(entries)):
        moment = midnight + timedelta(seconds=entries[at] >> TIME_SHIFT)
        if before is not None and moment >= before:
            return
        yield moment, entries[at] & _CALL
