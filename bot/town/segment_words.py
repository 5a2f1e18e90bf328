"""What segments may say in a town, and the segments of its notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import segments
from bot.domain.residents import Fact
from bot.town.model import Notice, Town


def vocabulary(town: Town) -> segments.Vocabulary:
    """The town's names; what residents see a topic called is offered as a hint."""
    hints = {label: topic.key for topic in town.topics for label in topic.choice.labels.values()}
    return segments.Vocabulary(values=town.vocabulary(), labels=hints)


def topic_labels(town: Town) -> dict[str, str]:
    """From a topic's key to what residents see in Japanese."""
    return {topic.key: topic.choice.label("ja") for topic in town.topics}


def notice_segment(town: Town, notice: Notice, context: Mapping[str, Any], only: str = "") -> str:
    """A notice's segment with its placeholders filled in; `{taxes}` is every tax of the town.

    `only` narrows it to whom an occurrence is for.

    Raises:
        SegmentError: a placeholder has no value.
    """
    lists = {"taxes": [choice.name for choice in town.choices.get(Fact.TAX, ())]}
    segment = segments.fill(notice.segment, {**lists, **context})
    return f"({segment}) and {only}" if only else segment
