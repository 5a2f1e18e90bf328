"""A town sets how many messages a day, and when the rest is told."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from bot.domain.overload import Overload
from bot.town import check, load
from tests.unit.town_folders import copied, replaced

TABLE = 'messages_a_day = 3\ndigest = "18:00"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_three_a_day_and_the_rest_at_six_where_a_town_sets_nothing(folder: Path) -> None:
    text = (folder / "town.toml").read_text("utf-8")
    start, end = text.index("[overload]"), text.index(TABLE) + len(TABLE)
    (folder / "town.toml").write_text(text[:start] + text[end:], "utf-8")
    assert load(folder).overload == Overload(3, time(18))


@pytest.mark.parametrize(
    ("table", "limit"),
    [
        ('messages_a_day = 1\ndigest = "12:30"\n', Overload(1, time(12, 30))),
        ("messages_a_day = 5\n", Overload(5, time(18))),
        ("off = true\n", None),
    ],
)
def test_a_town_sets_its_own(folder: Path, table: str, limit: Overload | None) -> None:
    replaced(folder, "town.toml", TABLE, table)
    assert load(folder).overload == limit


@pytest.mark.parametrize(
    ("table", "line", "words"),
    [
        ("messages_a_day = 0\n", 0, "1以上"),
        ('messages_a_day = "3"\n', 0, "messages_a_day"),
        ('messages_a_day = 3\ndigest = "25:00"\n', 1, "25:00"),
        ('digest = "22:00"\n', -1, "21:00〜07:00"),
        ("off = true\nmessages_a_day = 3\n", 1, "off = true"),
        ("a_day = 3\n", 0, "a_day"),
    ],
)
def test_a_fault_is_told_with_its_line(folder: Path, table: str, line: int, words: str) -> None:
    first = replaced(folder, "town.toml", TABLE, table)
    (fault,) = check(folder)
    assert fault.line == first + line
    assert words in fault.message
