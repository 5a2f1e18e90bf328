"""Reads `news.toml`: the address of the town's news feed, and what is done with its articles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import segments
from bot.domain.broadcasts import Priority
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.town.audience import audience_faults
from bot.town.faults import Faults
from bot.town.model import News, NewsRule, Town
from bot.town.segment_words import vocabulary
from bot.town.toml_tables import Table, read_toml

HOWS = ("at_once", "draft", "digest")
"""What a rule can do with an article."""

EVERY_MINUTES = 10
"""How often the feed is looked at where `news.toml` does not say."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class NewsEntry:
    """A rule as read, and its table, which knows the lines."""

    rule: NewsRule
    table: Table


def read_news(file: Path, faults: Faults) -> tuple[News | None, Sequence[NewsEntry]]:
    """The news feed, None for a town that has no such file; and its rules with their lines."""
    if not file.exists():
        return None, ()
    document = read_toml(file, faults)
    if document is None:
        return None, ()
    address = document.text("address")
    if address and not re.fullmatch(r"https?://[^\s/]+\S*", address):
        document.fault("address", f"address「{address}」は https:// で始まるアドレスを書いてください。")
    minutes = document.whole("every_minutes", EVERY_MINUTES)
    if not 1 <= minutes <= 24 * 60:
        document.fault("every_minutes", "every_minutes は、何分ごとに見るかを 1〜1440 の数で書いてください。")
    tables = document.tables("rules")
    document.finish()
    entries = [NewsEntry(_rule(table), table) for table in tables]
    if not tables:
        document.fault("", "[[rules]] が1つもありません。記事をだれに送るかを書いてください。")
    seen: set[str] = set()
    for entry in entries:
        if entry.rule.name in seen:
            entry.table.fault("name", f"「{entry.rule.name}」という名前の決まりが2つあります。")
        seen.add(entry.rule.name)
    rules = tuple(entry.rule for entry in entries)
    return News(address, timedelta(minutes=min(max(minutes, 1), 1440)), rules), entries


def _rule(table: Table) -> NewsRule:
    """One rule; where a fault was noted, a harmless value stands in."""
    name = table.text("name")
    if name and not _NAME.fullmatch(name):
        table.fault("name", f"名前「{name}」は半角の英小文字・数字・- で書いてください。")
    how = table.text("how")
    if how and how not in HOWS:
        table.fault("how", f"how「{how}」はありません。{did_you_mean(how, HOWS)}")
    topic, segment = table.text("topic", required=False), table.text("segment", required=False)
    if bool(topic) == bool(segment):
        table.fault("", "だれに送るかを、topic(分野)か segment(対象の式)のどちらか1つで書いてください。")
    priority = table.text("priority", required=False) or "normal"
    levels = [each.name.lower() for each in Priority]
    if priority not in levels:
        table.fault("priority", f"優先度「{priority}」はありません。{did_you_mean(priority, levels)}")
        priority = "normal"
    rule = NewsRule(
        name=name,
        segment=segment or f"topic = {topic}",
        how=how,
        categories=table.items("categories", str),
        words=table.items("words", str),
        topic=topic,
        priority=Priority[priority.upper()],
    )
    table.finish()
    return rule


def news_faults(town: Town | None, entries: Sequence[NewsEntry]) -> list[Fault]:
    """The faults of rules that show only beside the town's names and notices.

    A topic or a segment may mean nobody, and what is kept for a digest may never reach whom its rule means.
    """
    found: list[Fault] = []
    for entry in entries if town is not None else ():
        assert town is not None
        rule, table = entry.rule, entry.table
        wrong = audience_faults(town, table, rule.segment, rule.topic)
        if rule.how == "digest" and not wrong and not table.faults.found:
            wrong = _digest_faults(town, entry)
        found += wrong
    return found


def _digest_faults(town: Town, entry: NewsEntry) -> list[Fault]:
    """A digest tells everybody it reaches the same articles, so a rule must mean those whom the digest means."""
    rule, table, words = entry.rule, entry.table, vocabulary(town)
    digests = [notice for notice in town.notices if notice.digest]
    if not digests:
        told = "how「digest」の記事を知らせるお知らせがありません。notices.toml に digest = true のお知らせを書いてください。"
        return [Fault(table.faults.file, table.line("how"), told)]
    mine = segments.parse(rule.segment, words)
    for notice in digests:
        try:
            same = segments.parse(notice.segment, words) == mine
        except segments.SegmentError:
            continue  # told where the notice stands
        if not same:
            told = (
                f"週のまとめ「{notice.name}」の対象は「{notice.segment}」なので、この決まりの人"
                f"(「{rule.segment}」)と合いません。同じ対象にするか、how を at_once か draft にしてください。"
            )
            key = "topic" if rule.topic else "segment"
            return [Fault(table.faults.file, table.line(key), told)]
    return []
