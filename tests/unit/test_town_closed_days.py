"""The office's closed days, and the Cabinet Office's list of holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.broadcasts.notices import fill
from bot.domain.clock import TOKYO
from bot.domain.errors import TownFaultsError
from bot.schedule.occurrences import occurrences
from bot.town import check, load
from tests.unit.town_folders import copied, replaced

HEADER = "国民の祝日・休日月日,国民の祝日・休日名称\n"


def listed(year: int, *days: str) -> str:
    """A year of the list with these days, filled up to a plausible number."""
    rows = [f"{year}/{day},祝日\n" for day in days]
    return HEADER + "".join([*rows, *(f"{year}/1/{number},祝日\n" for number in range(1, 16 - len(days)))])


def test_the_towns_own_closed_days_count_for_its_notices_but_not_for_due_dates(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        file.write('\n[closed_days]\ndates = ["2026-12-25", "2026-11-30"]\n')
    town = load(folder)
    assert not town.office_days.is_open(date(2026, 12, 25))
    tax = next(notice.rule for notice in town.notices if notice.name == "tax-due")
    assert date(2026, 11, 30) in {entry.day for entry in tax.entries}  # type: ignore[union-attr]


def test_the_cabinet_offices_list_counts_for_its_years_alone(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = listed(2026, "6/30")  # a holiday that the library does not know, and none of its own
    (folder / "holidays.csv").write_bytes(text.encode("cp932"))
    town = load(folder)
    assert not town.office_days.is_open(date(2026, 6, 30))
    assert town.office_days.is_open(date(2026, 11, 3))
    assert not town.office_days.is_open(date(2027, 11, 3))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + "2026/1/1,元日\n", "2026年の祝日が1日しかありません"),
        (HEADER + "あした,元日\n", "「あした」は日付ではありません"),
        ("", "見出しの行がありません"),
    ],
)
def test_a_list_that_is_not_whole_is_a_fault(tmp_path: Path, text: str, words: str) -> None:
    folder = copied(tmp_path)
    (folder / "holidays.csv").write_text(text, "utf-8")
    with pytest.raises(TownFaultsError) as caught:
        load(folder)
    assert any(words in fault.message for fault in caught.value.faults if fault.file == "holidays.csv")


def test_an_allowance_is_paid_on_the_open_day_before(tmp_path: Path) -> None:

    allowance = next(notice for notice in load(copied(tmp_path)).notices if notice.name == "child-allowance")
    span = datetime(2026, 10, 1, tzinfo=TOKYO), datetime(2027, 4, 30, tzinfo=TOKYO)
    days = [occurrence.context["date"] for occurrence in occurrences(allowance.rule, *span)]
    assert days == ["2026-10-09", "2026-12-10", "2027-02-10", "2027-04-09"]


@pytest.mark.parametrize(
    ("day", "oldest", "youngest"),
    [
        ("2026-04-10", "2007-04", "2026-02"),  # for February and March: the last of those born by March 2008
        ("2026-06-10", "2008-04", "2026-04"),
        ("2027-06-10", "2009-04", "2027-04"),
    ],
)
def test_an_allowance_is_for_the_months_before_up_to_the_end_of_the_school_year_of_18(
    tmp_path: Path, day: str, oldest: str, youngest: str
) -> None:
    town = load(copied(tmp_path))
    notice = next(notice for notice in town.notices if notice.name == "child-allowance")
    at = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=TOKYO)
    (occurrence,) = occurrences(notice.rule, at - timedelta(days=5), at + timedelta(days=2))
    segment = fill(notice, occurrence, town).segment
    assert segment == f"topic = childcare and child.birth_month between {oldest} and {youngest}"


@pytest.mark.parametrize(
    ("born", "fault"),
    [
        ('from = "0m", until = "大4"', "年齢ではありません"),
        ('from = "5m", until = "2m"', "より前です"),
        ('from = "0m", until = "高3", months_ago = 13', "0〜12"),
        ('from = "0m", until = "高3", month_ago = 1', "months_ago"),
    ],
)
def test_which_children_a_notice_is_about_is_checked(tmp_path: Path, born: str, fault: str) -> None:
    folder = copied(tmp_path)
    replaced(folder, "notices.toml", 'from = "0m", until = "高3", months_ago = 2', born)
    assert [fault in each.message for each in check(folder)][:1] == [True]
