"""`machi schedule` and `machi rehearse`: the standing notices and what they will send."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, as_json, day
from bot.cli.output import emit, iso, table
from bot.cli.session import at_desk
from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.broadcasts.notices import Coming
    from bot.store.notices import Happened
    from bot.wiring import Desk

_HORIZON = timedelta(days=3 * 366)
_LONGEST = timedelta(days=10 * 366)
_OUTCOMES = {"fired": "送った", "missed": "送れなかった"}


@click.group(cls=Group, help="定期のお知らせ")
def schedule() -> None:
    """Commands about standing notices."""


@schedule.command("list", help="お知らせの一覧と、次に送る日時")
@as_json
def list_(*, json_: bool) -> None:
    """List the notices of the town's folder."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from bot.schedule.occurrences import next_occurrence
        from bot.schedule.wording import in_words

        now = desk.clock.now()
        found = []
        for notice in desk.town.notices:
            following = next_occurrence(notice.rule, now)
            found.append(
                {
                    "notice": notice.name,
                    "title": notice.title,
                    "when": in_words(notice.rule),
                    "next": following.at.isoformat(timespec="seconds") if following else None,
                    "segment": notice.segment,
                    "template": notice.template,
                    "grace_seconds": int(notice.grace.total_seconds()),
                    "useful_until": notice.until and str(notice.until)[:5],
                }
            )
        return found

    notices = at_desk(work)
    rows = [(n["notice"], n["when"], _minute(n["next"]), n["title"], n["segment"]) for n in notices]
    headings = ("名前", "いつ", "次", "題名", "対象")
    emit({"notices": notices}, json_=json_, text=lambda: table(headings, rows))


@schedule.command("next", help="これから送るお知らせ")
@click.option(
    "--count", type=click.IntRange(1, 1000), default=10, show_default=True, metavar="N", help="件数"
)
@as_json
def next_(count: int, *, json_: bool) -> None:
    """The coming occurrences of all notices, the next first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from bot.broadcasts.notices import coming

        now = desk.clock.now()
        return await _occurrences(desk, islice(coming(desk.town, now, now + _HORIZON), count))

    _print(at_desk(work), json_=json_)


@schedule.command(help="送ったお知らせと、送れなかったお知らせ(新しい順)")
@click.option(
    "--count", type=click.IntRange(1, 1000), default=20, show_default=True, metavar="N", help="件数"
)
@click.option("--missed", is_flag=True, help="送れなかったものだけ")
@as_json
def history(count: int, *, missed: bool, json_: bool) -> None:
    """The latest occurrences on record, the newest first."""

    async def work(desk: Desk) -> list[Happened]:
        return await desk.store.notices.history(count, missed=missed)

    found = at_desk(work)
    data = [
        {
            "at": iso(each.at_ms),
            "notice": each.notice,
            "key": each.key,
            "state": each.state,
            "broadcast": each.broadcast_id,
            "reason": each.reason,
        }
        for each in found
    ]
    rows = [
        (
            _minute(iso(each.at_ms)),
            each.notice,
            each.key,
            _OUTCOMES[each.state],
            each.broadcast_id or "-",
            each.reason or "",
        )
        for each in found
    ]
    headings = ("日時", "お知らせ", "回", "結果", "配信", "理由")
    empty = ["まだ1つもありません。"]
    emit({"occurrences": data}, json_=json_, text=lambda: table(headings, rows) if rows else empty)


@click.command(help="ある期間に送るはずのお知らせを、送らずにすべて見る")
@click.option("--from", "first", required=True, metavar="DATE", help="初めの日(例: 2026-12-01)")
@click.option("--to", "last", required=True, metavar="DATE", help="終わりの日")
@as_json
def rehearse(first: str, last: str, *, json_: bool) -> None:
    """Every occurrence in a span of days, both ends included."""
    start, end = day(first), day(last)
    if not timedelta(0) <= end - start <= _LONGEST:
        raise InvalidInputError(f"--from {first} から --to {last} までは、10年以内の順にしてください。")
    after = datetime.combine(start, time(), TOKYO) - timedelta(microseconds=1)
    until = datetime.combine(end, time.max, TOKYO)

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from bot.broadcasts.notices import coming

        return await _occurrences(desk, coming(desk.town, after, until))

    _print(at_desk(work), json_=json_)


async def _occurrences(desk: Desk, items: Iterable[Coming]) -> list[dict[str, Any]]:
    from bot.broadcasts.notices import reach

    return [
        {
            "at": item.at.isoformat(timespec="seconds"),
            "notice": item.notice.name,
            "title": item.title,
            "segment": item.segment,
            "template": item.notice.template,
            "recipients": await reach(desk.store, desk.town, item),
            "context": item.context,
        }
        for item in items
    ]


def _print(occurrences: list[dict[str, Any]], *, json_: bool) -> None:
    rows = [
        (_minute(o["at"]), o["notice"], f"{o['recipients']} 人", o["title"], o["segment"])
        for o in occurrences
    ]
    headings = ("日時", "お知らせ", "人数", "題名", "対象")
    empty = ["この期間に送るお知らせはありません。"]
    emit(
        {"occurrences": occurrences},
        json_=json_,
        text=lambda: table(headings, rows) if rows else empty,
    )


def _minute(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else "-"
