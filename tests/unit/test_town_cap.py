"""`[[cap]]` of `town.toml`: read, and every fault told at its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcasts import Priority
from bot.town import check, load
from bot.town.model import CapSource
from tests.unit.town_folders import copied

GOOD = """[[cap]]
name = "river"
sender = "river.example.jp"
title = "河川事務所"
topic = "disaster"
address = "https://river.example.jp/cap.xml"
priority = "urgent"
[[cap]]
name = "prefecture"
sender = "bousai@pref.example.jp"
title = "山形県"
segment = "all"
language = "ja"
"""


def folder_with(tmp_path: Path, text: str) -> tuple[Path, int]:
    """The folder, and the number of the line before the text."""
    folder = copied(tmp_path)
    file = folder / "town.toml"
    before = file.read_text("utf-8")
    file.write_text(before + text, "utf-8")
    return folder, before.count("\n")


def test_the_sources_are_read_and_ten_minutes_are_the_default(tmp_path: Path) -> None:
    first, second = load(folder_with(tmp_path, GOOD)[0]).cap
    assert first == CapSource(
        "river",
        "river.example.jp",
        "河川事務所",
        "topic = disaster",
        "https://river.example.jp/cap.xml",
        timedelta(minutes=10),
        Priority.URGENT,
        topic="disaster",
    )
    assert (second.segment, second.address, second.language) == ("all", "", "ja")


def test_a_town_needs_no_sources(tmp_path: Path) -> None:
    assert load(copied(tmp_path)).cap == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('name = "river"', 'name = "川"', 2, "半角"),
        ('sender = "river.example.jp"', 'sender = "river example"', 3, "空白"),
        ('sender = "river.example.jp"\n', "", 1, "「sender」がありません"),
        ('title = "河川事務所"\n', "", 1, "「title」がありません"),
        ("河川事務所", "河" * 51, 4, "50 文字まで"),
        ('topic = "disaster"', 'topic = "disastr"', 5, "「disaster」ではありませんか"),
        ('topic = "disaster"\n', "", 1, "どちらか1つ"),
        ("https://river.example.jp/cap.xml", "ftp://river", 6, "https://"),
        ('priority = "urgent"', 'priority = "urgnt"', 7, "優先度"),
        ('priority = "urgent"', "every_minutes = 0", 7, "1〜1440"),
        ('priority = "urgent"', 'adress = "x"', 7, "「address」ではありませんか"),
        ('name = "prefecture"', 'name = "river"', 9, "2つあります"),
        ("bousai@pref.example.jp", "river.example.jp", 10, "2つあります"),
        ('segment = "all"', 'segment = "topic = evnts"', 12, "evnts"),
        ('language = "ja"', 'language = "jp"', 13, "言語「jp」"),
    ],
)
def test_each_fault_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    folder, before = folder_with(tmp_path, GOOD.replace(old, new, 1))
    found = [fault for fault in check(folder) if fault.file == "town.toml"]
    assert [(fault.line - before, told in fault.message) for fault in found] == [(line, True)], found
