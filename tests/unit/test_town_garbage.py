"""5374.jp's files are read as they are; dirt is read where it has one meaning, and told where it has none."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidInputError
from bot.domain.residents import Fact
from bot.schedule.garbage import Pattern
from bot.town import check, load, roster
from bot.town.faults import Faults
from bot.town.garbage import read_garbage
from bot.town.garbage_days import read_cell
from bot.town.model import Garbage
from tests.unit.town_folders import PROJECT, copied, replaced

REAL = PROJECT / "tests" / "data" / "gomi_5374"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(REAL, tmp_path / "garbage")
    return tmp_path


def read(folder: Path, *, week_shift: bool = True) -> tuple[Garbage, list[str]]:
    notes: dict[str, Faults] = {}
    found = read_garbage(
        folder, lambda file: notes.setdefault(file, Faults(file)), week_shift=week_shift, deadline=time(8)
    )
    return found, [str(fault) for note in notes.values() for fault in note.found]


def test_the_real_files_are_read_without_fault(folder: Path) -> None:
    garbage, faults = read(folder)
    assert faults == []
    assert [area.name for area in garbage.plan.areas] == ["片町"]
    assert list(garbage.plan.categories) == ["燃やすごみ", "燃やさないごみ", "資源", "びん"]
    assert [(item.name.name, item.category) for item in garbage.items] == [
        ("IHクッキングヒーター", "燃やさないごみ"),
        ("アイスクリームのカップ容器(プラスチック）", "資源"),
        ("アイスノン", "燃やすごみ"),
        ("一升びん", "びん"),
    ]
    assert garbage.items[1].notice.name == "紙製のものは燃やすごみ"


def test_collections_of_the_real_area_on_days_checked_by_hand(folder: Path) -> None:
    plan = read(folder)[0].plan

    def collected(first: date, number: int) -> dict[str, tuple[str, ...]]:
        days = (first + timedelta(days=n) for n in range(number))
        return {f"{day:%m-%d}": found["片町"] for day in days if (found := plan.collections(day))}

    assert collected(date(2015, 11, 30), 17) == {  # 2015-11-30 is a Monday
        "11-30": ("燃やすごみ",),
        "12-01": ("資源",),
        "12-03": ("燃やすごみ",),
        "12-07": ("燃やすごみ",),
        "12-09": ("燃やさないごみ",),
        "12-10": ("燃やすごみ",),
        "12-14": ("燃やすごみ",),
        "12-15": ("資源",),
    }
    assert collected(date(2015, 12, 23), 31) == {
        "12-23": ("びん",),
        "12-24": ("燃やすごみ",),
        "12-28": ("燃やすごみ",),
        # the plant is closed from December 29 to January 3: no Thursday's burnables on 12-31
        "01-04": ("燃やすごみ",),
        "01-05": ("資源",),
        "01-07": ("燃やすごみ",),
        "01-11": ("燃やすごみ",),
        "01-13": ("燃やさないごみ",),
        "01-14": ("燃やすごみ",),
        "01-18": ("燃やすごみ",),
        "01-19": ("資源",),
        "01-21": ("燃やすごみ",),
    }


def test_a_plant_without_a_row_and_a_file_that_is_gone_are_told(folder: Path) -> None:
    (folder / "garbage" / "center.csv").unlink()
    _, faults = read(folder)
    assert faults == [
        "garbage/area_days.csv:2: センター「東部管理センター」は center.csv にありません。休止の日が分かりません。"
    ]


def test_what_can_be_understood_beside_a_fault_is_used(folder: Path) -> None:
    file = folder / "garbage" / "area_days.csv"
    file.write_text(file.read_text("utf-8").replace("月 木,水2", "　月　管路 木 ,２水"), "utf-8")
    garbage, faults = read(folder)
    (fault,) = faults
    assert fault == (
        "garbage/area_days.csv:2: 「燃やすごみ」の「管路」を読めません。"
        "月 木、水2(第2水曜)、20261231 のように書いてください。"
    )
    patterns = garbage.plan.areas[0].patterns
    assert patterns["燃やすごみ"].weekly == {0, 3}
    assert patterns["燃やさないごみ"].nth == {(2, 2)}


@pytest.mark.parametrize(
    ("cell", "clean"),
    [
        ("２土", "土2"),
        ("第2・第4土曜日", "土2 土4"),
        ("第1・3火曜", "火1 火3"),
        ("火1・3", "火1 火3"),
        ("火1・3水", "火1 水3"),
        ("月木", "月 木"),
        ("火1火3", "火1 火3"),
        ("毎週 月曜日、木曜日", "月 木"),
        ("  水２\u3000\u3000水４ ", "水2 水4"),
        ("火2 金4：4 6 8", "火2 金4:4 6 8"),
        ("火2:4月、6月", "火2:4 6"),
        ("水4:3 6 *1", "水4 *1:3 6"),
        ("＊1 月", "月 *1"),
        ("－", ""),
        ("なし", ""),
    ],
)
def test_dirt_with_one_meaning_is_read_as_what_it_means(cell: str, clean: str) -> None:
    assert read_cell(cell) == read_cell(clean)
    assert read_cell(clean)[1] == []


@pytest.mark.parametrize(
    "cell",
    ["管路", "水6", "水0", "2", "土2日", "火2土", "20260230", "19991231", "2026", "月:13", "月:", "月:4-6", "*", "火1 3",
     "月 2026-12-31", "水2:4:6", "Mon", "祝日を除く月", "隔週水"],
)  # fmt: skip
def test_dirt_that_leaves_a_day_unsure_is_told(cell: str) -> None:
    assert read_cell(cell)[1]


weekdays = st.sampled_from("月火水木金土日")
weekly = st.sets(weekdays, max_size=7)
nth = st.sets(st.tuples(weekdays, st.integers(1, 5)), max_size=4)
dates = st.sets(st.dates(date(2000, 1, 1), date(2099, 12, 31)), max_size=3)
remarks = st.lists(st.integers(1, 99), unique=True, max_size=2)
gaps = st.sampled_from([" ", "  ", "\u3000", "・", "、", " , "])
widths = st.sampled_from(
    [str, lambda text: text.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789*:"})]
)


@given(
    weekly=weekly,
    nth=nth,
    dates=dates,
    remarks=remarks,
    months=st.sets(st.integers(1, 12)),
    gap=gaps,
    widen=widths,
    chance=st.randoms(),
)
def test_a_pattern_is_read_back_however_it_is_spaced(
    *,
    weekly: set[str],
    nth: set[tuple[str, int]],
    dates: set[date],
    remarks: list[int],
    months: set[int],
    gap: str,
    widen: Callable[[str], str],
    chance: random.Random,
) -> None:
    tokens = [*weekly, *(f"{day}{n}" for day, n in nth), *(f"{day:%Y%m%d}" for day in dates)]
    chance.shuffle(tokens)
    cell = gap.join([*tokens, *(f"*{n}" for n in remarks)])
    cell += f":{' '.join(map(str, sorted(months)))}" if months else ""
    found, wrong = read_cell(widen(cell))
    assert wrong == []
    assert found == Pattern(
        frozenset("月火水木金土日".index(day) for day in weekly),
        frozenset((n, "月火水木金土日".index(day)) for day, n in nth),
        frozenset(months or range(1, 13)),
        frozenset(dates),
        tuple(map(str, remarks)),
    )


@given(st.one_of(st.text(max_size=20), st.text("月火水木金土日第曜12345:*・、 　0", max_size=12)))
def test_any_cell_is_read_or_told(cell: str) -> None:
    found, wrong = read_cell(cell)
    assert all(0 <= weekday < 7 and 1 <= number <= 5 for number, weekday in found.nth)
    assert all(wrong)


@given(st.text("月火水木金土日第12345*・、 　0管路abc", min_size=1, max_size=12))
def test_no_letter_vanishes(cell: str) -> None:
    """What is neither read nor told is only a separator, or a word such as 第."""
    found, wrong = read_cell(cell)
    if found == Pattern() and not wrong:
        assert not set(cell) & set("月火水木金土日管路abc")


def test_a_town_may_keep_nth_weekdays_in_their_week(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    thursday = date(2028, 1, 6)
    town = load(folder)
    assert town.garbage is not None
    assert "もやせないごみ" in town.garbage.plan.collections(thursday)["西里・北谷地"]
    replaced(folder, "garbage/center.csv", "2027/12/31,2028/01/03", "2027/12/31,2028/01/06")
    shifted = load(folder).garbage
    assert shifted is not None
    assert shifted.plan.collections(date(2028, 1, 13))["西里・北谷地"] == ("もやせるごみ", "もやせないごみ")
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        file.write('\n[garbage]\nweek_shift = false\ndeadline = "07:30"\n')
    kept = load(folder).garbage
    assert kept is not None
    assert kept.plan.collections(date(2028, 1, 13))["西里・北谷地"] == ("もやせるごみ",)
    assert kept.plan.deadline == time(7, 30)


def test_files_beside_the_days_may_be_missing(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for name in ("description", "target", "changes"):
        (folder / "garbage" / f"{name}.csv").unlink()
    assert check(folder) == []


def test_a_town_whose_residents_have_nothing_to_choose_does_not_offer_it(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert load(folder).garbage_rule is not None
    replaced(folder, "notices.toml", ', morning = "06:30"', "")
    town = load(folder)
    assert town.garbage_rule is None
    assert town.vocabulary()[Fact.GARBAGE_TIME] == ("evening", "morning")


def test_the_time_is_imported_and_exported(tmp_path: Path) -> None:
    town, user_id = load(copied(tmp_path)), "U" + "a" * 32
    line = f'{{"user_id": "{user_id}", "garbage_area": "谷地A", "garbage_time": "morning"}}'
    ((_, change),) = roster.read([line], town)
    resident = change(None)
    assert resident.values(Fact.GARBAGE_TIME) == ("morning",)
    assert roster.record(resident)["garbage_time"] == "morning"
    with pytest.raises(InvalidInputError, match="「garbage_time」の「noon」はありません"):
        roster.read([line.replace("morning", "noon")], town)


def test_a_notice_of_garbage_without_its_files_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replaced(folder, "town.toml", 'asks = "garbage_area"\n', "")
    shutil.rmtree(folder / "garbage")
    assert any("garbage/area_days.csv がありません" in fault.message for fault in check(folder))
