"""`machi broadcast`: write, look, and see what became of it; `broadcast_control` moves it along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli import broadcast_views as views
from bot.cli.options import Group, acting, as_json, assigned, moment, prioritised, settings_of, who
from bot.cli.output import emit, messages, pairs, shown, table
from bot.cli.session import at_desk
from bot.domain.broadcasts import Priority, word
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.broadcasts.compose import Ways
    from bot.domain.broadcasts import Broadcast
    from bot.store.broadcasts import Payloads
    from bot.wiring import Desk

_LISTED = 50


@click.group(cls=Group, help="配信")
def broadcast() -> None:
    """Commands about broadcasts."""


@broadcast.command(help="下書きを作る。送るには、別の人の承認(approve)と送信(send)が要る")
@click.option("--title", required=True, metavar="T", help="職員用の題名")
@click.option("--text", metavar="TEXT", help="本文")
@click.option("--template", metavar="NAME", help="ひな型(本文の代わり)")
@settings_of
@click.option("--segment", "expression", required=True, metavar="EXPR", help="対象の式。全員なら all")
@click.option("--at", metavar="TIME", help="送る日時(例: 2026-11-24 09:00)")
@prioritised
@click.option("--drill", is_flag=True, help="訓練。メッセージの初めと終わりに【訓練】が付く")
@click.option(
    "--everyone",
    is_flag=True,
    help="LINEの一斉配信で、登録のない友だちにも1回の送信で届ける(対象が all の緊急だけ)",
)
@click.option(
    "--publish/--no-publish",
    default=None,
    help="ほかのシステムにも公開する・しない(書かないと、all か分野への急ぎと緊急だけを公開する)",
)
@acting
@as_json
def new(  # noqa: PLR0917  click passes them by name
    title: str,
    text: str | None,
    template: str | None,
    assignments: tuple[str, ...],
    expression: str,
    at: str | None,
    priority: str,
    actor: str | None,
    *,
    drill: bool,
    everyone: bool,
    publish: bool | None,
    json_: bool,
) -> None:
    """Store a draft."""
    author, variables, when = who(actor), assigned(assignments), moment(at) if at else None
    urgency = Priority[priority.upper()]

    async def work(desk: Desk) -> tuple[Broadcast, Ways]:
        from bot.broadcasts.compose import Draft

        words = (title, expression, text, template, variables, when, urgency, drill, everyone)
        number = await desk.composer.create(Draft(*words, publish=publish), author)
        found = await desk.store.broadcasts.find(number)
        return found, await desk.composer.ways(found)

    draft, ways = at_desk(work)
    emit(
        {"id": draft.id, "state": draft.state.value, "recipients": ways.residents, **views.ways(draft, ways)},
        json_=json_,
        text=lambda: [
            f"配信 {draft.id} を下書きしました(いまの対象 {ways.residents} 人)。",
            *views.ways_lines(draft, ways),
            f"内容を確かめる: machi broadcast preview {draft.id}",
            f"別の人が承認する: machi broadcast approve {draft.id} --as 名前",
        ],
    )


@broadcast.command("list", help="新しい順の一覧")
@as_json
def list_(*, json_: bool) -> None:
    """List the newest broadcasts."""

    async def work(desk: Desk) -> list[Broadcast]:
        return await desk.store.broadcasts.newest(_LISTED)

    found = at_desk(work)
    rows = [
        (
            b.id,
            word(b.state),
            shown(b.started_ms or b.scheduled_ms),
            b.author,
            b.approver or "-",
            b.title,
            b.segment,
        )
        for b in found
    ]
    headings = ("番号", "状態", "配信日時", "作成", "承認", "題名", "対象")
    emit({"broadcasts": [views.summary(b) for b in found]}, json_=json_, text=lambda: table(headings, rows))


@broadcast.command(help="1件の内容と状態")
@click.argument("number", metavar="ID", type=int)
@as_json
def show(number: int, *, json_: bool) -> None:
    """Show a broadcast, with how many it reaches or has reached."""

    async def work(desk: Desk) -> dict[str, Any]:
        found = await desk.store.broadcasts.find(number)
        if found.started_ms is None:
            recipients = await desk.composer.audience_count(found)
        else:
            recipients = sum((await desk.store.reports.progress(number)).values())
        held = desk.composer.held_until(found)
        return {**views.summary(found), "recipients": recipients, "held_until": held and held.isoformat()}

    data = at_desk(work)
    emit(data, json_=json_, text=lambda: pairs(views.words(data)))


@broadcast.command(help="送られるメッセージ。受け取る人に合わせるものは、見本の人か --resident の人の分")
@click.argument("number", metavar="ID", type=int)
@click.option("--resident", metavar="USER_ID", help="この人に届くものを見る")
@as_json
def preview(number: int, resident: str | None, *, json_: bool) -> None:
    """Show the messages as they will be sent."""

    async def work(desk: Desk) -> Payloads:
        if resident is not None:
            await desk.store.residents.find(resident)
        return await desk.composer.messages(number, resident)

    found = at_desk(work)
    emit({"id": number, "messages": found}, json_=json_, text=lambda: messages(found))


@broadcast.command(help="1人(職員など)にだけ試しに送る。状態は変わらない")
@click.argument("number", metavar="ID", type=int)
@click.option("--to", "user_id", required=True, metavar="USER_ID", help="送る相手")
@acting
@as_json
def test(number: int, user_id: str, actor: str | None, *, json_: bool) -> None:
    """Send a broadcast's messages to one user id."""
    actor = who(actor)

    async def work(desk: Desk) -> str:
        from bot.domain.residents import USER_ID
        from bot.wiring import line_client

        if not USER_ID.fullmatch(user_id):
            raise InvalidInputError(f"--to {user_id} は LINE の user_id(U と32桁)ではありません。")
        async with line_client(desk.settings) as line:
            return await desk.composer.try_on(number, user_id, line, actor)

    language = at_desk(work)
    emit(
        {"id": number, "to": user_id, "language": language},
        json_=json_,
        text=lambda: [f"配信 {number} を {user_id} に試しに送りました({language})。"],
    )


@broadcast.command(help="だれに届き、だれに届かなかったか")
@click.argument("number", metavar="ID", type=int)
@click.option("--batches", is_flag=True, help="送信単位ごとの時刻とLINEのリクエスト番号も見る")
@as_json
def report(number: int, *, batches: bool, json_: bool) -> None:
    """Report what became of a broadcast."""

    async def work(desk: Desk) -> dict[str, Any]:
        found = await desk.store.broadcasts.find(number)
        data = views.report(found, await desk.store.reports.of(number))
        return {**data, "batches": views.batches(await desk.store.reports.batches(number))}

    data = at_desk(work)
    emit(data, json_=json_, text=lambda: views.report_lines(data, batches=batches))
