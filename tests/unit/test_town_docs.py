"""docs/town-folder.ja.md says what the program does: its blocks are one folder without fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.domain.broadcasts import Priority
from bot.news.sorting import MOST_AT_ONCE, TOO_OLD
from bot.town import check, load, notice_rules
from bot.town.news import EVERY_MINUTES, HOWS
from bot.town.notice_rules import KEYS
from bot.town.profile import QUIET_HOURS
from tests.unit.town_folders import PROJECT, replaced

TEXT = (PROJECT / "docs" / "town-folder.ja.md").read_text("utf-8")
TEMPLATES = (PROJECT / "docs" / "templates.md").read_text("utf-8")
BLOCK = re.compile(r"^```\w+ (\S+)\n(.+?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    blocks = [*BLOCK.findall(TEXT), *((f"templates/{name}", text) for name, text in BLOCK.findall(TEMPLATES))]
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text + ("\n" if name.endswith(".toml") else ""))
    return tmp_path


def test_the_blocks_are_a_folder_without_fault(folder: Path) -> None:
    assert check(folder) == []
    town = load(folder)
    assert len(town.notices) == len(re.findall(r"^\[\[notices\]\]$", TEXT, re.MULTILINE)) == 14
    assert {str(fact) for topic in town.topics if (fact := topic.asks)} == set(
        re.findall(r"`([a-z_.]+)`\((?:子どもの生まれ月|地区|バス停|税|ごみの地区)\)", TEXT)
    )


def test_the_quiet_hours_shown_are_those_of_a_town_that_sets_none(folder: Path) -> None:
    assert load(folder).quiet_hours == QUIET_HOURS
    assert f"書かないと、上と同じ {QUIET_HOURS} です" in TEXT


def test_the_due_dates_are_those_it_tells(folder: Path) -> None:
    tax = next(notice for notice in load(folder).notices if notice.name == "tax-due")
    assert [entry.day.isoformat() for entry in tax.rule.entries] == ["2026-11-30", "2026-11-02", "2027-02-05"]


def test_the_faults_shown_are_what_the_program_says(folder: Path) -> None:
    replaced(folder, "town.toml", '"0237-73-2111"', '"73-2111"')
    replaced(folder, "notices.toml", "tax = {tax}", "tax = {taxs}")
    (shown,) = re.findall(r"^```text\n(town\.toml:.+?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    assert sorted(shown.splitlines()) == [str(fault) for fault in check(folder)]


def test_every_rule_and_every_file_is_described() -> None:
    described = re.findall(r"^### (\w+):", TEXT, re.MULTILINE)
    assert sorted(described) == sorted(KEYS)
    for word in (*notice_rules._WEEKDAYS, *Priority.__members__):
        assert f"`{word.lower()}`" in TEXT, word
    for link in re.findall(r"\]\((?!http)(.+?)\)", TEXT + TEMPLATES):
        assert (PROJECT / "docs" / link).exists(), link


def test_the_events_and_the_news_shown_are_read_as_told(folder: Path) -> None:
    town = load(folder)
    assert [(event.id, event.topics, event.district) for event in town.events] == [
        ("2027-hina", (), ""),
        ("2027-drill", ("disaster",), "西里"),
        ("2027-story/2027-04-10", ("childcare",), ""),
        ("2027-story/2027-04-24", ("childcare",), ""),
        ("story-time@example.jp", ("childcare",), ""),
    ]
    assert town.news is not None
    assert [rule.how for rule in town.news.rules] == ["at_once", "draft", "digest"] == list(HOWS)
    assert f"書かないと{EVERY_MINUTES}分" in TEXT
    assert f"{MOST_AT_ONCE + 1}件目からは下書き" in TEXT
    assert f"{TOO_OLD.days}日より前" in TEXT
