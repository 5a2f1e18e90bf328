"""`machi broadcast`: approve, send, pause, resume, cancel, and decide about what LINE never answered."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from bot.cli import broadcast_views as views
from bot.cli.options import acting, as_json, who
from bot.cli.output import emit, shown
from bot.cli.session import at_desk
from bot.domain.broadcasts import State
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.broadcasts import Broadcast
    from bot.store.reports import Report
    from bot.wiring import Desk


def _held(held: datetime | None, *, begun: bool = False) -> list[str]:
    """What to tell of quiet hours, if they hold a broadcast back.

    Of one that has begun some residents may have got it, so it is not to be made anew.
    """
    if held is None:
        return []
    when = f"配信を控える時間なので、{held:%m月%d日 %H:%M} に送ります。"
    advice = "待てないものは、--priority urgent か emergency で作り直してください。"
    return [when] if begun else [when, advice]


def _change(
    act: Callable[[Desk], Awaitable[Broadcast]], told: Callable[[Broadcast], str], *, json_: bool
) -> None:
    """Do something to a broadcast and say how it stands then."""

    async def work(desk: Desk) -> tuple[Broadcast, datetime | None]:
        changed = await act(desk)
        return changed, desk.composer.held_until(changed)

    changed, held = at_desk(work)
    begun = changed.started_ms is not None
    emit(views.summary(changed), json_=json_, text=lambda: [told(changed), *_held(held, begun=begun)])


@click.command(help="下書きを承認する(作成した人とは別の人)。--at のある配信は、これで予約される")
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


@click.command(help="配信を一時停止する。送っている途中の分は届く")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def pause(number: int, actor: str | None, *, json_: bool) -> None:
    """Let nothing more go out for now."""
    pauser = who(actor)
    _change(
        lambda desk: desk.composer.pause(number, pauser),
        lambda _: f"配信 {number} を一時停止しました。続ける: machi broadcast resume {number}",
        json_=json_,
    )


@click.command(help="一時停止した配信を、続きから送る")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def resume(number: int, actor: str | None, *, json_: bool) -> None:
    """Go on with a paused broadcast."""
    resumer = who(actor)
    _change(
        lambda desk: desk.composer.resume(number, resumer),
        lambda _: f"配信 {number} を再開します。進み具合: machi broadcast report {number}",
        json_=json_,
    )


@click.command(help="配信を取り消す。LINEが受け付けた分は届く")
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


@click.command(help="承認された配信を送る。すぐに戻り、動いているサービス(machi serve)が送る")
@click.argument("number", metavar="ID", type=int)
@click.option("--wait", is_flag=True, help="終わるまで進み具合を見る")
@acting
@as_json
def send(number: int, actor: str | None, *, wait: bool, json_: bool) -> int:
    """Let a broadcast go out; with `--wait`, the status is 1 if somebody did not get it."""
    sender = who(actor)

    async def work(desk: Desk) -> tuple[Broadcast, Report | None, datetime | None]:
        from bot.cli.progress import follow

        sent = await desk.composer.send(number, sender)
        held = desk.composer.held_until(sent)
        if not wait:
            return sent, None, held
        report = await (follow(desk, number) if held is None else desk.store.reports.of(number))
        return await desk.store.broadcasts.find(number), report, held

    sent, report, held = at_desk(work)
    if report is None:
        told = _held(held) or [f"配信 {number} を始めます。進み具合: machi broadcast report {number}"]
        emit(views.summary(sent), json_=json_, text=lambda: told)
        return 0
    data = views.report(sent, report)
    emit(data, json_=json_, text=lambda: _held(held) or views.report_lines(data))
    if held is not None:
        return 0
    return 1 if data["failed"] or data["unknown"] or sent.state is not State.DONE else 0


@click.command(
    "retry-unknown", help="LINEの答えがないまま23時間たった分を、もう一度送る(二重に届くことがある)"
)
@click.argument("number", metavar="ID", type=int)
@click.option("--yes", is_flag=True, help="確認を求めない")
@acting
@as_json
def retry_unknown(number: int, actor: str | None, *, yes: bool, json_: bool) -> None:
    """Send once more what may or may not have arrived."""
    decider = who(actor)

    async def count(desk: Desk) -> int:
        return await desk.composer.unknown_count(number)

    unknown = at_desk(count)
    warning = f"{unknown} 人には、もう届いているかもしれません。送り直すと、同じメッセージが二重に届くことがあります。"
    if unknown and not yes:
        if not sys.stdin.isatty():
            raise InvalidInputError(f"{warning}\n送り直すなら、--yes を付けてください。")
        click.confirm(f"{warning}送り直しますか", abort=True, err=True)

    async def again(desk: Desk) -> tuple[int, datetime | None]:
        residents = await desk.composer.retry_unknown(number, decider)
        return residents, desk.composer.held_until(await desk.store.broadcasts.find(number))

    residents, held = at_desk(again)
    emit(
        {"id": number, "residents": residents},
        json_=json_,
        text=lambda: [
            f"{residents} 人に送り直します。進み具合: machi broadcast report {number}",
            *(
                [f"残りの {unknown - residents} 人は、もうフォローしていません。"]
                if residents < unknown
                else []
            ),
            *_held(held, begun=True),
        ],
    )


COMMANDS = (approve, send, pause, resume, cancel, retry_unknown)
