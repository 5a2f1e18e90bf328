from __future__ import annotations

import re
import string
from collections.abc import Mapping

import pytest

from bot.domain.residents import LANGUAGES
from handlers.texts import FOLDER, texts, written
from handlers.typed import COMMANDS


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", written())
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    japanese, other = texts("ja"), texts(language)
    assert sorted(other) == sorted(japanese)
    calendar = {"list.month", "list.date", "list.day"}  # a month may be named or numbered
    assert {
        k for k in japanese if k not in calendar and placeholders(japanese[k]) != placeholders(other[k])
    } == set()
    assert all(text for text in other.values())


def test_the_languages_of_the_first_towns_are_written_and_others_read_japanese() -> None:
    assert {"ja", "ja-easy", "en"} <= set(written()) <= set(LANGUAGES)
    assert texts("ko") == texts("ja")


def test_every_text_is_used_and_every_text_used_exists() -> None:
    source = "".join(file.read_text() for file in FOLDER.parent.glob("*.py"))
    used = set(re.findall(r"[\"']([a-z]+\.[a-z_]+)[\"']", source)) - {"choice."}
    facts = ("district", "bus_stop", "tax", "garbage_area")
    dynamic = {f"choice.{fact}" for fact in (*facts, "garbage_time")} | {f"choice.kind_{f}" for f in facts}
    assert used | dynamic == set(texts("ja"))


@pytest.mark.parametrize("language", written())
def test_no_wording_of_a_language_means_two_commands(language: str) -> None:
    wordings: Mapping[str, str] = texts(language)
    said = [wording.casefold().replace(" ", "") for key in COMMANDS for wording in wordings[key].split("|")]
    assert len(said) == len(set(said))
