"""Following a broadcast until it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from bot.domain.broadcasts import ENDED, BatchState, State, word

if TYPE_CHECKING:
    from bot.domain.broadcasts import Broadcast
    from bot.store.reports import Report
    from bot.wiring import Desk

_LOOK_SECONDS = 0.25
_SAY_SECONDS = 2.0
_SILENCE_SECONDS = 10.0
_SETTLED = (BatchState.ACCEPTED, BatchState.FAILED, BatchState.UNKNOWN, BatchState.CANCELLED)


class _Standing:
    """How far a broadcast is: sent, left, rate, time to go."""

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None
        self.settled = 0
        self.total: int | None = None
        self.rate = 0.0

    def update(self, broadcast: Broadcast, counts: Mapping[BatchState, int]) -> None:
        """Reckon anew."""
        now = time.monotonic()
        self.settled = sum(counts.get(state, 0) for state in _SETTLED)
        self.total = sum(counts.values()) if broadcast.audience_done else None
        if broadcast.state is not State.SENDING or self._begun is None:
            self._begun = (now, self.settled)  # a pause does not count
        seconds = now - self._begun[0]
        self.rate = (self.settled - self._begun[1]) / seconds if seconds > 0 else 0.0

    @property
    def words(self) -> str:
        """For people, in Japanese."""
        if self.total is None:
            return f"{self.settled:,} 人に送信済み(対象を集計中)"
        left = self.total - self.settled
        to_go = f"、あと約 {left / self.rate:,.0f} 秒" if left and self.rate > 0 else ""
        return (
            f"{self.settled:,} / {self.total:,} 人に送信済み、残り {left:,} 人、{self.rate:,.0f} 人/秒{to_go}"
        )


async def follow(desk: Desk, number: int) -> Report:
    """Show on standard error how far the broadcast is, until it has ended; its report.

    On a terminal as a bar, elsewhere as a line every two seconds.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    is_terminal = sys.stderr.isatty()
    standing, said, told_silence, started = _Standing(), 0.0, False, time.monotonic()
    columns = (
        TextColumn("配信 {task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not is_terminal) as progress:
        task = progress.add_task(str(number), total=None, words="")
        while True:
            broadcast = await desk.store.broadcasts.find(number)
            standing.update(broadcast, await desk.store.reports.progress(number))
            words = standing.words
            if broadcast.state is State.PAUSED:
                words = f"{word(broadcast.state)}: {broadcast.failure or ''} {words}"
            progress.update(task, completed=standing.settled, total=standing.total, words=words)
            if broadcast.state in ENDED:
                return await desk.store.reports.of(number)
            now = time.monotonic()
            if not is_terminal and now - said >= _SAY_SECONDS:
                click.echo(f"配信 {number}: {words}", err=True)
                said = now
            if broadcast.state is State.SCHEDULED and not told_silence and now - started > _SILENCE_SECONDS:
                click.echo(
                    "まだ始まりません。サービス(machi serve)が動いているか確かめてください。", err=True
                )
                told_silence = True
            await desk.store.database.changed(_LOOK_SECONDS)
