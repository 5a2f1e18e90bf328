"""`machi audit`: who did what, when."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import click

from bot.cli.options import as_json, day, moment
from bot.cli.output import emit, iso, shown, table
from bot.cli.session import at_desk
from bot.domain.clock import to_ms
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.store.audit import AuditEntry
    from bot.wiring import Desk


@click.command(help="だれが、いつ、何をしたか")
@click.option("--since", metavar="TIME", help="この日時から(例: 2026-11-24 か 2026-11-24 09:00)")
@as_json
def audit(since: str | None, *, json_: bool) -> None:
    """Print the audit trail, oldest first."""
    since_ms = 0 if since is None else _start_ms(since)

    async def work(desk: Desk) -> list[AuditEntry]:
        return await desk.store.audit.since(since_ms)

    deeds = at_desk(work)
    data = [
        {
            "at": iso(deed.at_ms),
            "actor": deed.actor,
            "action": deed.action,
            "subject": deed.subject,
            "detail": deed.detail,
        }
        for deed in deeds
    ]
    rows = [(shown(deed.at_ms), deed.actor, deed.action, deed.subject, deed.detail) for deed in deeds]
    headings = ("日時", "だれが", "何を", "対象", "内容")
    emit({"deeds": data}, json_=json_, text=lambda: table(headings, rows))


def _start_ms(text: str) -> int:
    try:
        return to_ms(datetime.combine(day(text), time()))
    except InvalidInputError:
        return to_ms(moment(text))
