"""`machi bus`: notices for bus routes and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, acting, as_json, moment, prioritised, who
from bot.cli.output import emit, iso, shown, table
from bot.cli.session import at_desk
from bot.domain.broadcasts import Priority, word
from bot.domain.bus_alerts import CAUSES, EFFECTS

if TYPE_CHECKING:
    from bot.store.bus_alerts import Stored
    from bot.wiring import Desk

_LISTED = 50
_EFFECT_WORDS = {effect: name for name, effect in EFFECTS.items()}


@click.group(cls=Group, help="バス")
def bus() -> None:
    """Commands about buses."""


@bus.group(cls=Group, help="路線やバス停のお知らせ")
def alert() -> None:
    """Commands about alerts."""


@alert.command(
    help="下書きを作る。配信と同じように、別の人の承認(broadcast approve)と送信(broadcast send)が要る"
)
@click.option("--route", "routes", multiple=True, metavar="R", help="路線の名前か route_id(くり返し可)")
@click.option("--stop", "stops", multiple=True, metavar="S", help="バス停の名前か stop_id(くり返し可)")
@click.option("--from", "start", required=True, metavar="TIME", help="いつから(例: 2026-12-24 07:00)")
@click.option("--until", metavar="TIME", help="いつまで。決まっていなければ書かない")
@click.option("--effect", required=True, type=click.Choice(list(EFFECTS)), help="どうなるか")
@click.option("--cause", default="不明", type=click.Choice(list(CAUSES)), help="なぜか")
@click.option("--text", required=True, metavar="TEXT", help="本文")
@click.option("--text-easy", metavar="TEXT", help="やさしい日本語の本文")
@click.option("--text-en", metavar="TEXT", help="英語の本文")
@click.option("--at", metavar="TIME", help="送る日時。承認すると予約される")
@prioritised
@acting
@as_json
def new(actor: str | None, priority: str, *, json_: bool, **written: Any) -> None:
    """Store an alert with its draft broadcast."""
    author = who(actor)
    times = {name: moment(written[name]) if written[name] else None for name in ("start", "until", "at")}

    async def work(desk: Desk) -> tuple[int, int, str, int]:
        from bot.broadcasts.bus_alerts import AlertDraft
        from bot.wiring import alert_writer

        draft = AlertDraft(**{**written, **times}, priority=Priority[priority.upper()])
        alert_id, number = await alert_writer(desk).create(draft, author)
        found = await desk.store.broadcasts.find(number)
        return alert_id, number, found.segment, await desk.composer.audience_count(found)

    alert_id, number, segment, recipients = at_desk(work)
    emit(
        {"id": alert_id, "broadcast": number, "segment": segment, "recipients": recipients},
        json_=json_,
        text=lambda: [
            f"バスのお知らせ {alert_id} と、その配信 {number} を下書きしました(いまの対象 {recipients} 人)。",
            f"対象: {segment}",
            f"内容を確かめる: machi broadcast preview {number}",
            f"別の人が承認する: machi broadcast approve {number} --as 名前",
        ],
    )


@alert.command("list", help="新しい順の一覧")
@as_json
def list_(*, json_: bool) -> None:
    """List the newest alerts."""

    async def work(desk: Desk) -> list[Stored]:
        return await desk.store.bus_alerts.newest(_LISTED)

    found = at_desk(work)
    rows = [
        (
            alert.id,
            alert.broadcast_id,
            word(state),
            shown(alert.from_ms),
            shown(alert.until_ms),
            shown(alert.ended_ms),
            alert.header["ja"],
        )
        for alert, state in found
    ]
    headings = ("番号", "配信", "配信の状態", "から", "まで", "終了", "内容")
    emit({"alerts": [_data(each) for each in found]}, json_=json_, text=lambda: table(headings, rows))


@alert.command(help="予定より早く終わらせる。公開をやめる(送ったメッセージは残る)")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def end(number: int, actor: str | None, *, json_: bool) -> None:
    """End an alert before its time."""
    actor = who(actor)

    async def work(desk: Desk) -> Stored:
        return await desk.store.bus_alerts.end(number, actor)

    found = at_desk(work)
    emit(
        _data(found),
        json_=json_,
        text=lambda: [
            f"バスのお知らせ {number} を終わりにしました。",
            f"配信 {found.alert.broadcast_id} は{word(found.state)}です。",
            f"まだ送っていないものを止める: machi broadcast cancel {found.alert.broadcast_id}",
        ],
    )


def _data(stored: Stored) -> dict[str, Any]:
    alert, state = stored
    return {
        "id": alert.id,
        "broadcast": alert.broadcast_id,
        "state": state.value,
        "effect": _EFFECT_WORDS[alert.effect],
        "from": iso(alert.from_ms),
        "until": iso(alert.until_ms),
        "ended_at": iso(alert.ended_ms),
        "routes": list(alert.routes),
        "stops": list(alert.stops),
        "header": dict(alert.header),
        "description": dict(alert.description),
    }
