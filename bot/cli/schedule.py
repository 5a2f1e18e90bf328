"""`machi schedule`: the standing notices, and when they go out next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, as_json, counted
from bot.cli.output import emit, iso, minute, table
from bot.cli.rehearsal import lines, occurrences, rehearsing
from bot.cli.session import at_desk

if TYPE_CHECKING:
    from bot.rehearsal.rehearsing import Rehearsal
    from bot.rehearsal.why import Why
    from bot.store.notices import Happened
    from bot.wiring import Desk

_HORIZON = timedelta(days=3 * 366)
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
    rows = [(n["notice"], n["when"], minute(n["next"]), n["title"], n["segment"]) for n in notices]
    headings = ("名前", "いつ", "次", "題名", "対象")
    emit({"notices": notices}, json_=json_, text=lambda: table(headings, rows))


@schedule.command("next", help="これから送るお知らせ")
@counted(10)
@as_json
def next_(count: int, *, json_: bool) -> None:
    """The coming occurrences of all notices, the next first."""

    async def work(desk: Desk) -> Rehearsal:
        now = desk.clock.now()
        return await rehearsing(desk, now, now + _HORIZON, count)

    rehearsal = at_desk(work)
    emit({"occurrences": occurrences(rehearsal)}, json_=json_, text=lambda: lines(rehearsal))


@schedule.command(help="送ったお知らせと、送れなかったお知らせ(新しい順)")
@counted(20)
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
            minute(iso(each.at_ms)),
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


@schedule.command(help="1人に、あるお知らせが届くわけ、届かないわけ")
@click.argument("user_id", metavar="USER_ID")
@click.argument("notice", metavar="NOTICE")
@as_json
def why(user_id: str, notice: str, *, json_: bool) -> None:
    """Why one resident does or does not get a notice."""
    from bot.cli import why_views

    async def work(desk: Desk) -> Why:
        from bot.rehearsal.why import why as explained

        return await explained(desk.store, desk.town, desk.templates, user_id, notice, now=desk.clock.now())

    found = at_desk(work)
    emit(why_views.data(found), json_=json_, text=lambda: why_views.lines(found))
