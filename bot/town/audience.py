"""Proves whom a table of the folder names, as a `topic` or as a `segment`, beside the town's names."""

from __future__ import annotations

import segments
from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.town.model import Town
from bot.town.segment_words import vocabulary
from bot.town.toml_tables import Table


def audience_faults(town: Town, table: Table, segment: str, topic: str = "") -> list[Fault]:
    """A fault if the topic or the segment means nobody; a table with other faults is left alone."""
    keys = [each.key for each in town.topics]
    if topic and topic not in keys:
        told = f"分野「{topic}」は town.toml の [[topics]] にありません。{did_you_mean(topic, keys)}"
        return [Fault(table.faults.file, table.line("topic"), told)]
    try:
        if not table.faults.found:
            segments.parse(segment, vocabulary(town))
    except segments.SegmentError as error:
        told = f"対象「{segment}」: {error.reason}"
        return [Fault(table.faults.file, table.line("segment"), told)]
    return []
