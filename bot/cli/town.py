"""`machi town`: the town's folder."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.rehearsal import rehearsing
from bot.cli.session import at_desk, settings

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.transit import Feed
    from bot.wiring import Desk

_YEAR = timedelta(days=365)


@click.group(cls=Group, help="町のフォルダー")
def town() -> None:
    """Commands about the town's folder."""


@town.command(help="フォルダーとひな型のまちがいを、ファイルと行ですべて挙げる")
@as_json
def check(*, json_: bool) -> int:
    """List every fault, with status 1 if there is any, and what is only to be known."""
    from bot.town import check as faults_of
    from bot.transit import read_feed

    configured = settings()
    feed = read_feed(configured.town)
    own = faults_of(configured.town)
    faults = sorted([*own, *feed.faults])
    warnings = [] if own else _warnings(configured, feed)
    data = [{"file": fault.file, "line": fault.line, "message": fault.message} for fault in faults]
    lines = (
        [*map(str, faults), f"まちがいが {len(faults)} 件あります。"]
        if faults
        else ["まちがいはありません。"]
    )
    lines += [f"注意: {warning}" for warning in warnings]
    emit({"faults": data, "warnings": warnings}, json_=json_, text=lambda: lines)
    return 1 if faults else 0


def _warnings(configured: Settings, feed: Feed) -> list[str]:
    """What is no fault: of the timetable, of dates that end, of notices that reach nobody."""
    from bot.town import load
    from bot.town.bus_stops import warnings as of_the_bus
    from bot.town.hints import hints

    today = configured.clock().now().date()
    return [
        *of_the_bus(configured.town, feed, today),
        *hints(load(configured.town), today),
        *_reaching_nobody(configured),
    ]


def _reaching_nobody(configured: Settings) -> list[str]:
    """Notices that reach none of the residents in a year; without residents there is nothing to be said."""
    from bot.store.store import sqlite_path

    path = sqlite_path(configured.database_url)
    if path is not None and not path.exists():
        return []

    async def work(desk: Desk) -> list[str]:
        now = desk.clock.now()
        rehearsal = await rehearsing(desk, now, now + _YEAR)
        reached = {name for name, _, messages in rehearsal.by_notice() if messages}
        planned = dict.fromkeys(each.planned.notice.name for each in rehearsal.occurrences)
        return [name for name in planned if name not in reached] if rehearsal.residents else []

    names = at_desk(work)
    return [f"お知らせ「{name}」は、いまの登録では、これから1年だれにも届きません。" for name in names]
