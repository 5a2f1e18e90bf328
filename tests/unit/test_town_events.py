"""Events of a town's folder: the open-data sheet as towns really write it, and iCalendar files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.events import Event
from bot.town import check, load
from bot.town.event_calendar import read_event_calendar
from bot.town.event_sheet import Words, read_event_sheet
from bot.town.faults import Faults
from bot.town.profile import read_profile
from bot.town.recurrence import occurring
from bot.town.spreadsheet_words import sheet_day, sheet_time
from tests.unit.town_folders import KAHOKU, copied

NEW = "全国地方公共団体コード,ID,地方公共団体名,イベント名,開始日,終了日,開始時間,終了時間,説明,場所名称,所在地_連結表記,URL,カテゴリー,分野,地区,開催日一覧"
OLD = "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,イベント名,開始日,終了日,開始時間,終了時間,説明,場所名称,住所,URL"
_profile = read_profile(KAHOKU / "town.toml", Faults("town.toml"))
assert _profile
WORDS = Words.of(_profile)


def sheet(
    tmp_path: Path, *rows: str, head: str = NEW, encoding: str = "utf-8-sig"
) -> tuple[tuple[Event, ...], Faults]:
    file = tmp_path / "events.csv"
    file.write_bytes("\r\n".join([head, *rows, ""]).encode(encoding))
    faults = Faults("events.csv")
    return read_event_sheet(file, faults, WORDS), faults


def calendar(tmp_path: Path, *events: str) -> tuple[tuple[Event, ...], Faults]:
    file = tmp_path / "events.ics"
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    file.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{body}END:VCALENDAR\r\n", "utf-8")
    faults = Faults("events.ics")
    return read_event_calendar(file, faults, WORDS), faults


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def starts(events: tuple[Event, ...], first: str, last: str) -> list[str]:
    found = occurring(events, date.fromisoformat(first), date.fromisoformat(last))
    return [f"{event.start:%Y-%m-%dT%H:%M}" for event in found]


def test_kahokus_example_is_what_its_rows_say() -> None:
    events = {event.name: event for event in load(KAHOKU).events}
    doll = events["谷地ひなまつり"]
    assert (doll.first_day, doll.last_day, doll.all_day) == (date(2027, 4, 2), date(2027, 4, 3), True)
    assert doll.name_en == "Yachi Doll Festival"
    party = events["親子クリスマス会"]
    assert (party.start, party.end) == (at("2026-12-19T10:00"), at("2026-12-19T11:30"))
    assert party.topics == ("events", "childcare")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize(
    ("head", "row"),
    [
        (NEW, "063215,9,山形県河北町,初市,2027/1/10,,9:00,15:00,店が並ぶ,谷地,河北町谷地,https://x.jp/,,,,"),
        (
            OLD,
            "06321,9,山形県,河北町,初市,2027-01-10,2027-01-10,09:00:00,15:00,店が並ぶ,谷地,河北町谷地,https://x.jp/",
        ),
    ],
)
def test_both_generations_and_encodings_say_the_same(
    tmp_path: Path, head: str, row: str, encoding: str
) -> None:
    events, faults = sheet(tmp_path, row, head=head, encoding=encoding)
    assert faults.found == []
    assert events == (
        Event(
            "9",
            "初市",
            at("2027-01-10T09:00"),
            at("2027-01-10T15:00"),
            place="谷地 河北町谷地",
            description="店が並ぶ",
            url="https://x.jp/",
            topics=("events",),
        ),
    )


@pytest.mark.parametrize("code", ["", "063215", "63215", "06321", "6321", "０６３２１５"])
def test_a_code_that_lost_its_zero_or_check_digit_is_mended(tmp_path: Path, code: str) -> None:
    events, faults = sheet(tmp_path, f"{code},1,,催し,2027-01-10" + "," * 11)
    assert (len(events), faults.found) == (1, [])


@pytest.mark.parametrize(
    ("first", "last", "start", "end"),
    [
        ("23:00", "1:00", "2027-02-10T23:00", "2027-02-11T01:00"),
        ("23:00", "25:00", "2027-02-10T23:00", "2027-02-11T01:00"),
        ("10:00", "10:00", "2027-02-10T10:00", "2027-02-10T10:00"),
    ],
)
def test_what_ends_before_it_starts_ends_the_next_day(
    tmp_path: Path, first: str, last: str, start: str, end: str
) -> None:
    (event,), faults = sheet(tmp_path, f",1,,夜の催し,2027-02-10,,{first},{last},,,,,,,,")
    assert faults.found == []
    assert (f"{event.start:%Y-%m-%dT%H:%M}", f"{event.end:%Y-%m-%dT%H:%M}") == (start, end)


def test_two_sessions_of_a_day_need_no_ids(tmp_path: Path) -> None:
    rows = [f",,,体操教室,2026-12-11,,{at},,,,,,,,," for at in ("10:00", "14:00", "")]
    events, faults = sheet(tmp_path, *rows)
    assert faults.found == []
    assert len({event.id for event in events}) == 3


@pytest.mark.parametrize("row", [",1,,催し,2027-02-30,,,,,,,,,,,\r\n", '"'])
def test_an_event_with_a_fault_is_left_out_and_keeps_nothing_from_starting(tmp_path: Path, row: str) -> None:
    folder = copied(tmp_path)
    with (folder / "events.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    town = load(folder)
    assert [event.name for event in town.events] == [event.name for event in load(KAHOKU).events]
    assert list(town.left_out) == check(folder) != []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("092011,1,,催し,2027-01-10,,,,,,,,,,,", "この町(063215)のものではありません"),
        ("063210,1,,催し,2027-01-10,,,,,,,,,,,", "検査数字"),
        (",1,,,2027-01-10,,,,,,,,,,,", "「イベント名」が空"),
        (",1,,催し,,,,,,,,,,,,", "「開始日」が空"),
        (",1,,催し,2027-02-30,,,,,,,,,,,", "日付ではありません"),
        (",1,,催し,2027-02-10,2027-02-09,,,,,,,,,,", "より前です"),
        (",1,,催し,2027-02-10,,25:00,,,,,,,,,", "時刻ではありません"),
        (",1,,催し,2027-02-10,,15:00,30:30,,,,,,,,", "時刻ではありません"),
        (",1,,催し,2027-02-10,,,9:00,,,,,,,,", "「終了時間」だけ"),
        (",1,,催し,2027-02-10,,,,,,,www.x.jp,,,,", "https://"),
        (",1,,催し,2027-02-10,,,,,,,,,event,,", "「events」ではありませんか"),
        (",1,,催し,2027-02-10,,,,,,,,,,谷地中央,", "「谷地中部」ではありませんか"),
        (",1,,催し,,,,,,,,,,,,2027-02-10;2027-02-31", "「2027-02-31」は日付ではありません"),
        (",1,,催し,2027-02-10,,,,,,,,,,,\r\n,1,,別,2027-03-10,,,,,,,,,,,", "2行目と同じ"),
    ],
)
def test_a_dirty_row_is_told_with_its_line_and_costs_no_other(tmp_path: Path, row: str, told: str) -> None:
    events, faults = sheet(tmp_path, row, ",good,,よい催し,2027-05-05,,,,,,,,,,,")
    assert "よい催し" in [event.name for event in events]
    (fault,) = faults.found
    assert fault.line == (3 if "\r\n" in row else 2)
    assert told in fault.message


def test_a_row_that_lists_days_is_an_event_on_each_day(tmp_path: Path) -> None:
    events, faults = sheet(
        tmp_path, ",7,,教室,,,10:00,12:00,,,,,子育て,,,2027-02-10；2027年2月17日、20270224"
    )
    assert faults.found == []
    assert [(event.id, event.end) for event in events] == [
        (f"7/{day}", at(f"{day}T12:00")) for day in ("2027-02-10", "2027-02-17", "2027-02-24")
    ]


def test_rows_without_an_id_get_a_stable_one_of_their_own(tmp_path: Path) -> None:
    rows = ",,,朝市,2027-02-10,,,,,,,,,,,", ",,,朝市,2027-02-11,,,,,,,,,,,"
    first, faults = sheet(tmp_path, *rows)
    again, _ = sheet(tmp_path, *reversed(rows))
    assert faults.found == []
    assert {event.id for event in first} == {event.id for event in again}
    assert len({event.id for event in first}) == 2


@pytest.mark.parametrize(
    "text",
    [
        "2026/4/1",
        "2026-04-01",
        "20260401",
        "令和8年4月1日",
        "R8.4.1",
        "２０２６年４月１日(水)",
        "2026.4.1",
        "2026/4/1 0:00:00",
    ],
)
def test_days_as_they_are_written(text: str) -> None:
    assert sheet_day(text) == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("9:00", 540),
        ("09:00:00", 540),
        ("９：００", 540),
        ("午後1時30分", 810),
        ("9時", 540),
        ("9時半", 570),
        ("正午", None),
        ("24:00", 1440),
        ("24:30", None),
        ("午後12時", 720),
        ("9:60", None),
    ],
)
def test_times_as_they_are_written(text: str, minutes: int | None) -> None:
    if minutes is None:
        with pytest.raises(ValueError, match="時刻ではありません"):
            sheet_time(text)
    else:
        assert sheet_time(text) == timedelta(minutes=minutes)


@given(st.text(max_size=20))
def test_no_text_at_all_breaks_the_reading_of_days_and_times(text: str) -> None:
    faults = Faults("events.csv")
    for read in (sheet_day, sheet_time):
        faults.attempt(1, read, text)
    assert all(fault.message.endswith("書いてください。") for fault in faults.found)


def test_dates_times_and_zones_of_icalendar(tmp_path: Path) -> None:
    events, faults = calendar(
        tmp_path,
        "UID:day\r\nSUMMARY:一日\r\nDTSTART;VALUE=DATE:20270402\r\nDTEND;VALUE=DATE:20270404",
        "UID:tokyo\r\nSUMMARY:東京\r\nDTSTART;TZID=Asia/Tokyo:20270402T090000\r\nDURATION:PT90M",
        "UID:utc\r\nSUMMARY:協定\r\nDTSTART:20270402T000000Z",
        "UID:floating\r\nSUMMARY:時間帯なし\r\nDTSTART:20270402T090000",
        "UID:gone\r\nSUMMARY:中止\r\nDTSTART:20270402T090000\r\nSTATUS:CANCELLED",
    )
    assert faults.found == []
    by = {event.id: event for event in events}
    assert (by["day"].all_day, by["day"].last_day) == (True, date(2027, 4, 3))
    assert {by[uid].start for uid in ("tokyo", "utc", "floating")} == {at("2027-04-02T09:00")}
    assert by["tokyo"].end == at("2027-04-02T10:30")
    assert [uid for uid, event in by.items() if event.cancelled] == ["gone"]


def test_what_repeats_is_unfolded_without_what_is_left_out_and_with_what_was_moved(tmp_path: Path) -> None:
    events, faults = calendar(
        tmp_path,
        "UID:w\r\nSUMMARY:おはなし会\r\nDTSTART;TZID=Asia/Tokyo:20270401T100000\r\nRRULE:FREQ=WEEKLY;UNTIL=20270429T010000Z"
        "\r\nEXDATE;TZID=Asia/Tokyo:20270408T100000\r\nRDATE;TZID=Asia/Tokyo:20270410T100000",
        "UID:w\r\nSUMMARY:おはなし会(変更)\r\nRECURRENCE-ID;TZID=Asia/Tokyo:20270415T100000\r\nDTSTART;TZID=Asia/Tokyo:20270416T140000",
    )
    assert faults.found == []
    assert starts(events, "2027-04-01", "2027-12-31") == [
        f"2027-04-{day}" for day in ("01T10:00", "10T10:00", "16T14:00", "22T10:00", "29T10:00")
    ]
    unmoved, _ = calendar(
        tmp_path, "UID:w\r\nSUMMARY:x\r\nDTSTART;TZID=Asia/Tokyo:20270401T100000\r\nRRULE:FREQ=WEEKLY"
    )
    april = date(2027, 4, 1), date(2027, 4, 30)
    ids = [{event.id for event in occurring(each, *april)} for each in (events, unmoved)]
    assert ids[0] - ids[1] == {"w/20270410T1000"}  # the moved one is still the same to calendar programs
    assert ids[1] - ids[0] == {"w/20270408T1000"}


def test_a_rule_is_reckoned_in_the_zone_it_was_written_in(tmp_path: Path) -> None:
    rule = "UID:u\r\nSUMMARY:朝の会\r\nDTSTART:20270405T230000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=MO"
    events, _ = calendar(tmp_path, rule)
    assert starts(events, "2027-04-01", "2027-04-14") == ["2027-04-06T08:00", "2027-04-13T08:00"]


def test_what_repeats_without_end_is_unfolded_within_the_window_only(tmp_path: Path) -> None:
    events, _ = calendar(tmp_path, "UID:d\r\nSUMMARY:体操\r\nDTSTART;VALUE=DATE:20000101\r\nRRULE:FREQ=DAILY")
    assert len(occurring(events, date(2027, 1, 1), date(2027, 1, 31))) == 31


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("SUMMARY:x\r\nDTSTART:20270402T090000", "UID がありません"),
        ("UID:x\r\nDTSTART:20270402T090000", "SUMMARY"),
        ("UID:x\r\nSUMMARY:x", "DTSTART)がありません"),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART:2027-04-02", "DTSTARTを読めません"),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART;TZID=Mars/Olympus:20270402T090000", "Mars/Olympus"),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nDTEND:20270401T090000", "より前"),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nRRULE:FREQ=SECONDLY", "毎日・毎週"),
        (
            "UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "当たる日がありません",
        ),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nRRULE:FREQ=YEARLY;BYDAY=XX", "RRULE"),
        (
            "UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nRRULE:FREQ=MONTHLY;BYDAY=6MO",
            "当たる日がありません",
        ),
        (
            "UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nRRULE:FREQ=DAILY;UNTIL=20270301",
            "当たる日がありません",
        ),
        ("UID:x\r\nSUMMARY:x\r\nDTSTART:20270402T090000\r\nbroken line", "読めません"),
        ("UID:good\r\nSUMMARY:x\r\nDTSTART:20270402T090000", "2つあります"),
    ],
)
def test_a_broken_event_is_told_with_its_line_and_costs_no_other(
    tmp_path: Path, event: str, told: str
) -> None:
    good = "UID:good\r\nSUMMARY:よい\r\nDTSTART:20270402T090000"
    events, faults = calendar(tmp_path, good, event)
    assert [each.name for each in events] == ["よい"]
    assert {fault.line for fault in faults.found} == {9}
    assert told in faults.found[0].message


@pytest.mark.parametrize(
    "text", ["", "not a calendar", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n"]
)
def test_a_file_that_is_no_calendar_is_told(tmp_path: Path, text: str) -> None:
    folder = copied(tmp_path)
    (folder / "events.ics").write_text(text, "utf-8")
    assert [fault.file for fault in check(folder)] == ["events.ics"]


WORDS_OF_CALENDARS = """BEGIN:VCALENDAR END:VCALENDAR BEGIN:VEVENT END:VEVENT BEGIN:VALARM END:VALARM BEGIN: UID:a SUMMARY:b
DTSTART:20270401T100000 DTSTART;VALUE=DATE:20270401 DTSTART:100000 DTEND:1 DURATION:P1W DURATION:x
RRULE:FREQ=WEEKLY RRULE:FREQ=DAILY;COUNT=x RRULE: EXDATE:20270401 RDATE;VALUE=PERIOD:20270401T000000Z/PT1H
RECURRENCE-ID:20270401T100000 CATEGORIES:a,b STATUS: URL:x : ;=: \0"""
LINES = st.sampled_from(WORDS_OF_CALENDARS.split())


@given(st.lists(LINES, max_size=30))
def test_no_calendar_at_all_breaks_the_check(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    file = tmp_path_factory.mktemp("ics") / "events.ics"
    file.write_text("\r\n".join(["BEGIN:VCALENDAR", *lines]), "utf-8")
    faults = Faults("events.ics")
    for event in occurring(read_event_calendar(file, faults, WORDS), date(2027, 1, 1), date(2027, 12, 31)):
        assert event.start <= event.end
    assert all(fault.message for fault in faults.found)


def test_the_check_names_sheet_and_calendar(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / "events.csv").open("a", encoding="utf-8") as file:
        file.write("063215,x,,,,,2027-01-01,,,,,,,,,,,,,,\n")
    (folder / "events.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:2027-hina\nSUMMARY:x\nDTSTART:20270402T090000\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    assert [(fault.file, fault.line) for fault in check(folder)] == [("events.csv", 8), ("events.ics", 0)]
