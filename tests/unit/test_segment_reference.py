"""docs/segments.md says what the program does."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

import segments
from segments.parser import DEPTH, LENGTH
from segments.quoting import KEYWORDS
from segments.vocabulary import FIELDS
from tests.unit.segment_strategies import VOCABULARY

TEXT = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```\n(.+?)\n```\n\n> (.+)$", TEXT, re.MULTILINE)
LABELS = {"childcare": "子育て", "disaster": "防災", "bus": "バス", "tax": "税"}


@pytest.mark.parametrize(("expression", "sentence"), EXAMPLES)
def test_every_example_reaches_those_it_says(expression: str, sentence: str) -> None:
    parsed = segments.parse(expression, VOCABULARY)
    assert segments.explain(parsed, date(2026, 11, 23), LABELS) == sentence


def test_no_block_of_the_reference_goes_unread() -> None:
    assert len(EXAMPLES) == len(re.findall(r"^```\n[^`]+^```$", TEXT, re.MULTILINE)) >= 15


def test_the_fault_shown_is_what_the_program_says() -> None:
    shown = re.findall(r"^```text\n(.+?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    assert shown
    for message in shown:
        with pytest.raises(segments.SegmentError) as caught:
            segments.parse(message.splitlines()[1].strip(), VOCABULARY)
        assert str(caught.value) == message


def test_every_field_keyword_and_limit_is_named() -> None:
    for word in (*FIELDS, *KEYWORDS):
        assert f"`{word}`" in TEXT or f"`{word} " in TEXT, word
    assert f"{LENGTH}文字" in TEXT
    assert f"{DEPTH}段" in TEXT
