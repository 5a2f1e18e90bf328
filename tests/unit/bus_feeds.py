"""Small feeds for tests, and the real one of 藤枝."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bot.transit import Place, Timetable, read_feed

FUJIEDA = Path(__file__).parents[1] / "data" / "gtfs_fujieda"

AGENCY = "agency_id,agency_name,agency_url,agency_timezone\n1,町,https://example.jp/,Asia/Tokyo\n"
ROUTES = "route_id,route_short_name,route_type\nr1,谷地線,3\nr2,西里線,3\n"
STOPS = "stop_id,stop_name\na,役場前\nb,病院前\nc,駅\n"
CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "wd,1,1,1,1,1,0,0,20260401,20270331\nwe,0,0,0,0,0,1,1,20260401,20270331\n"
)
TRIPS = "route_id,service_id,trip_id,trip_headsign\nr1,wd,t1,駅行\nr1,wd,t2,駅行\nr2,we,t3,\n"
TIMES = (
    "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,8:00:00,8:00:00,a,1\nt1,8:10:00,8:10:00,b,2\nt1,8:20:00,8:20:00,c,3\n"
    "t2,24:50:00,24:50:00,a,1\nt2,25:10:00,25:10:00,b,2\nt2,25:20:00,25:20:00,c,3\n"
    "t3,9:00:00,9:00:00,a,1\nt3,9:10:00,9:10:00,b,2\nt3,9:20:00,9:20:00,c,3\n"
)
SMALL = {
    "agency.txt": AGENCY,
    "routes.txt": ROUTES,
    "stops.txt": STOPS,
    "calendar.txt": CALENDAR,
    "trips.txt": TRIPS,
    "stop_times.txt": TIMES,
}
"""Three trips from 役場前 over 病院前 to 駅: two on weekdays, the second past midnight, one at weekends."""


def written(town: Path, files: Mapping[str, str | bytes]) -> Path:
    """The town's folder with these files as its feed."""
    folder = town / "gtfs"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return town


def timetable(town: Path) -> Timetable:
    """The timetable of a feed without fault."""
    feed = read_feed(town)
    assert feed.faults == []
    assert feed.timetable
    return feed.timetable


def place(table: Timetable, name: str) -> Place:
    (found,) = [each for each in table.places if each.name == name]
    return found


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()
