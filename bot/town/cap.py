"""Reads `[[cap]]` of `town.toml`: whose alerts (CAP) the town takes in, and for whom they become drafts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.broadcasts import Priority
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.domain.residents import LANGUAGES
from bot.town.audience import audience_faults
from bot.town.model import CapSource, Town
from bot.town.toml_tables import Table

EVERY_MINUTES = 10
"""How often an address is looked at where `town.toml` does not say."""

_TITLE = 50
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class CapEntry:
    """A source as read, and its table, which knows the lines."""

    source: CapSource
    table: Table


def read_cap(document: Table) -> tuple[CapEntry, ...]:
    """The sources; none for a town that names nobody."""
    tables = document.tables("cap") if "cap" in document else []
    entries: list[CapEntry] = []
    for table in tables:
        source = _source(table)
        for key in ("name", "sender", "address"):
            value = getattr(source, key)
            if value and value in {getattr(entry.source, key) for entry in entries}:
                table.fault(key, f"「{value}」が2つあります。[[cap]] の {key} は、1つずつ変えてください。")
        entries.append(CapEntry(source, table))
    return tuple(entries)


def _source(table: Table) -> CapSource:
    """One source; where a fault was noted, a harmless value stands in."""
    name, sender, address = table.text("name"), table.text("sender"), table.text("address", required=False)
    if name and not _NAME.fullmatch(name):
        table.fault("name", f"名前「{name}」は半角の英小文字・数字・- で書いてください。")
    if re.search(r"[\s,<&]", sender):
        table.fault(
            "sender",
            f"sender「{sender}」に空白や , < & は使えません。CAP の sender のとおりに書いてください。",
        )
    if address and not re.fullmatch(r"https?://[^\s/]+\S*", address):
        table.fault("address", f"address「{address}」は https:// で始まるアドレスを書いてください。")
    minutes = table.whole("every_minutes", EVERY_MINUTES)
    if not 1 <= minutes <= 24 * 60:
        table.fault("every_minutes", "every_minutes は、何分ごとに見るかを 1〜1440 の数で書いてください。")
    title = table.text("title")
    if len(title) > _TITLE:
        table.fault("title", f"title は {_TITLE} 文字までで書いてください。")
    topic, segment = table.text("topic", required=False), table.text("segment", required=False)
    if bool(topic) == bool(segment):
        table.fault(
            "", "だれに送る下書きにするかを、topic(分野)か segment(対象の式)のどちらか1つで書いてください。"
        )
    source = CapSource(
        name=name,
        sender=sender,
        title=title,
        segment=segment or f"topic = {topic}",
        address=address,
        every=timedelta(minutes=min(max(minutes, 1), 1440)),
        priority=_priority(table),
        language=_language(table),
        topic=topic,
    )
    table.finish()
    return source


def _priority(table: Table) -> Priority:
    priority = table.text("priority", required=False) or "normal"
    levels = [each.name.lower() for each in Priority]
    if priority in levels:
        return Priority[priority.upper()]
    table.fault("priority", f"優先度「{priority}」はありません。{did_you_mean(priority, levels)}")
    return Priority.NORMAL


def _language(table: Table) -> str:
    language = table.text("language", required=False) or "ja"
    if language not in LANGUAGES:
        table.fault("language", f"言語「{language}」はありません。{did_you_mean(language, LANGUAGES)}")
    return language


def cap_faults(town: Town | None, entries: Sequence[CapEntry]) -> list[Fault]:
    """The faults of sources that show only beside the town's names: a topic or a segment that means nobody."""
    if town is None:
        return []
    proved = (audience_faults(town, each.table, each.source.segment, each.source.topic) for each in entries)
    return [fault for found in proved for fault in found]
