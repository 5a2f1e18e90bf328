"""Questions at a terminal, each answer looked at when it is given; options on the command line answer, too."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import click

from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean

T = TypeVar("T")


class Interview:
    """Asks for what no option says. Without a terminal, nothing is asked: what is missing or wrong is an error."""

    def __init__(self, said: Mapping[str, str | None]) -> None:
        self._said = dict(said)
        self._before: dict[str, str] = {}
        self._asks = sys.stdin.isatty()

    def given(self, option: str) -> str:
        """What an option says that is never asked for; empty if it is not there."""
        return self._said.get(option) or ""

    def ask(
        self,
        option: str,
        question: str,
        read: Callable[[str], T],
        offered: Sequence[str] = (),
        *,
        default: str | None = None,
    ) -> T:
        """What `read` makes of the option, else of the answer, which is asked for until `read` takes it.

        `offered` are shown by number. The answer of an earlier round stands ready. `default` is what counts where
        nobody can be asked.

        Raises:
            InvalidInputError: there is no terminal, and the option is missing or wrong.
        """
        typed = self._said.get(option)
        if typed is None and not self._asks:
            typed = default
        if typed is None and not self._asks:
            raise InvalidInputError(f"--{option} が必要です({question})。")
        for number, words in enumerate(offered if typed is None else (), 1):
            click.echo(f"  {number} {words}")
        ready = self._before.get(option, default and "1")
        while True:
            answer = str(click.prompt(question, default=ready)) if typed is None else typed
            try:
                if not answer.strip():
                    raise InvalidInputError(f"{question.partition('(')[0]}が空です。")
                found = read(answer.strip())
            except InvalidInputError as error:
                if not self._asks or typed is not None:
                    raise
                click.echo(str(error))
            else:
                if typed is None:
                    self._before[option] = answer
                return found

    def begin_again(self, error: InvalidInputError) -> None:
        """Say what is wrong with the answers together, so that all are asked for again, the old ones ready.

        Raises:
            InvalidInputError: the same, where nothing was asked.
        """
        if not self._before:
            raise error
        click.echo(f"{error}\nもう一度うかがいます。前と同じなら Enter を押してください。")


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """Reads one of these, by its number in the list or by itself."""

    def read(text: str) -> str:
        plain = unicodedata.normalize("NFKC", text).strip()
        if plain in names:
            return plain
        if plain.isdecimal() and 1 <= int(plain) <= len(names):
            return names[int(plain) - 1]
        near = did_you_mean(plain, names)
        raise InvalidInputError(f"「{plain}」は 1 から {len(names)} の番号ではありません。{near}")

    return read
