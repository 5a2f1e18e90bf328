"""Following a broadcast until it ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from bot.domain.broadcasts import ENDED, BatchState, State

if TYPE_CHECKING:
    from bot.store.broadcasts import Report
    from bot.wiring import Desk

_LOOK_SECONDS = 0.25
_SILENCE_SECONDS = 10.0
_SETTLED = (BatchState.ACCEPTED, BatchState.FAILED, BatchState.UNKNOWN, BatchState.CANCELLED)


async def follow(desk: Desk, number: int) -> Report:
    """Show a progress bar on a terminal's standard error until the broadcast has ended; its report."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(f"配信 {number}", total=None, rate="")
        while True:
            broadcast = await desk.store.broadcasts.find(number)
            report = await desk.store.broadcasts.report(number)
            settled = sum(report.counts.get(state, 0) for state in _SETTLED)
            seconds = time.monotonic() - started
            total = sum(report.counts.values()) if broadcast.audience_done else None
            progress.update(
                task, completed=settled, total=total, rate=f"{settled / max(seconds, 0.1):,.0f} 人/秒"
            )
            if broadcast.state in ENDED:
                return report
            if broadcast.state is State.SCHEDULED and seconds > _SILENCE_SECONDS:
                click.echo(
                    "まだ始まりません。サービス(machi serve)が動いているか確かめてください。", err=True
                )
                started = time.monotonic()
            await desk.store.database.changed(_LOOK_SECONDS)
