"""`news.toml`: read, and every fault told at its line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.broadcasts import Priority
from bot.domain.errors import TownFaultsError
from bot.town import check, load
from tests.unit.town_folders import copied, replaced

GOOD = """address = "https://www.example.jp/rss.xml"
[[rules]]
name = "childcare"
categories = ["子育て"]
topic = "childcare"
how = "at_once"
priority = "urgent"
[[rules]]
name = "rest"
segment = "topic = events"
how = "digest"
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    folder = copied(tmp_path)
    (folder / "news.toml").write_text(text, "utf-8")
    return folder


def test_the_rules_are_read_and_ten_minutes_are_the_default(tmp_path: Path) -> None:
    news = load(folder_with(tmp_path, GOOD)).news
    assert news is not None
    assert (news.address, news.every) == ("https://www.example.jp/rss.xml", timedelta(minutes=10))
    first, second = news.rules
    assert (first.segment, first.how, first.priority) == ("topic = childcare", "at_once", Priority.URGENT)
    assert (second.segment, second.how, second.priority) == ("topic = events", "digest", Priority.NORMAL)


def test_a_town_needs_no_news(tmp_path: Path) -> None:
    assert load(copied(tmp_path)).news is None


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("https://www.example.jp/rss.xml", "www.example.jp", 1, "https://"),
        ('[[rules]]\nname = "childcare"', 'every_minutes = 0\n[[rules]]\nname = "childcare"', 2, "1〜1440"),
        ('how = "at_once"', 'how = "atonce"', 6, "「at_once」ではありませんか"),
        ('topic = "childcare"', 'topic = "childcar"', 5, "「childcare」ではありませんか"),
        ('topic = "childcare"\n', "", 2, "どちらか1つ"),
        ('segment = "topic = events"', 'segment = "topic = evnts"', 10, "evnts"),
        ('name = "rest"', 'name = "childcare"', 9, "2つあります"),
        ('name = "rest"', 'name = "のこり"', 9, "半角"),
        ('priority = "urgent"', 'priority = "urgnt"', 7, "優先度"),
        ('segment = "topic = events"', 'topic = "childcare"', 10, "週のまとめ「weekly-digest」の対象は"),
        ('priority = "urgent"', 'word = ["x"]', 7, "「words」ではありませんか"),
    ],
)
def test_a_fault_is_told_at_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    (fault,) = check(folder_with(tmp_path, GOOD.replace(old, new, 1)))
    assert (fault.file, fault.line) == ("news.toml", line)
    assert told in fault.message


def test_what_is_kept_for_a_digest_needs_one(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, GOOD)
    replaced(folder, "notices.toml", "digest = true\n", "")
    faults = [fault for fault in check(folder) if fault.file == "news.toml"]
    assert [(fault.line, "digest = true のお知らせ" in fault.message) for fault in faults] == [(11, True)]
    with pytest.raises(TownFaultsError):
        load(folder)


def test_the_same_audience_may_be_written_another_way(tmp_path: Path) -> None:
    assert check(folder_with(tmp_path, GOOD.replace("topic = events", "topic=events"))) == []
