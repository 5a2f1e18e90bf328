from __future__ import annotations

from datetime import date, time

import pytest

from bot.schedule.rules import ChildAge, Cron, FromDates, Monthly, OnDates, Rule, Weekly
from bot.schedule.wording import in_words

NINE = time(9)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (OnDates((date(2026, 11, 24), date(2027, 1, 5)), NINE), "2026-11-24・2027-01-05 09:00"),
        (Weekly(frozenset({4, 1}), NINE), "毎週火・金曜 09:00"),
        (Monthly(NINE, (1, -1), ((2, 1),)), "毎月1日・末日・第2火曜 09:00"),
        (Cron("0 9 * * 1"), "cron 0 9 * * 1"),
        (FromDates((), (-7, 0, 3), NINE), "期日の7日前・当日・3日後 09:00"),
        (ChildAge((4, 18), 1, NINE), "4・18か月になる月の1日 09:00"),
    ],
)
def test_each_rule_is_told_in_words(rule: Rule, words: str) -> None:
    assert in_words(rule) == words
