"""`machi rehearse`: everything that would go out in a time to come, before it does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import as_json, day
from bot.cli.output import emit, shortened, table
from bot.cli.session import at_desk
from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.rehearsal.plan import Planned
    from bot.rehearsal.rehearsing import Rehearsal
    from bot.wiring import Desk

_LONGEST = timedelta(days=10 * 366)
_TITLE, _SEGMENT, _WORDS = 24, 24, 36
"""Cells for what may be long, so that a line stays readable on a terminal."""


@click.command(help="ある期間に送るはずのお知らせを、送らずにすべて見る")
@click.option("--from", "first", required=True, metavar="DATE", help="初めの日(例: 2026-12-01)")
@click.option("--to", "last", required=True, metavar="DATE", help="終わりの日")
@click.option("--html", metavar="FILE", help="多すぎる日や月が分かるページを書き出す")
@click.option("--ics", metavar="FILE", help="カレンダー(iCalendar)を書き出す")
@as_json
def rehearse(first: str, last: str, html: str | None, ics: str | None, *, json_: bool) -> None:
    """Every occurrence in a span of days, both ends included."""
    start, end = day(first), day(last)
    if not timedelta(0) <= end - start <= _LONGEST:
        raise InvalidInputError(f"--from {first} から --to {last} までは、10年以内の順にしてください。")

    async def work(desk: Desk) -> tuple[Rehearsal, dict[str, bytes]]:
        rehearsal = await _between(desk, start, end)
        return rehearsal, _files(desk, rehearsal, (start, end), html, ics)

    rehearsal, files = at_desk(work)
    for name, content in files.items():
        _write(name, content)
    text = [f"{name} に書きました。" for name in files]
    emit(_data(rehearsal), json_=json_, text=lambda: text or lines(rehearsal))


async def rehearsing(desk: Desk, after: datetime, until: datetime, count: int | None = None) -> Rehearsal:
    """The occurrences in (after, until], or only the first ones, with their numbers."""
    from bot.rehearsal.plan import Planner
    from bot.rehearsal.rehearsing import rehearsed

    plans: list[Planned] = []
    async for plan in Planner(desk.store, desk.town, desk.templates).plan(after, until, desk.clock.now()):
        plans.append(plan)
        if len(plans) == count:
            break
    return await rehearsed(desk.store.database, plans, desk.town.overload)


async def _between(desk: Desk, first: date, last: date) -> Rehearsal:
    after = datetime.combine(first, time(), TOKYO) - timedelta(microseconds=1)
    return await rehearsing(desk, after, datetime.combine(last, time.max, TOKYO))


def _files(
    desk: Desk, rehearsal: Rehearsal, span: tuple[date, date], html: str | None, ics: str | None
) -> dict[str, bytes]:
    """What is to be written where."""
    files = {}
    if ics is not None:
        from bot.rehearsal.ics import calendar

        files[ics] = calendar(rehearsal, desk.town, desk.clock.now())
    if html is not None:
        from bot.rehearsal.page import page

        files[html] = page(rehearsal, desk.town, *span, desk.clock.now()).encode()
    return files


def _write(name: str, content: bytes) -> None:
    try:
        Path(name).write_bytes(content)
    except OSError as error:
        raise InvalidInputError(f"{name} に書けません({error.strerror})。") from None


def _data(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "residents": rehearsal.residents,
        "months": [
            {
                "month": month.month,
                "messages": month.messages,
                "a_resident": {
                    "median": month.median,
                    "90th_percentile": month.ninetieth,
                    "maximum": month.maximum,
                },
            }
            for month in rehearsal.months
        ],
        "crowded_days": [
            {"date": on.isoformat(), "residents": residents} for on, residents in rehearsal.crowded.items()
        ],
        "occurrences": occurrences(rehearsal),
    }


def occurrences(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Occurrences as JSON; times are Asia/Tokyo."""
    return [
        {
            "at": plan.at.isoformat(timespec="seconds"),
            "notice": plan.notice.name,
            "title": plan.title,
            "segment": plan.segment,
            "template": plan.notice.template,
            "priority": plan.priority.name.lower(),
            "recipients": recipients,
            "context": plan.context,
            "messages": plan.messages,
            "held_until": plan.starts.isoformat(timespec="seconds") if plan.held else None,
            "fault": plan.fault,
        }
        for plan, recipients in rehearsal.occurrences
    ]


def lines(rehearsal: Rehearsal) -> Iterable[str]:
    """Occurrences as a table for people."""
    from bot.rehearsal.wording import due_day

    if not rehearsal.occurrences:
        return ["この期間に送るお知らせはありません。"]
    rows = [
        (
            f"{plan.at:%Y-%m-%d %H:%M}",
            plan.notice.name,
            f"{recipients} 人",
            shortened(plan.title, _TITLE),
            due_day(plan),
            shortened(plan.segment, _SEGMENT),
            _says(plan),
        )
        for plan, recipients in rehearsal.occurrences
    ]
    return table(("日時", "お知らせ", "人数", "題名", "期日", "対象", "本文"), rows)


def _says(plan: Planned) -> str:
    """What is unusual first, then how the message begins."""
    from bot.rehearsal.wording import text

    if plan.fault is not None:
        return f"【送れません】{' '.join(plan.fault.split())}"
    held = f"【{plan.starts:%d日%H:%M}まで待つ】" if plan.held else ""
    return shortened(held + text(plan), _WORDS)
