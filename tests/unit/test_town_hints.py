"""Hints of `machi town check`: what will be a fault one day, or is hardly meant so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

from bot.domain.broadcasts import Priority
from bot.schedule.office import OfficeDays
from bot.schedule.rules import CalendarEntry, ChildAge, FromDates, OnDates, Rule, Weekly
from bot.town import load
from bot.town.hints import hints
from bot.town.model import Notice
from tests.unit.town_folders import KAHOKU

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
    urgent = replace(late, name="urgent", priority=Priority.URGENT)
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


def test_holidays_that_end_with_the_year() -> None:
    days = OfficeDays(holidays={2026: frozenset({date(2026, 1, 1)})})
    assert told(today="2026-11-30", office_days=days) == []
    assert "2027年の祝日がありません" in told(today="2026-12-01", office_days=days)[0]
    assert told(today="2026-12-01") == []
