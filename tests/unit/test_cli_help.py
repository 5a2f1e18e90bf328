"""Staff read the help of every command in Japanese, click's own words included."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from bot.cli.program import machi

_ENGLISH = re.compile(r"Usage|Options:|Commands:|Show this|default:|required|OPTIONS|\bCOMMAND\b|ARGS")


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            assert part is not None
            yield from _helps(part, part.context_class(part, info_name=name, parent=context))


HELPS = dict(_helps(machi, machi.context_class(machi, info_name="machi")))


@pytest.mark.parametrize("path", HELPS)
def test_nothing_in_english(path: str) -> None:
    assert not _ENGLISH.search(HELPS[path]), HELPS[path]


def test_headings_required_options_and_defaults() -> None:
    assert HELPS["machi"].startswith("使い方: machi [オプション] [コマンド] [引数]...\n")
    assert re.search(r"--title T +職員用の題名 +\[必須\]", HELPS["machi broadcast new"])
    assert re.search(r"\[省略すると \d+; 1〜1000\]", HELPS["machi schedule history"])
    assert "--help" in HELPS["machi broadcast list"].partition("オプション:")[2]
