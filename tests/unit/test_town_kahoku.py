"""The bundled town is without fault, and says what a town's folder has to say."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bot.broadcasts.notices import Coming, due, fill
from bot.domain.clock import TOKYO
from bot.domain.residents import Fact
from bot.schedule.office import OfficeDays
from bot.town import check, load, notice_segment, town_variables, vocabulary
from bot.town.calendars import read_calendar
from bot.town.faults import Faults
from bot.town.model import Town
from bot.town.profile import check_digit
from tests.unit.town_folders import KAHOKU

FROM = datetime(2026, 11, 23, tzinfo=TOKYO)
UNTIL = datetime(2027, 11, 23, tzinfo=TOKYO)


@pytest.fixture(scope="module")
def town() -> Town:
    return load(KAHOKU)


@pytest.fixture(scope="module")
def year(town: Town) -> list[Coming]:
    return [fill(notice, occurrence, town) for notice, occurrence in due(town, FROM, UNTIL)]


def test_kahoku_has_no_fault() -> None:
    assert check(KAHOKU) == []


def test_kahoku_has_the_names_that_residents_and_staff_rely_on(town: Town) -> None:
    words = town.vocabulary()
    assert words["district"] == ("谷地中部", "谷地南部", "谷地西部", "西里", "溝延", "北谷地")
    assert words["tax"] == (
        "固定資産税",
        "軽自動車税",
        "町県民税",
        "国民健康保険税",
        "介護保険料",
        "後期高齢者医療保険料",
    )
    assert words["topic"] == ("childcare", "disaster", "bus", "tax", "garbage", "events")
    assert "河北町役場前" in words["bus_stop"]
    assert "谷地A" in words["garbage_area"]
    assert [town.topics[number].choice.label("ja") for number in range(4)] == ["子育て", "防災", "バス", "税"]
    assert town.reading == "かほくちょう"


def test_it_is_quiet_from_nine_in_the_evening_to_seven_in_the_morning(town: Town) -> None:
    assert str(town.quiet_hours) == "21:00〜07:00"


def test_its_shelters_are_told_apart_by_hazard(town: Town) -> None:
    assert len(town.shelters) == 78
    fit = {hazard: sum(hazard in s.hazards for s in town.shelters) for hazard in ("洪水", "地震")}
    assert fit == {"洪水": 53, "地震": 78}
    assert sum("崖崩れ、土石流及び地滑り" in shelter.hazards for shelter in town.shelters) == 9


def test_the_check_digit_of_a_municipality_code() -> None:
    assert [check_digit(jis) for jis in ("06321", "13101", "09201", "01100")] == ["5", "6", "1", "2"]


@pytest.mark.parametrize(
    ("base", "due"),
    [
        ("2026-05-31", "2026-06-01"),
        ("2026-06-30", "2026-06-30"),
        ("2026-10-31", "2026-11-02"),
        ("2026-12-31", "2027-01-04"),
        ("2027-01-31", "2027-02-01"),
        ("2027-02-28", "2027-03-01"),
    ],
)
def test_a_due_date_moves_to_the_next_open_day(tmp_path, base: str, due: str) -> None:
    file = tmp_path / "tax.csv"
    file.write_text(
        f"tax,fiscal_year,period,base_date,due_date\n固定資産税,2026,全期,{base},\n", encoding="utf-8"
    )
    faults = Faults("tax.csv")
    (entry,) = read_calendar(file, faults, ["固定資産税"], OfficeDays())
    assert faults.found == []
    assert (entry.day, entry.key) == (date.fromisoformat(due), "固定資産税/2026/全期")
    assert (entry.context["base_date"], entry.context["due_date"]) == (base, due)


def test_a_due_date_that_is_written_stands(tmp_path) -> None:
    file = tmp_path / "tax.csv"
    file.write_text(
        "tax,fiscal_year,period,base_date,due_date\n町県民税,2026,4,2027-01-31,2027-02-05\n", encoding="utf-8"
    )
    (entry,) = read_calendar(file, Faults("tax.csv"), None, OfficeDays())
    assert (entry.day, entry.context["period_name"]) == (date(2027, 2, 5), "第4期")


def test_every_tax_is_told_thrice_before_every_due_date_of_the_year(town: Town, year: list[Coming]) -> None:
    told: dict[tuple[str, str], list[str]] = {}
    for item in year:
        if item.notice.name == "tax-due":
            key = (item.context["tax"], item.context["due_date"])
            told.setdefault(key, []).append(item.context["days_left"])
            assert item.context["base_date"] <= item.context["due_date"]
            assert OfficeDays().is_open(date.fromisoformat(item.context["due_date"]))
            assert item.segment == f"topic = tax and tax = {item.context['tax']}"
    assert {tax for tax, _ in told} == set(town.vocabulary()["tax"])
    complete = [days for (_, due), days in told.items() if due >= "2026-12-01" and due <= "2027-11-22"]
    assert len(complete) == 29
    assert all(days == ["7", "1", "0"] for days in complete)


def test_every_notice_has_something_to_send_within_a_year(town: Town, year: list[Coming]) -> None:
    assert {item.notice.name for item in year} == {notice.name for notice in town.notices}
    assert 8 <= len(town.notices) <= 15


def test_a_health_check_is_for_the_children_of_that_age(year: list[Coming]) -> None:
    december = next(item for item in year if item.notice.name == "health-check-4-months")
    assert (december.at.date(), december.context["birth_month"]) == (date(2026, 12, 1), "2026-08")
    assert december.segment == "topic = childcare and child.birth_month = 2026-08"


def test_a_session_is_for_the_children_of_its_months_three_weeks_and_a_day_before(year: list[Coming]) -> None:
    sessions = [item for item in year if item.notice.name == "health-sessions"]
    told = [(str(item.at.date()), item.title) for item in sessions[:3]]
    assert told == [
        ("2026-11-24", "1歳6か月児健診のお知らせ"),
        ("2026-12-14", "1歳6か月児健診のお知らせ"),
        ("2026-12-29", "3歳児健診のお知らせ"),
    ]
    assert sessions[0].segment == "topic = childcare and child.birth_month between 2025-05 and 2025-06"


def test_taxes_stands_for_every_tax_of_the_town(town: Town) -> None:
    notice = next(notice for notice in town.notices if notice.name == "tax-due")
    every = type(notice)(
        name="every",
        title="x",
        template=notice.template,
        segment="tax in ({taxes})",
        rule=notice.rule,
        grace=notice.grace,
    )
    assert notice_segment(town, every, {}) == f"tax in ({', '.join(town.vocabulary()['tax'])})"


def test_residents_words_for_topics_are_offered_as_hints(town: Town) -> None:
    assert vocabulary(town).hint("topic", "子育て").suggestion == "childcare"


def test_a_stop_named_as_its_district_keeps_the_labels_of_both(town: Town) -> None:
    assert {fact for fact in (Fact.DISTRICT, Fact.BUS_STOP) if "溝延" in town.vocabulary()[fact]} == {
        Fact.DISTRICT,
        Fact.BUS_STOP,
    }
    assert town_variables(town)["labels"]["溝延"] == {"ja-easy": "溝延(みぞのべ)", "en": "Mizonobe"}
