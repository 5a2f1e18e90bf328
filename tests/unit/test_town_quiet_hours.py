"""A town sets its quiet hours; a notice that would have to wait for their end is told."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from bot.domain.errors import Fault, TownFaultsError
from bot.domain.quiet_hours import QuietHours
from bot.town import check, load
from tests.unit.town_folders import copied, replaced

TOWN, NOTICES = "town.toml", "notices.toml"
NIGHT = QuietHours(time(21), time(7))
TABLE = 'from = "21:00"\nto = "07:00"\n'
WAITS = "まで届きません"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def without_the_table(folder: Path) -> None:
    text = (folder / TOWN).read_text("utf-8")
    start, end = text.index("[quiet_hours]"), text.index(TABLE) + len(TABLE)
    (folder / TOWN).write_text(text[:start] + text[end:], "utf-8")


def held(folder: Path) -> list[Fault]:
    """The notices of a folder without other faults that would wait; they keep the service from starting."""
    found: list[Fault] = []
    try:
        load(folder)
    except TownFaultsError as error:
        found = error.faults
    assert all(WAITS in fault.message for fault in found), found
    return found


def with_rule(folder: Path, rule: str, priority: str = "normal") -> int:
    """Give the notice of the weekend's events another rule; the line where the rule begins."""
    old = 'cron = "0 12 * * fri"\ngrace = "6h"\n'
    return replaced(folder, NOTICES, old, f'priority = "{priority}"\n{rule}\n') + 1


def test_the_night_is_quiet_where_a_town_sets_nothing(folder: Path) -> None:
    without_the_table(folder)
    assert load(folder).quiet_hours == NIGHT


def test_a_town_sets_its_own(folder: Path) -> None:
    replaced(folder, TOWN, TABLE, 'from = "12:30"\nto = 13:15:00\n')
    assert load(folder).quiet_hours == QuietHours(time(12, 30), time(13, 15))


def test_a_town_may_have_none(folder: Path) -> None:
    replaced(folder, TOWN, TABLE, "off = true\n")
    assert load(folder).quiet_hours is None


def test_quiet_hours_that_are_not_off_are_on(folder: Path) -> None:
    replaced(folder, TOWN, TABLE, f"off = false\n{TABLE}")
    assert load(folder).quiet_hours == NIGHT


@pytest.mark.parametrize(
    ("table", "wrong", "words"),
    [
        ('from = "9時"\nto = "07:00"\n', 1, "「from」は時刻を"),
        ('from = "21:00"\nto = "24:00"\n', 2, "「to」は時刻を"),
        ('from = "21:00"\nto = 7\n', 2, "「to」は時刻を"),
        ('from = "21:00"\nto = "21:00"\n', 2, "同じ時刻です"),
        ('from = "21:00"\nto = 21:00:00\n', 2, "同じ時刻です"),
        ('from = "21:00"\nto = "07:00"\nuntil = "08:00"\n', 3, "「until」という項目はありません"),
        ('from = "21:00"\ntoo = "07:00"\n', 2, "「to」ではありませんか"),
        ('from = "21:00"\n', 0, "「to」がありません"),
        ('to = "07:00"\n', 0, "「from」がありません"),
        ('off = true\nfrom = "21:00"\n', 2, "「from」を書けません"),
        ('to = "07:00"\noff = true\n', 1, "「to」を書けません"),
        ("off = true\nuntil = 7\n", 2, "「until」という項目はありません"),
        ('off = "yes"\nfrom = "21:00"\nto = "07:00"\n', 1, "true か false"),
        ('off = 1\nfrom = "21:00"\nto = "07:00"\n', 1, "true か false"),
    ],
)
def test_a_fault_of_the_quiet_hours_is_told_at_its_line(
    folder: Path, table: str, wrong: int, words: str
) -> None:
    header = replaced(folder, TOWN, TABLE, table) - 1
    found = [fault.line for fault in check(folder) if fault.file == TOWN and words in fault.message]
    assert found == [header + wrong]


def test_both_times_beside_off_are_told(folder: Path) -> None:
    header = replaced(folder, TOWN, TABLE, f"{TABLE}off = true\n") - 1
    assert [(fault.file, fault.line) for fault in check(folder)] == [(TOWN, header + 1), (TOWN, header + 2)]


def test_quiet_hours_that_are_no_table_are_told(folder: Path) -> None:
    without_the_table(folder)
    line = replaced(folder, TOWN, "[codes]", 'quiet_hours = "21:00"\n[codes]')
    assert f"{TOWN}:{line}: 「quiet_hours」は表で書いてください(いまは '21:00')。" in map(str, check(folder))


RULES = [
    ('weekly = { days = ["fri"], time = "CLOCK" }', 0),
    ('[notices.weekly]\ndays = ["fri"]\ntime = "CLOCK"', 2),
    ('monthly = { days = [1], time = "CLOCK" }', 0),
    ('child_age = { months = [4], time = "CLOCK" }', 0),
    ('days_before = { calendar = "tax_calendar.csv", days = [1], time = "CLOCK" }', 0),
    ('dates = ["2027-01-01"]\ntime = "CLOCK"', 1),
    ('cron = "MINUTE HOUR * * fri"', 0),
]


def at(rule: str, clock: str) -> str:
    hour, minute = clock.split(":")
    return rule.replace("CLOCK", clock).replace("HOUR", hour).replace("MINUTE", minute)


@pytest.mark.parametrize("clock", ["21:00", "23:59", "00:00", "06:59"])
@pytest.mark.parametrize(("rule", "below"), RULES)
def test_a_notice_that_would_wait_is_told_at_the_line_of_its_time(
    folder: Path, rule: str, below: int, clock: str
) -> None:
    line = with_rule(folder, at(rule, clock)) + below
    (fault,) = held(folder)
    assert (fault.file, fault.line) == (NOTICES, line)
    assert fault.message.startswith(f"{clock} は配信を控える時間(21:00〜07:00)なので、07:00 {WAITS}。")
    assert 'priority = "urgent"' in fault.message


@pytest.mark.parametrize(("rule", "_below"), RULES)
def test_a_notice_outside_the_quiet_hours_or_one_that_does_not_wait_is_fine(
    folder: Path, rule: str, _below: int
) -> None:
    original = (folder / NOTICES).read_text("utf-8")
    for clock, priority in [
        ("07:00", "normal"),
        ("20:59", "normal"),
        ("03:00", "urgent"),
        ("03:00", "emergency"),
    ]:
        (folder / NOTICES).write_text(original, "utf-8")
        with_rule(folder, at(rule, clock), priority)
        assert held(folder) == []


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("*/30 * * * *", "00:00"),
        ("0 9-21/3 * * *", "21:00"),
        ("59 6,12 1 * *", "06:59"),
        ("30 20,22 * * fri", "22:30"),
        ("0 7-20 * * *", None),
        ("*/5 12 29 2 *", None),
        ("0 */7 * * *", "00:00"),
    ],
)
def test_every_time_of_a_cron_is_tried(folder: Path, expression: str, first: str | None) -> None:
    with_rule(folder, f'cron = "{expression}"')
    assert [fault.message[:5] for fault in held(folder)] == ([first] if first else [])


def test_a_notice_at_noon_is_told_where_noon_is_quiet(folder: Path) -> None:
    replaced(folder, TOWN, TABLE, 'from = "12:00"\nto = "12:01"\n')
    found = held(folder)
    noon = 'time = "12:00"', 'cron = "0 12 * * fri"'
    lines = (folder / NOTICES).read_text("utf-8").splitlines()
    assert [fault.line for fault in found] == [n for n, line in enumerate(lines, 1) if line in noon]
    assert all("控える時間(12:00〜12:01)なので、12:01 まで" in fault.message for fault in found)
    assert len(found) == 2


def test_any_time_is_fine_where_there_are_no_quiet_hours(folder: Path) -> None:
    replaced(folder, TOWN, TABLE, "off = true\n")
    with_rule(folder, 'cron = "* * * * *"')
    assert check(folder) == []


@pytest.mark.parametrize(
    "rule",
    [
        'weekly = { days = ["fri"], time = "9:00" }',
        'weekly = { days = ["fri"] }',
        "weekly = 3",
        'dates = ["2027-01-01"]',
        'dates = ["2027-01-01"]\ntime = "9時"',
        'time = "09:00"',
        "",
        'cron = "0 25 * * *"',
        'cron = ""',
        "cron = 5",
    ],
)
def test_a_time_that_cannot_be_read_is_no_time_in_the_night(folder: Path, rule: str) -> None:
    with_rule(folder, rule)
    found = check(folder)
    assert found
    assert not any(WAITS in fault.message for fault in found)


def test_a_fault_of_another_line_does_not_hide_the_notice_that_waits(folder: Path) -> None:
    grace = replaced(folder, NOTICES, 'useful_until = "date"', 'grace = "9時間"')
    line = with_rule(folder, 'cron = "0 22 * * fri"')
    found = check(folder)
    assert [fault.line for fault in found] == [grace, line]
    assert WAITS in found[1].message
