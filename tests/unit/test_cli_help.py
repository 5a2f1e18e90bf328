"""Staff read the help of every command in Japanese, click's own words included."""

from __future__ import annotations

import re

import pytest

from tests.command_tree import contexts

_ENGLISH = re.compile(r"Usage|Options:|Commands:|Show this|default:|required|OPTIONS|\bCOMMAND\b|ARGS")
HELPS = {path: context.get_help() for path, context in contexts().items()}


@pytest.mark.parametrize("path", HELPS)
def test_nothing_in_english(path: str) -> None:
    assert not _ENGLISH.search(HELPS[path]), HELPS[path]


def test_headings_required_options_and_defaults() -> None:
    assert HELPS["machi"].startswith("使い方: machi [オプション] [コマンド] [引数]...\n")
    assert re.search(r"--title T +職員用の題名 +\[必須\]", HELPS["machi broadcast new"])
    assert re.search(r"\[省略すると \d+; 1〜1000\]", HELPS["machi schedule history"])
    assert "--help" in HELPS["machi broadcast list"].partition("オプション:")[2]
