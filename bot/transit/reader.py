"""Reads the feed in a town's folder into a timetable, with every fault on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.domain.errors import Fault
from bot.domain.spelling import folded
from bot.transit.faults import FeedFaults
from bot.transit.places import Pole, gathered
from bot.transit.services import Service, read_services
from bot.transit.source import opened
from bot.transit.stop_times import StopTimes, boards, read_frequencies, read_stop_times
from bot.transit.tables import Tables
from bot.transit.timetable import Route, Timetable, Trip
from bot.transit.translations import Words, read_translations
from bot.transit.values import day

_NEEDED = ("agency.txt", "routes.txt", "stop_times.txt", "stops.txt", "trips.txt")
_STATION, _POLE = "1", {"", "0", "1"}
_WARNED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Feed:
    """What was read. `timetable` is None where there is no feed, or none that can be used."""

    timetable: Timetable | None
    faults: list[Fault]

    def warning(self, today: date) -> str | None:
        """What to tell staff of a timetable that ends within 30 days or has ended; not a fault of the feed."""
        ends = self.timetable.ends if self.timetable else None
        if ends is None or ends - today > _WARNED:
            return None
        over, left = "バスの時刻表", (ends - today).days
        if left < 0:
            return f"{over}は {ends} で期限が切れています。新しい時刻表(gtfs)に取り替えてください。"
        return f"{over}は {ends} で期限が切れます(あと{left}日)。新しい時刻表(gtfs)を用意してください。"


@dataclass(frozen=True, slots=True)
class _Trips:
    """Trips by id to their number, and for each number its route, headsign and service."""

    numbers: dict[str, int]
    routes: list[Route]
    headsigns: list[str]
    services: list[int]


def read_feed(town: Path) -> Feed:
    """The feed `gtfs/` or `gtfs.zip` in a town's folder; rows that cannot be read are left out and noted."""
    faults = FeedFaults()
    with opened(town, faults) as source:
        timetable = _read(Tables(source, faults)) if source is not None else None
    return Feed(timetable, faults.listed())


def _read(tables: Tables) -> Timetable | None:
    missing = [name for name in _NEEDED if name not in tables]
    for name in missing:
        tables.fault(name, 0, "このファイルがありません。")
    if "calendar.txt" not in tables and "calendar_dates.txt" not in tables:
        missing.append("calendar.txt")
        tables.fault(
            "calendar.txt", 0, "このファイルも calendar_dates.txt もありません。運行する日が分かりません。"
        )
    if missing and missing != ["agency.txt"]:
        return None
    poles = _poles(tables)
    routes = _routes(tables)
    services = read_services(tables)
    trips = _trips(tables, routes, {name: number for number, name in enumerate(services)})
    times = read_stop_times(tables, trips.numbers, {name: number for number, name in enumerate(poles)})
    words = read_translations(tables, _records(poles, routes, trips))
    return _timetable(tables, poles, list(services.values()), trips, times, words) if times.times else None


def _timetable(  # noqa: PLR0917  each file once, in the order they were read
    tables: Tables,
    poles: Mapping[str, Pole],
    services: list[Service],
    trips: _Trips,
    times: StopTimes,
    words: Words,
) -> Timetable:
    places = gathered(poles, words)
    place_of = {pole.id: place.number for place in places for pole in place.poles}
    frequencies = read_frequencies(tables, trips.numbers)
    board = boards(times, frequencies, trips.services, [place_of[name] for name in poles], tables)
    begins, ends = _validity(tables, services)
    listed = list(poles.values())
    last = {times.calls.trip[rows[-1]]: listed[times.calls.pole[rows[-1]]].name for rows in times.of_trips()}
    made = [
        Trip(route, sign or last.get(number, ""), not sign)
        for number, (route, sign) in enumerate(zip(trips.routes, trips.headsigns, strict=True))
    ]
    return Timetable(
        places, begins, ends, words, board, services, made, listed, list(times.headsigns), times.calls
    )


def _poles(tables: Tables) -> dict[str, Pole]:
    file, poles = "stops.txt", dict[str, Pole]()
    optional = ["location_type", "parent_station", "platform_code"]
    for row in tables.rows(file, ["stop_id", "stop_name"], optional):
        stop_id, name, kind, station, platform = row.cells
        if kind not in _POLE:
            continue  # entrances and the like: no bus stops there
        if stop_id in poles:
            tables.fault(file, row.line, f"stop_id「{stop_id}」が2つあります。")
        elif not stop_id or not name:
            tables.fault(file, row.line, "stop_id か stop_name が空です。")
        else:
            poles[stop_id] = Pole(stop_id, name, platform, station, kind == _STATION)
    return poles


def _routes(tables: Tables) -> dict[str, Route]:
    file, routes = "routes.txt", dict[str, Route]()
    for row in tables.rows(file, ["route_id"], ["route_short_name", "route_long_name"]):
        route_id, short, long = row.cells
        name = f"{short} {long}" if short and long and folded(short) not in folded(long) else short or long
        if route_id in routes:
            tables.fault(file, row.line, f"route_id「{route_id}」が2つあります。")
        elif not route_id or not name:
            tables.fault(
                file, row.line, "route_id が空か、route_short_name と route_long_name の両方が空です。"
            )
        else:
            routes[route_id] = Route(route_id, name)
    return routes


def _trips(tables: Tables, routes: Mapping[str, Route], services: Mapping[str, int]) -> _Trips:
    file, trips = "trips.txt", _Trips({}, [], [], [])
    for row in tables.rows(file, ["route_id", "service_id", "trip_id"], ["trip_headsign"]):
        route_id, service_id, trip_id, headsign = row.cells
        if route_id not in routes:
            tables.fault(file, row.line, f"route_id「{route_id}」が routes.txt にないか、読めません。")
        elif service_id not in services:
            tables.fault(file, row.line, f"service_id「{service_id}」の運行する日がどこにもありません。")
        elif not trip_id or trip_id in trips.numbers:
            tables.fault(file, row.line, f"trip_id「{trip_id}」が空か、2つあります。")
        else:
            trips.numbers[trip_id] = len(trips.numbers)
            trips.routes.append(routes[route_id])
            trips.headsigns.append(headsign)
            trips.services.append(services[service_id])
    return trips


def _records(
    poles: Mapping[str, Pole], routes: Mapping[str, Route], trips: _Trips
) -> dict[tuple[str, str], str]:
    """What translations.txt may name by table and id."""
    return {
        **{("stops", pole.id): pole.name for pole in poles.values()},
        **{("routes", route.id): route.name for route in routes.values()},
        **{("trips", trip_id): trips.headsigns[number] for trip_id, number in trips.numbers.items()},
    }


def _validity(tables: Tables, services: list[Service]) -> tuple[date | None, date | None]:
    """First and last day: those of feed_info.txt, else of the calendars; after the last service day nothing is known."""
    days = sorted(on for service in services for on in service.days)
    begins, ends = (days[0], days[-1]) if days else (None, None)
    file = "feed_info.txt"
    for row in tables.rows(file, [], ["feed_start_date", "feed_end_date"]):
        start, end = (tables.attempt(file, row.line, day, cell) if cell else None for cell in row.cells)
        return start or begins, min(filter(None, (end, ends)), default=None)
    return begins, ends
