"""Every command of `machi`, as click has it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bot.cli.program import machi


def contexts() -> dict[str, click.Context]:
    """The context of every command and group, by what is typed for it."""
    return {context.command_path: context for context in _below(machi, "machi", None)}


def _below(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    context = command.context_class(command, info_name=name, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for each, part in command.commands.items():
            yield from _below(part, each, context)
