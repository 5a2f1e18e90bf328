"""The machi command: the only place that prints."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (by default the process's own) and return its exit status."""
    from bot.cli.program import run

    return run(arguments)
