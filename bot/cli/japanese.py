"""What click itself says in a help text, in Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

_WORDS = {
    "Options": "オプション",
    "Commands": "コマンド",
    "Show this message and exit.": "この説明を出す",
    "[OPTIONS]": "[オプション]",
    "[COMMAND]": "[コマンド]",
    "COMMAND": "コマンド",
    "[ARGS]...": "[引数]...",
    "default: ": "省略すると ",
    "required": "必須",
}
_SAID = re.compile("|".join(map(re.escape, _WORDS)))
_EXTRAS = re.compile(r"(?<=  )\[[^\]]*\]$")
"""What click adds to the description of an option."""
_RANGE = re.compile(r"(\d+)<=x<=(\d+)")


def _in_japanese(text: str) -> str:
    return _SAID.sub(lambda found: _WORDS[found[0]], text)


class _Formatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = "使い方: ") -> None:
        super().write_usage(prog, _in_japanese(args), prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(_in_japanese(heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _described(words)) for name, words in rows], col_max, col_spacing)


def _described(words: str) -> str:
    return _WORDS.get(words) or _EXTRAS.sub(
        lambda found: _RANGE.sub(r"\1〜\2", _in_japanese(found[0])), words
    )


class Context(click.Context):
    """Of a command whose help is in Japanese."""

    formatter_class = _Formatter
