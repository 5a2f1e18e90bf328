"""Feeds as operators really publish them: what is missing, spaced, doubled, broken or hostile."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from bot.domain.clock import TOKYO
from bot.transit import Timetable, read_feed
from tests.unit.bus_feeds import CALENDAR, SMALL, STOPS, TIMES, place, timetable, written

TUESDAY = "2026-11-24"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def times(table: Timetable, stop: str, now: str) -> list[str]:
    return [f"{found.at:%d %H:%M}" for found in table.left(place(table, stop), at(now), 9)]


def zipped(town: Path, files: dict[str, str], prefix: str = "") -> Path:
    town.mkdir(exist_ok=True)
    with zipfile.ZipFile(town / "gtfs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(prefix + name, text)
    return town


def test_a_folder_and_an_archive_say_the_same(tmp_path: Path) -> None:
    tables = [
        timetable(written(tmp_path / "folder", SMALL)),
        timetable(zipped(tmp_path / "zip", SMALL)),
        timetable(zipped(tmp_path / "nested", {**SMALL, "readme.txt": "x"}, "kahoku_gtfs/")),
    ]
    for table in tables:
        assert times(table, "役場前", f"{TUESDAY} 07:00") == ["24 08:00", "25 00:50"]


def test_a_town_without_a_feed_has_none(tmp_path: Path) -> None:
    assert read_feed(tmp_path).timetable is None
    assert read_feed(tmp_path).faults == []


def test_boms_spaces_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    dirty = {
        name: text.replace(",", " , ").replace("\n", "\r\n").encode("utf-8-sig")
        for name, text in SMALL.items()
    }
    assert times(timetable(written(tmp_path, dirty)), "病院前", f"{TUESDAY} 07:00") == [
        "24 08:10",
        "25 01:10",
    ]


def test_times_past_midnight_belong_to_the_evening_before(tmp_path: Path) -> None:
    table = timetable(written(tmp_path, SMALL))
    assert times(table, "病院前", f"{TUESDAY} 23:59") == ["25 01:10"]
    assert times(table, "病院前", "2026-11-25 01:10") == ["25 01:10", "25 08:10", "26 01:10"]
    assert times(table, "病院前", "2026-11-28 01:00") == [
        "28 01:10",
        "28 09:10",
    ]  # Friday's last bus on a Saturday
    assert times(table, "病院前", "2026-11-23 01:00")[0] == "23 08:10"  # Sunday has none


def test_a_last_bus_after_midnight_goes_also_when_the_timetable_ended_that_evening(tmp_path: Path) -> None:
    calendar = CALENDAR.replace("20270331", "20261124")
    table = timetable(written(tmp_path, {**SMALL, "calendar.txt": calendar}))
    assert times(table, "病院前", "2026-11-25 00:30") == ["25 01:10"]


def test_the_last_stop_is_no_departure_and_names_a_bus_without_headsign(tmp_path: Path) -> None:
    table = timetable(written(tmp_path, SMALL))
    assert times(table, "駅", f"{TUESDAY} 07:00") == []
    (saturday,) = table.left(place(table, "役場前"), at("2026-11-28 08:00"), 3)
    assert (saturday.bound, saturday.is_last_stop, saturday.route.name) == ("駅", True, "西里線")


def test_a_stop_headsign_goes_before_the_trips(tmp_path: Path) -> None:
    rows = TIMES.replace("stop_sequence\n", "stop_sequence,stop_headsign\n").replace(
        "b,2\n", "b,2,病院経由駅行\n", 1
    )
    table = timetable(written(tmp_path, {**SMALL, "stop_times.txt": rows}))
    at_hospital = table.left(place(table, "病院前"), at(f"{TUESDAY} 07:00"), 2)
    assert [each.bound for each in at_hospital] == ["病院経由駅行", "駅行"]


def test_stops_where_nobody_may_board_are_no_departures(tmp_path: Path) -> None:
    rows = TIMES.replace("stop_sequence\n", "stop_sequence,pickup_type\n")
    rows = rows.replace("8:10:00,b,2\n", "8:10:00,b,2,1\n").replace("8:00:00,a,1\n", "8:00:00,a,1,2\n")
    table = timetable(written(tmp_path, {**SMALL, "stop_times.txt": rows}))
    assert times(table, "病院前", f"{TUESDAY} 07:00") == ["25 01:10"]
    assert [d.is_by_phone for d in table.left(place(table, "役場前"), at(f"{TUESDAY} 07:00"), 2)] == [
        True,
        False,
    ]


def test_times_between_timepoints_are_shared_out_and_marked(tmp_path: Path) -> None:
    rows = TIMES.replace("t1,8:10:00,8:10:00,b,2\n", "t1,,,b,2\n").replace(
        "t1,8:20:00,8:20:00,c", "t1,8:05:30,8:05:30,c"
    )
    table = timetable(written(tmp_path, {**SMALL, "stop_times.txt": rows}))
    found = table.left(place(table, "病院前"), at(f"{TUESDAY} 07:00"), 1)
    assert [(f"{d.at:%H:%M:%S}", d.is_approximate) for d in found] == [("08:02:00", True)]


def test_calendar_dates_add_and_take_away(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nwd,20261124,2\nwe,20261124,1\n"
    table = timetable(written(tmp_path, {**SMALL, "calendar_dates.txt": dates}))
    assert times(table, "役場前", f"{TUESDAY} 07:00") == ["24 09:00"]
    assert times(table, "役場前", "2026-11-25 07:00") == ["25 08:00", "26 00:50"]


def test_frequencies_stand_in_for_the_trips_own_times(tmp_path: Path) -> None:
    frequencies = "trip_id,start_time,end_time,headway_secs,exact_times\nt1,07:00:00,08:00:00,1200,0\n"
    table = timetable(written(tmp_path, {**SMALL, "frequencies.txt": frequencies}))
    assert times(table, "病院前", f"{TUESDAY} 06:00") == ["24 07:10", "24 07:30", "24 07:50", "25 01:10"]


def test_poles_of_one_name_or_one_station_answer_together(tmp_path: Path) -> None:
    stops = "stop_id,stop_name,parent_station,location_type\na,役場前,,\nb, 役場　前 ,,\nc,役場南,s,\nd,役場北,s,0\ns,役場,,1\n"
    rows = TIMES.replace("c,3", "d,3") + "t2,25:30:00,25:30:00,c,4\n"
    table = timetable(written(tmp_path, {**SMALL, "stops.txt": stops, "stop_times.txt": rows}))
    assert [each.name for each in table.places] == ["役場前", "役場"]
    assert times(table, "役場前", f"{TUESDAY} 07:00") == ["24 08:00", "24 08:10", "25 00:50", "25 01:10"]
    assert times(table, "役場", f"{TUESDAY} 07:00") == ["25 01:20"]


@pytest.mark.parametrize(
    "rows",
    [
        "trans_id,lang,translation\n役場前,ja-Hrkt,ヤクバマエ\n役場前,en,Town Hall\n",
        (
            "table_name,field_name,language,translation,record_id,field_value\n"
            "stops,stop_name,ja-Hrkt,やくばまえ,a,\nstops,stop_name,en,Town Hall,,役場前\nstops,stop_url,en,x,a,\n"
        ),
    ],
)
def test_readings_and_translations_of_both_forms(tmp_path: Path, rows: str) -> None:
    table = timetable(written(tmp_path, {**SMALL, "translations.txt": rows}))
    assert place(table, "役場前").names == {"役場前", "やくばまえ", "townhall"}
    assert (table.word("役場前", "en"), table.word("駅", "en")) == ("Town Hall", "駅")


def test_the_end_is_what_feed_info_says(tmp_path: Path) -> None:
    info = "feed_publisher_name,feed_start_date,feed_end_date\n町,20260501,20261224\n"
    table = timetable(written(tmp_path, {**SMALL, "feed_info.txt": info}))
    assert (table.begins, table.ends) == (date(2026, 5, 1), date(2026, 12, 24))
    assert times(table, "役場前", "2026-12-24 07:00") == ["24 08:00", "25 00:50"]
    assert times(table, "役場前", "2026-12-25 07:00") == []
    assert times(table, "役場前", "2026-04-30 07:00") == []
    info = "feed_publisher_name,feed_end_date\n町,20270630\n"
    last = timetable(written(tmp_path, {**SMALL, "feed_info.txt": info})).ends
    assert last == date(2027, 3, 31), "no bus is known of after the calendar's last day"
    assert timetable(written(tmp_path, {"feed_info.txt": "feed_publisher_name\n町\n"})).ends == date(
        2027, 3, 31
    )


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2027, 2, 28), None),
        (date(2027, 3, 1), "あと30日"),
        (date(2027, 3, 31), "あと0日"),
        (date(2027, 4, 1), "2027-03-31 で期限が切れています"),
    ],
)
def test_staff_are_warned_30_days_before(tmp_path: Path, today: date, words: str | None) -> None:
    warning = read_feed(written(tmp_path, SMALL)).warning(today)
    assert warning is None if words is None else words in (warning or "")


FAULTS = [
    ("stops.txt", "b,病院前", "b,", 3, "stop_name が空"),
    ("stops.txt", "b,病院前", "a,病院前", 3, "「a」が2つ"),
    ("stops.txt", "stop_id,", "stopid,", 1, "「stopid」ではありませんか"),
    ("routes.txt", "r2,西里線", "r2,", 3, "両方が空"),
    ("trips.txt", "r2,we", "r9,we", 4, "r9"),
    ("trips.txt", "r2,we", "r2,ww", 4, "運行する日がどこにも"),
    ("calendar.txt", "20270331", "2027331", 2, "「2027331」は日付"),
    ("calendar.txt", "wd,1", "wd,x", 2, "1(運行)か 0(運休)"),
    ("calendar.txt", "20260401,20270331", "20270401,20270331", 2, "より前"),
    ("stop_times.txt", "8:10:00,8:10:00", "8:10:00,8時10分", 3, "「8時10分」は時刻"),
    ("stop_times.txt", "8:10:00,8:10:00", "8:10:00,98:10:00", 3, "「98:10:00」は時刻"),
    ("stop_times.txt", "8:10:00,b,2", "8:10:00,x,2", 3, "stop_id「x」"),
    ("stop_times.txt", "8:10:00,b,2", "8:10:00,b,二", 3, "stop_sequence「二」"),
    ("stop_times.txt", "8:10:00,b,2", "8:10:00", 3, "列が足りません"),
    ("stop_times.txt", "25:20:00,25:20:00", "1:20:00,1:20:00", 7, "前のバス停より早い"),
    ("stop_times.txt", "8:00:00,8:00:00", ",", 2, "始発と終点"),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "words"), FAULTS)
def test_a_fault_names_file_and_line_and_the_rest_is_read(  # noqa: PLR0917  a row of the table above
    tmp_path: Path, file: str, old: str, new: str, line: int, words: str
) -> None:
    broken = SMALL[file].replace(old, new, 1)
    assert broken != SMALL[file]
    feed = read_feed(written(tmp_path, {**SMALL, file: broken}))
    assert any((f.file, f.line) == (f"gtfs/{file}", line) and words in f.message for f in feed.faults), (
        feed.faults
    )
    if line > 1 and file not in {"routes.txt", "stops.txt"}:
        assert feed.timetable


@pytest.mark.parametrize("file", sorted(SMALL))
def test_a_missing_file_is_told(tmp_path: Path, file: str) -> None:
    feed = read_feed(written(tmp_path, {name: text for name, text in SMALL.items() if name != file}))
    assert [(f.file, f.line) for f in feed.faults] == [(f"gtfs/{file}", 0)]
    assert (feed.timetable is not None) == (file == "agency.txt")


@pytest.mark.parametrize(
    ("file", "rows", "words"),
    [
        ("calendar_dates.txt", "service_id,date,exception_type\nwd,20261124,3\n", "1(運行)か 2(運休)"),
        ("calendar_dates.txt", "service_id,date,exception_type\nwd,20261324,1\n", "日付ではありません"),
        ("frequencies.txt", "trip_id,start_time,end_time,headway_secs\nt1,7:00:00,8:00:00,0\n", "60秒以上"),
        ("frequencies.txt", "trip_id,start_time,end_time,headway_secs\nt1,8:00:00,7:00:00,600\n", "より後"),
        ("frequencies.txt", "trip_id,start_time,end_time,headway_secs\nt9,7:00:00,8:00:00,600\n", "t9"),
        ("feed_info.txt", "feed_end_date\n令和9年\n", "令和9年"),
    ],
)
def test_faults_of_optional_files(tmp_path: Path, file: str, rows: str, words: str) -> None:
    feed = read_feed(written(tmp_path, {**SMALL, file: rows}))
    assert [(f.file, f.line, words in f.message) for f in feed.faults] == [(f"gtfs/{file}", 2, True)]
    assert feed.timetable


def test_a_line_that_is_not_utf8_is_told_and_left_out(tmp_path: Path) -> None:
    stops = STOPS.encode() + "d,終点\n".encode("cp932")
    feed = read_feed(written(tmp_path, {**SMALL, "stops.txt": stops}))
    assert [(f.file, f.line) for f in feed.faults] == [("gtfs/stops.txt", 5)]
    assert feed.timetable
    assert len(feed.timetable.places) == 3


def test_an_open_quotation_mark_is_told(tmp_path: Path) -> None:
    rows = TIMES.replace("t1,8:10", '"t1,8:10', 1) + "t3,9:30:00,9:30:00,a,9\n" * 40
    feed = read_feed(written(tmp_path, {**SMALL, "stop_times.txt": rows}))
    assert next((f.line, "引用符" in f.message) for f in feed.faults) == (3, True)


def test_half_a_million_bad_rows_are_told_in_a_few_lines(tmp_path: Path) -> None:
    rows = TIMES + "t9,9:30:00,9:30:00,a,9\n" * 1000
    feed = read_feed(written(tmp_path, {**SMALL, "stop_times.txt": rows}))
    assert len(feed.faults) == 21
    assert "ほかに 980 件" in feed.faults[0].message
    assert feed.timetable


def damaged(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("stop_times.txt").header_offset + 60
    content = bytearray(path.read_bytes())
    content[start : start + 30] = bytes(30)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>404 Not Found</html>", "zip ファイルではない"),
        (b"", "zip ファイルではない"),
        (b"PK\x03\x04" + bytes(100), "zip ファイルではない"),
    ],
)
def test_a_zip_that_is_none_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "gtfs.zip").write_bytes(content)
    feed = read_feed(tmp_path)
    (fault,) = feed.faults
    assert (fault.file, feed.timetable) == ("gtfs.zip", None)
    assert words in fault.message


def test_a_bomb_is_one_line_and_is_not_unpacked(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "gtfs.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("stops.txt", "w") as member,
    ):
        for _ in range(64):
            member.write(bytes(1024 * 1024))
    (fault,) = read_feed(tmp_path).faults
    assert "大きすぎる" in fault.message


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    zipped(tmp_path, SMALL)
    damaged(tmp_path / "gtfs.zip")
    feed = read_feed(tmp_path)
    assert feed.faults
    assert all(f.file.startswith("gtfs.zip") for f in feed.faults)


def test_an_archive_beside_a_folder_is_not_used_and_told(tmp_path: Path) -> None:
    zipped(written(tmp_path, SMALL), {})
    feed = read_feed(tmp_path)
    assert [f.file for f in feed.faults] == ["gtfs.zip"]
    assert feed.timetable


def test_a_folder_where_the_archive_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "gtfs.zip").mkdir()
    (fault,) = read_feed(tmp_path).faults
    assert fault.file == "gtfs.zip"
