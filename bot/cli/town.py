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
    """List every fault; the status is 1 if there is any."""
    from bot.town import check as faults_of

    faults = faults_of(settings().town)
    data = [{"file": fault.file, "line": fault.line, "message": fault.message} for fault in faults]
    lines = (
        [*map(str, faults), f"まちがいが {len(faults)} 件あります。"]
        if faults
        else ["まちがいはありません。"]
    )
    emit({"faults": data}, json_=json_, text=lambda: lines)
    return 1 if faults else 0
