"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import click

from bot.cli.japanese import Context
from bot.domain.broadcasts import Priority
from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

NOBODY = "machi"
"""Who acts where a command does not ask for a name and none is given."""

_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ](\d{1,2}):(\d{2})(.*)")


class Group(click.Group):
    """A group that offers the nearest command for one that does not exist, and helps in Japanese."""

    context_class = Context

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """See `click.Group.add_command`."""
        cmd.context_class = Context
        super().add_command(cmd, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group.resolve_command`."""
        if self.get_command(ctx, args[0]) is None:
            near = did_you_mean(args[0], self.list_commands(ctx))
            raise click.UsageError(f"「{args[0]}」というコマンドはありません。{near}", ctx)
        return super().resolve_command(ctx, args)


def as_json(command: F) -> F:
    """`--json`: one JSON document on standard output, nothing else."""
    return click.option("--json", "json_", is_flag=True, help="JSONで出力する")(command)


def acting(command: F) -> F:
    """`--as NAME`: who acts."""
    return click.option("--as", "actor", metavar="NAME", help="操作する人")(command)


def prioritised(command: F) -> F:
    """`--priority`: how urgent a broadcast is."""
    return click.option(
        "--priority",
        type=click.Choice([priority.name.lower() for priority in Priority]),
        default="normal",
        help="normal 通常、urgent 急ぎ、emergency 緊急",
    )(command)


def counted(default: int, unit: str = "件数") -> Callable[[F], F]:
    """`--count N`: how many of a list are shown."""
    return click.option(
        "--count",
        type=click.IntRange(1, 1000),
        default=default,
        show_default=True,
        metavar="N",
        help=unit,
    )


def settings_of(command: F) -> F:
    """`--set k=v`, any number of times: variables of a template."""
    return click.option(
        "--set", "assignments", multiple=True, metavar="変数=値", help="ひな型の変数の値(くり返し可)"
    )(command)


def who(actor: str | None, default: str = "") -> str:
    """The person who acts: this command's `--as`, else the one before it, else MACHI_STAFF, else `default`.

    Raises:
        InvalidInputError: nobody is named.
    """
    root = click.get_current_context().find_root()
    name = (actor or root.params.get("actor") or os.environ.get("MACHI_STAFF", "")).strip() or default
    if not name:
        raise InvalidInputError("操作する人を --as 名前 か環境変数 MACHI_STAFF で指定してください。")
    return name


def assigned(assignments: tuple[str, ...]) -> dict[str, str]:
    """The variables of `--set` options.

    Raises:
        InvalidInputError: one has no `=` or no name.
    """
    values = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name.strip():
            raise InvalidInputError(f"--set {assignment} は 変数=値 の形で書いてください。")
        values[name.strip()] = value
    return values


def moment(text: str) -> datetime:
    """A time as a clerk types it, full width too: `2026-11-24 09:00`, or ISO 8601; Asia/Tokyo unless it says.

    Raises:
        InvalidInputError: it is none.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _MOMENT.fullmatch(plain)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute, rest = found.groups()
        iso = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}{rest}"
        parsed = datetime.fromisoformat(iso)
    except ValueError:
        raise InvalidInputError(
            f"時刻「{text}」が読めません。2026-11-24 09:00 のように書いてください。"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=TOKYO)


def day(text: str) -> date:
    """A date as a clerk types it.

    Raises:
        InvalidInputError: it is none.
    """
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        if found is None:
            raise ValueError
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        raise InvalidInputError(f"日付「{text}」が読めません。2026-11-24 のように書いてください。") from None
