"""Collections on days checked by hand against the calendar, and the rule of 5374.jp."""

from __future__ import annotations

import time as clocks
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.schedule.garbage import Area, Change, GarbagePlan, Named, Pattern
from bot.schedule.occurrences import next_occurrence, occurrences
from bot.schedule.rules import GarbageDays
from bot.schedule.wording import in_words
from bot.town.garbage_days import read_cell

BURN, METAL, CANS = Named("燃やすごみ", {"en": "Burnable"}), Named("燃やさないごみ"), Named("資源物")
NEW_YEAR = ((date(2026, 12, 31), date(2027, 1, 3)),)


def pattern(cell: str) -> Pattern:
    found, wrong = read_cell(cell)
    assert wrong == []
    return found


def plan(*changes: Change, week_shift: bool = True) -> GarbagePlan:
    north = Area(
        "北",
        {"燃やすごみ": pattern("月 木"), "燃やさないごみ": pattern("木1"), "資源物": pattern("火1 火3 *1")},
        NEW_YEAR,
    )
    south = Area("南", {"燃やすごみ": pattern("火 金"), "資源物": pattern("20270105")})
    remarks = {"1": Named("びんは別の袋に", {"en": "Bottles apart"})}
    return GarbagePlan([north, south], [BURN, METAL, CANS], changes, remarks, week_shift=week_shift)


def days_in(
    found: Pattern, year: int, month: int, *stops: tuple[date, date], week_shift: bool = True
) -> list[int]:
    first = date(year, month, 1)
    days = [first + timedelta(days=n) for n in range(31)]
    return [d.day for d in days if d.month == month and found.falls_on(d, stops, week_shift=week_shift)]


@pytest.mark.parametrize(
    ("cell", "year", "month", "expected"),
    [
        ("月 木", 2026, 11, [2, 5, 9, 12, 16, 19, 23, 26, 30]),
        ("水2", 2026, 11, [11]),
        ("火1 火3", 2026, 12, [1, 15]),
        ("水5", 2026, 12, [30]),
        ("水5", 2026, 11, []),
        ("日1", 2026, 11, [1]),
        ("土5", 2028, 2, []),
        ("火5", 2028, 2, [29]),
        ("火2 金4:4 6 8 10 12 2", 2026, 12, [8, 25]),
        ("火2 金4:4 6 8 10 12 2", 2026, 11, []),
        ("20140301 20140325", 2014, 3, [1, 25]),
    ],
)
def test_days_of_a_month_by_the_calendar(cell: str, year: int, month: int, expected: list[int]) -> None:
    assert days_in(pattern(cell), year, month) == expected


def test_the_first_thursday_is_the_second_where_the_plant_is_closed_on_new_year() -> None:
    stop = (date(2025, 12, 29), date(2026, 1, 3))
    assert days_in(pattern("木1 木3"), 2026, 1, stop) == [8, 22]
    assert days_in(pattern("木1 木3"), 2026, 1, stop, week_shift=False) == [15]
    assert days_in(pattern("木"), 2026, 1, stop) == [8, 15, 22, 29]
    assert days_in(pattern("水5"), 2025, 12, stop) == []
    assert days_in(pattern("20260101"), 2026, 1, stop) == [1]


def of_5374(
    weekday: int, nth: int | None, year: int, month: int, stop: tuple[date, date], *, shift: bool
) -> set[date]:
    """The rule as 5374.jp's script states it: from the first closed week of a month on, weeks are a week later."""
    first = date(year, month, 1)
    first += timedelta(days=(weekday - first.weekday()) % 7)
    found, later = set(), False
    for week in range(5):
        day = first + timedelta(weeks=week)
        if stop[0] <= day <= stop[1]:
            if not shift:
                continue
            later = True
        if later:
            day += timedelta(weeks=1)
        if day.month == month and (nth is None or week == nth - 1):
            found.add(day)
    return found


@given(
    weekday=st.integers(0, 6),
    nth=st.none() | st.integers(1, 5),
    year=st.integers(2014, 2034),
    month=st.integers(1, 12),
    start=st.integers(-6, 31),
    length=st.integers(1, 7),
    shift=st.booleans(),
)
def test_a_stop_of_up_to_a_week_shifts_as_5374_does(
    *, weekday: int, nth: int | None, year: int, month: int, start: int, length: int, shift: bool
) -> None:
    first = date(year, month, 1) + timedelta(days=start)
    stop = (first, first + timedelta(days=length - 1))
    found = Pattern(weekly=frozenset({weekday})) if nth is None else Pattern(nth=frozenset({(nth, weekday)}))
    ours = {date(year, month, day) for day in days_in(found, year, month, stop, week_shift=shift)}
    assert ours == of_5374(weekday, nth, year, month, stop, shift=shift)


@given(start=st.dates(date(2020, 1, 1), date(2030, 12, 31)), length=st.integers(0, 40), shift=st.booleans())
def test_nothing_is_collected_within_a_stop_however_long(start: date, length: int, *, shift: bool) -> None:
    stop = (start, start + timedelta(days=length))
    found = pattern("月 火1 水2 木3 金4 土5")
    for number in range(length + 1):
        assert not found.falls_on(start + timedelta(days=number), [stop], week_shift=shift)


def test_the_turn_of_the_year() -> None:
    moved = [
        Change(date(2026, 12, 31), "北", "燃やすごみ", date(2026, 12, 30), Named("振替です")),
        Change(date(2027, 1, 1), "南", "燃やすごみ", date(2027, 1, 4)),
        Change(date(2027, 1, 5), None, "資源物"),
    ]
    year = plan(*moved)
    first = date(2026, 12, 28)
    assert {
        str(day)[5:]: year.collections(day) for day in (first + timedelta(days=n) for n in range(12))
    } == {
        "12-28": {"北": ("燃やすごみ",)},
        "12-29": {"南": ("燃やすごみ",)},
        "12-30": {"北": ("燃やすごみ",)},
        "12-31": {},
        "01-01": {},
        "01-02": {},
        "01-03": {},
        "01-04": {"北": ("燃やすごみ",), "南": ("燃やすごみ",)},
        "01-05": {"南": ("燃やすごみ",)},
        "01-06": {},
        "01-07": {"北": ("燃やすごみ", "燃やさないごみ")},
        "01-08": {"南": ("燃やすごみ",)},
    }
    (told,) = year.collected("北", ["燃やすごみ"], date(2026, 12, 30))
    assert [remark.name for remark in told.remarks] == ["振替です"]
    (usual,) = year.collected("北", ["燃やすごみ"], date(2026, 12, 28))
    assert usual.remarks == ()


def test_a_change_of_everything_leaves_nothing_and_moves_everything() -> None:
    tuesday, friday = date(2026, 12, 1), date(2026, 12, 4)
    assert plan().collections(tuesday) == {"北": ("資源物",), "南": ("燃やすごみ",)}
    assert plan(Change(tuesday)).collections(tuesday) == {}
    moved = plan(Change(tuesday, to=friday))
    assert moved.collections(tuesday) == {}
    assert moved.collections(friday) == {"北": ("資源物",), "南": ("燃やすごみ",)}


changes = st.builds(
    Change,
    st.dates(date(2026, 12, 20), date(2027, 1, 12)),
    st.sampled_from([None, "北", "南"]),
    st.sampled_from([None, "燃やすごみ", "燃やさないごみ", "資源物"]),
    st.none() | st.dates(date(2026, 12, 20), date(2027, 1, 12)),
)


@given(made=st.lists(changes, max_size=5), shift=st.booleans())
def test_one_area_sees_of_the_town_what_is_its_own(made: list[Change], *, shift: bool) -> None:
    year = plan(*made, week_shift=shift)
    first, number = date(2026, 12, 15), 35
    for area in ("北", "南"):
        days = [first + timedelta(days=n) for n in range(number)]
        expected = [(day, found[area]) for day in days if area in (found := year.collections(day))]
        assert list(year.coming(area, first, number)) == expected
        for category in ("燃やすごみ", "燃やさないごみ"):
            soonest = next((day for day, names in expected if category in names), None)
            if soonest:
                assert year.next_day(area, category, first) == soonest


def test_what_is_not_collected_has_no_next_day() -> None:
    assert plan().next_day("南", "燃やさないごみ", date(2026, 12, 1)) is None
    assert plan().next_day("西", "燃やすごみ", date(2026, 12, 1)) is None
    assert plan().next_day("南", "資源物", date(2027, 1, 6)) is None


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def test_one_occurrence_an_evening_and_one_a_morning_for_the_whole_town() -> None:
    rule = GarbageDays(plan(), time(19), time(6, 30))
    found = list(occurrences(rule, at("2026-11-30T12:00"), at("2026-12-02T12:00")))
    assert [(f"{each.at:%m-%d %H:%M}", each.key, each.only, each.is_chosen) for each in found] == [
        ("11-30 19:00", "2026-12-01/evening", "garbage_time != morning", False),
        ("12-01 06:30", "2026-12-01/morning", "garbage_time = morning", True),
    ]
    evening = found[0].context
    assert (evening["date"], evening["when"], evening["days_left"]) == ("2026-12-01", "evening", "1")
    assert evening["deadline"] == "08:00"
    assert evening["areas"] == ["北", "南"]
    assert evening["collected"] == {
        "北": [
            {
                "name": "資源物",
                "labels": {"ja": "資源物"},
                "remarks": [{"ja": "びんは別の袋に", "en": "Bottles apart"}],
            }
        ],
        "南": [{"name": "燃やすごみ", "labels": {"ja": "燃やすごみ", "en": "Burnable"}, "remarks": []}],
    }
    assert in_words(rule) == "ごみの収集日の前の日の19:00・当日の06:30"


def test_where_there_is_one_time_everybody_gets_it() -> None:
    for rule, key in (
        (GarbageDays(plan(), time(19)), "evening"),
        (GarbageDays(plan(), None, time(7)), "morning"),
    ):
        following = next_occurrence(rule, at("2026-11-30T18:00"))
        assert following is not None
        assert (following.key, following.only, following.is_chosen) == (f"2026-12-01/{key}", "", False)


spans = st.lists(st.datetimes(datetime(2026, 12, 20), datetime(2027, 1, 15)), min_size=3, max_size=3).map(
    sorted
)


@given(spans, st.times(), st.times())
def test_a_span_cut_in_two_has_the_same_occurrences_each_once(
    span: list[datetime], evening: time, morning: time
) -> None:
    rule = GarbageDays(plan(), evening, morning)
    start, middle, end = (moment.replace(tzinfo=TOKYO) for moment in span)
    whole = list(occurrences(rule, start, end))
    assert whole == [*occurrences(rule, start, middle), *occurrences(rule, middle, end)]
    assert [each.at for each in whole] == sorted(each.at for each in whole)
    assert len({each.key for each in whole}) == len(whole)
    assert all(start < each.at <= end for each in whole)


def test_a_year_of_a_city_takes_less_than_some_seconds() -> None:
    cells = [pattern(cell) for cell in ("月 木", "火 金", "水2", "木1 木3", "火1 火3", "金", "水4:3 6 9 12")]
    names = [Named(f"分別{n}") for n in range(6)]
    areas = [
        Area(f"地区{n}", {name.name: cells[(n + k) % 7] for k, name in enumerate(names)}, NEW_YEAR)
        for n in range(2000)
    ]
    city = GarbagePlan(areas, names)
    started = clocks.process_time()
    total = sum(len(city.collections(date(2026, 4, 1) + timedelta(days=n))) for n in range(365))
    assert total > 300_000
    assert clocks.process_time() - started < 10
