"""`machi broadcast`: write, approve, send, and see what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from bot.cli import broadcast_views as views
from bot.cli.options import Group, acting, as_json, assigned, moment, settings_of, who
from bot.cli.output import emit, messages, pairs, shown, table
from bot.cli.session import at_desk
from bot.domain.broadcasts import Priority, State, word
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.store.broadcasts import Broadcast, Report
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
@click.option(
    "--priority",
    type=click.Choice([priority.name.lower() for priority in Priority]),
    default="normal",
    help="normal 通常、urgent 急ぎ、emergency 緊急",
)
@click.option("--drill", is_flag=True, help="訓練。メッセージの初めと終わりに【訓練】が付く")
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
    json_: bool,
) -> None:
    """Store a draft."""
    author, variables, when = who(actor), assigned(assignments), moment(at) if at else None

    async def work(desk: Desk) -> tuple[Broadcast, int]:
        from bot.broadcasts.compose import Draft

        draft = Draft(title, expression, text, template, variables, when, Priority[priority.upper()], drill)
        found = await desk.store.broadcasts.find(await desk.composer.create(draft, author))
        return found, await desk.composer.audience_count(found)

    draft, recipients = at_desk(work)
    emit(
        {"id": draft.id, "state": draft.state.value, "recipients": recipients},
        json_=json_,
        text=lambda: [
            f"配信 {draft.id} を下書きしました(いまの対象 {recipients} 人)。",
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
        (b.id, word(b.state), shown(b.scheduled_ms), b.author, b.approver or "-", b.title, b.segment)
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
            recipients = sum((await desk.store.broadcasts.report(number)).counts.values())
        return {**views.summary(found), "recipients": recipients}

    data = at_desk(work)
    emit(data, json_=json_, text=lambda: pairs(views.words(data)))


@broadcast.command(help="送られるメッセージ")
@click.argument("number", metavar="ID", type=int)
@as_json
def preview(number: int, *, json_: bool) -> None:
    """Show the messages as they will be sent."""

    async def work(desk: Desk) -> dict[str, list[dict[str, Any]]]:
        await desk.store.broadcasts.find(number)
        return await desk.store.broadcasts.payloads(number)

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


def _change(
    act: Callable[[Desk], Awaitable[Broadcast]], told: Callable[[Broadcast], str], *, json_: bool
) -> None:
    """Do something to a broadcast and say how it stands then."""

    async def work(desk: Desk) -> Broadcast:
        return await act(desk)

    changed = at_desk(work)
    emit(views.summary(changed), json_=json_, text=lambda: [told(changed)])


@broadcast.command(help="下書きを承認する(作成した人とは別の人)。--at のある配信は、これで予約される")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def approve(number: int, actor: str | None, *, json_: bool) -> None:
    """Approve somebody else's draft."""
    approver = who(actor)

    def told(changed: Broadcast) -> str:
        if changed.state is State.SCHEDULED:
            return f"配信 {number} を承認しました。{shown(changed.scheduled_ms)} に送ります。"
        return f"配信 {number} を承認しました。送る: machi broadcast send {number}"

    _change(lambda desk: desk.composer.approve(number, approver), told, json_=json_)


@broadcast.command(help="配信を取り消す。LINEが受け付けた分は届く")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def cancel(number: int, actor: str | None, *, json_: bool) -> None:
    """Take a broadcast back."""
    canceller = who(actor)
    _change(
        lambda desk: desk.composer.cancel(number, canceller),
        lambda _: f"配信 {number} を取り消しました。届いた人がいるかは: machi broadcast report {number}",
        json_=json_,
    )


@broadcast.command(help="承認された配信を送る。すぐに戻り、動いているサービス(machi serve)が送る")
@click.argument("number", metavar="ID", type=int)
@click.option("--wait", is_flag=True, help="終わるまで進み具合を見る")
@acting
@as_json
def send(number: int, actor: str | None, *, wait: bool, json_: bool) -> int:
    """Let a broadcast go out; with `--wait`, the status is 1 if somebody did not get it."""
    sender = who(actor)

    async def work(desk: Desk) -> tuple[Broadcast, Report | None]:
        from bot.cli.progress import follow

        sent = await desk.composer.send(number, sender)
        if not wait:
            return sent, None
        report = await follow(desk, number)
        return await desk.store.broadcasts.find(number), report

    sent, report = at_desk(work)
    if report is None:
        told = [f"配信 {number} を始めます。進み具合: machi broadcast report {number}"]
        emit(views.summary(sent), json_=json_, text=lambda: told)
        return 0
    data = views.report(sent, report)
    emit(data, json_=json_, text=lambda: views.report_lines(data))
    return 1 if data["failed"] or data["unknown"] or sent.state is not State.DONE else 0


@broadcast.command(help="だれに届き、だれに届かなかったか")
@click.argument("number", metavar="ID", type=int)
@as_json
def report(number: int, *, json_: bool) -> None:
    """Report what became of a broadcast."""

    async def work(desk: Desk) -> dict[str, Any]:
        found = await desk.store.broadcasts.find(number)
        return views.report(found, await desk.store.broadcasts.report(number))

    data = at_desk(work)
    emit(data, json_=json_, text=lambda: views.report_lines(data))
