"""`machi town`: the town's folder."""

from __future__ import annotations

import click

from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.session import settings


@click.group(cls=Group, help="町のフォルダー")
def town() -> None:
    """Commands about the town's folder."""


@town.command(help="フォルダーとひな型のまちがいを、ファイルと行ですべて挙げる")
@as_json
def check(*, json_: bool) -> int:
    """List every fault, with status 1 if there is any, and what is only to be known."""
    from bot.town import check as faults_of
    from bot.town.bus_stops import warnings as warnings_of
    from bot.transit import read_feed

    configured = settings()
    feed = read_feed(configured.town)
    own = faults_of(configured.town)
    faults = sorted([*own, *feed.faults])
    warnings = [] if own else warnings_of(configured.town, feed, configured.clock().now().date())
    data = [{"file": fault.file, "line": fault.line, "message": fault.message} for fault in faults]
    lines = (
        [*map(str, faults), f"まちがいが {len(faults)} 件あります。"]
        if faults
        else ["まちがいはありません。"]
    )
    lines += [f"注意: {warning}" for warning in warnings]
    emit({"faults": data, "warnings": warnings}, json_=json_, text=lambda: lines)
    return 1 if faults else 0
