"""Hints of `machi town check`: what will be a fault one day, or is hardly meant so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

from bot.domain.broadcasts import Priority
from bot.schedule.office import OfficeDays, known_holidays
from bot.schedule.rules import CalendarEntry, ChildAge, Cron, FromDates, OnDates, Rule, Weekly
from bot.town import load
from bot.town.hints import hints
from bot.town.model import Notice
from tests.unit.town_folders import KAHOKU, copied

TOWN = load(KAHOKU)
NINE = time(9)


def told(*notices: Notice, today: str = "2026-11-24", **changes: object) -> list[str]:
    return list(hints(replace(TOWN, notices=notices, **changes), date.fromisoformat(today)))  # type: ignore[arg-type]


def notice(name: str, rule: Rule, segment: str = "all") -> Notice:
    return Notice(name, name, "announcement", segment, rule, timedelta(hours=6))


def test_the_towns_own_folder_has_none_in_its_year() -> None:
    assert told(*TOWN.notices) == []


def test_dates_that_are_over_and_calendars_that_end() -> None:
    past = notice("past", OnDates((date(2026, 11, 23), date(2025, 1, 1)), NINE))
    current = notice("current", OnDates((date(2026, 11, 24),), NINE))
    ending = notice("ending", FromDates((CalendarEntry(date(2026, 12, 23), "a"),), (0,), NINE))
    lasting = notice("lasting", FromDates((CalendarEntry(date(2026, 12, 24), "a"),), (0,), NINE))
    found = told(past, current, ending, lasting)
    assert len(found) == 2
    assert "「past」の日付はすべて過ぎています" in found[0]
    assert "「ending」のカレンダーは 2026-12-23 で終わります" in found[1]


def test_what_speaks_of_a_day_and_leaves_after_the_digest() -> None:
    entries = (CalendarEntry(date(2027, 2, 1), "a"),)
    late = notice("late", FromDates(entries, (-1, 0), time(18, 30)))
    urgent = replace(late, name="urgent", priority=Priority.URGENT, segment="topic = tax")
    in_time = notice("in-time", FromDates(entries, (-1, 0), time(18)))
    any_day = notice("any-day", Weekly(frozenset({0}), time(19)))
    bound = replace(any_day, name="bound", until="date", segment="topic = bus")
    found = told(late, urgent, in_time, any_day, bound)
    assert [hint[:14] for hint in found] == ["お知らせ「late」は 18", "お知らせ「bound」は 1"]
    assert "まとめ(18:00)に入れません" in found[0]
    assert told(late, bound, overload=None) == []


def test_ages_that_brothers_and_sisters_hear_of_apart() -> None:
    apart = notice("apart", ChildAge((4, 9), 1, NINE))
    together = notice("together", ChildAge((4, 9), 1, NINE, together=True), "topic = bus")
    one = notice("one", ChildAge((4,), 1, NINE))
    (found,) = told(apart, together, one)
    assert "「apart」は月齢ごとに別" in found
    assert "{birth_months}" in found


def test_two_notices_that_say_the_same() -> None:
    rule = Weekly(frozenset({0}), NINE)
    found = told(notice("a", rule), notice("b", rule), notice("c", rule, "topic = bus"))
    assert found == ["お知らせ「a」と「b」は、同じ人に同じことを同じときに送ります。"]


def test_the_same_is_the_same_however_it_is_written() -> None:
    rule = Weekly(frozenset({0}), NINE)
    context = {"heading": "見出し", "body": "本文"}
    a = replace(notice("a", rule, "topic = bus"), context=context)
    ways = [
        replace(a, name="spaces", segment="topic=bus"),
        replace(a, name="lasting", grace=timedelta(days=2), priority=Priority.URGENT, title="題名"),
        replace(a, name="cron", rule=Cron("0 9 * * mon")),
    ]
    for other in ways:
        assert told(a, other) == [
            f"お知らせ「a」と「{other.name}」は、同じ人に同じことを同じときに送ります。"
        ]
    assert told(a, replace(a, name="b", context={**context, "body": "ほか"})) == []
    assert told(a, replace(a, name="b", rule=Weekly(frozenset({0}), time(10)))) == []


def test_holidays_that_end_with_the_year() -> None:
    days = OfficeDays(holidays={2026: frozenset(known_holidays(2026))})
    assert told(today="2026-11-30", office_days=days) == []
    assert "2027年の祝日がありません" in told(today="2026-12-01", office_days=days)[0]
    assert told(today="2026-12-01") == []
    beyond = notice("beyond", FromDates((CalendarEntry(date(2028, 5, 1), "a"),), (0,), NINE))
    (found,) = told(beyond, today="2026-04-01", office_days=days)
    assert "2028年の祝日がありません" in found


def test_holidays_that_differ_from_what_the_library_knows() -> None:
    listed = {*known_holidays(2026), date(2026, 6, 30)} - {date(2026, 11, 23), date(2026, 5, 4)}
    past = {2025: frozenset[date]()}
    missing, unknown = told(office_days=OfficeDays(holidays={**past, 2026: frozenset(listed)}))
    assert "2026-05-04(みどりの日)、2026-11-23(勤労感謝の日) がありません" in missing
    assert "2026-06-30 は、プログラムの知る祝日ではありません" in unknown


def test_garbage_over_the_new_year_and_changes_and_events_that_are_over(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert told(today="2027-04-01", garbage=load(folder).garbage) == []
    (folder / "garbage" / "center.csv").write_text(
        "名称,休止開始日,休止終了日\n例の処理センター,2015/12/29,2016/01/03\n", "utf-8"
    )
    garbage = load(folder).garbage
    found = told(today="2027-09-01", garbage=garbage)
    assert "谷地A、谷地B、西里・北谷地 など4地区では、2027-12-31から2028-01-03まで" in found[0]
    assert "changes.csv の休止と振替はすべて過ぎています" in found[1]
    assert "催しはすべて過ぎています" in told(today="2035-01-01", garbage=None)[0]
    assert told(today="2026-12-01", garbage=garbage) == []  # the change of that year's end says all
