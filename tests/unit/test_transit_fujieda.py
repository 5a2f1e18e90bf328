"""The real feed of 藤枝 (2017): what it answers is what a person reads in its files."""

from __future__ import annotations

import csv
import shutil
from datetime import date, datetime

import pytest

from bot.domain.clock import TOKYO
from bot.transit import Timetable
from tests.unit.bus_feeds import FUJIEDA, place, timetable


@pytest.fixture(scope="module")
def fujieda(tmp_path_factory: pytest.TempPathFactory) -> Timetable:
    town = tmp_path_factory.mktemp("town")
    shutil.copytree(FUJIEDA, town / "gtfs")
    return timetable(town)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def read(table: Timetable, stop: str, now: str) -> list[str]:
    return [
        f"{found.at:%H:%M} {found.route.name} {found.bound}"
        for found in table.left(place(table, stop), at(now), 3)
    ]


WEEKDAY, HOLIDAY, SATURDAY = "2017-10-20", "2017-10-09", "2017-10-21"
DOWN, UP = "朝比奈線 しずてつストア岡部店前行き", "朝比奈線 小布杉行き"
AIR = "富士山静岡空港アクセスバス 藤枝駅方面行き"


@pytest.mark.parametrize(
    ("stop", "now", "expected"),
    [
        # both poles of the stop, _e and _w, in one answer
        ("桂島", f"{WEEKDAY} 08:00", [f"08:12 {UP}", f"08:55 {DOWN}", f"10:03 {UP}"]),
        # the bus of this very minute can still be caught; the one of the minute before cannot
        ("桂島", f"{WEEKDAY} 08:12:59", [f"08:12 {UP}", f"08:55 {DOWN}", f"10:03 {UP}"]),
        ("桂島", f"{WEEKDAY} 08:13", [f"08:55 {DOWN}", f"10:03 {UP}", f"11:07 {DOWN}"]),
        # Saturdays run by the other service: calendar_dates.txt alone says so
        ("桂島", f"{SATURDAY} 08:00", [f"09:17 {DOWN}", f"10:09 {UP}", f"10:47 {DOWN}"]),
        # 体育の日, a Monday: a holiday is what the feed says, and this one says weekday
        ("桂島", f"{HOLIDAY} 08:00", [f"08:12 {UP}", f"08:55 {DOWN}", f"10:03 {UP}"]),
        ("桂島", f"{WEEKDAY} 18:30", [f"19:01 {UP}"]),
        ("桂島", f"{WEEKDAY} 19:02", []),
        # twelve buses end here and are no departures
        ("富士山静岡空港", f"{WEEKDAY} 06:00", [f"11:30 {AIR}", f"13:05 {AIR}", f"16:05 {AIR}"]),
        ("富士山静岡空港", f"{SATURDAY} 19:00", [f"19:20 {AIR}", f"20:40 {AIR}"]),
        (
            "藤枝市立総合病院",
            f"{WEEKDAY} 09:05",
            [
                "09:10 駅南循環 大洲小学校線 特別支援学校まわり",
                "09:40 藤枝駅ゆらく線 金吹橋・藤枝駅方面行き",
                "09:55 駅南循環 善左衛門線 青葉町まわり",
            ],
        ),
        ("藤枝市立総合病院", f"{SATURDAY} 09:05", []),
    ],
)
def test_the_next_departures(fujieda: Timetable, stop: str, now: str, expected: list[str]) -> None:
    assert read(fujieda, stop, now) == expected


@pytest.mark.parametrize(
    ("stop", "now", "first"),
    [
        ("桂島", f"{WEEKDAY} 19:02", "2017-10-21 09:17"),
        ("桂島", "2017-10-22 23:00", "2017-10-23 07:25"),
        ("藤枝市立総合病院", f"{WEEKDAY} 19:00", "2017-10-23 07:03"),  # over the weekend
        ("桂島", "2017-11-01 20:00", None),  # the last day of all
    ],
)
def test_the_first_bus_of_the_next_service_day(
    fujieda: Timetable, stop: str, now: str, first: str | None
) -> None:
    found = fujieda.first_after(place(fujieda, stop), at(now))
    assert (found and f"{found.at:%Y-%m-%d %H:%M}") == first


def test_the_end_is_the_last_day_of_the_calendar(fujieda: Timetable) -> None:
    assert (fujieda.begins, fujieda.ends) == (date(2017, 8, 4), date(2017, 11, 1))
    assert not fujieda.is_over(date(2017, 11, 1))
    assert fujieda.is_over(date(2017, 11, 2))
    assert fujieda.left(place(fujieda, "桂島"), at("2017-11-02 07:00"), 3) == []


def test_poles_of_a_station_belong_together(fujieda: Timetable) -> None:
    assert [pole.name for pole in place(fujieda, "藤枝駅").poles] == [
        "藤枝駅",
        "藤枝駅前 ３番のりば",
        "藤枝駅南口 5番のりば",
    ]


def test_every_stop_answers_as_its_rows_say(fujieda: Timetable) -> None:
    """All departures of two days at every place, against the files joined anew."""
    stops, trips, times, dates = (
        list(csv.DictReader((FUJIEDA / f"{name}.txt").read_text("utf-8").splitlines()))
        for name in ("stops", "trips", "stop_times", "calendar_dates")
    )
    names = {stop["stop_id"]: stop["stop_name"] for stop in stops}
    above = {stop["stop_id"]: names.get(stop["parent_station"], stop["stop_name"]) for stop in stops}
    last = {
        row["trip_id"]: max(int(r["stop_sequence"]) for r in times if r["trip_id"] == row["trip_id"])
        for row in trips
    }
    service = {trip["trip_id"]: trip["service_id"] for trip in trips}
    for day in (WEEKDAY, SATURDAY):
        running = {
            r["service_id"] for r in dates if (r["date"], r["exception_type"]) == (day.replace("-", ""), "1")
        }
        for each in fujieda.places:
            here = {names[pole.id] for pole in each.poles} | {above[pole.id] for pole in each.poles}
            expected = sorted(
                row["departure_time"]
                for row in times
                if names[row["stop_id"]] in here
                and service[row["trip_id"]] in running
                and int(row["stop_sequence"]) != last[row["trip_id"]]
            )
            assert [f"{d.at:%H:%M:%S}" for d in fujieda.left(each, at(f"{day} 03:00"), 999)] == expected, each
