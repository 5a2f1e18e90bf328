"""`machi order`: the town's own evacuation orders."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from bot.cli import order_views as views
from bot.cli.options import Group, acting, as_json, who
from bot.cli.output import emit, shown, table
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError
from bot.domain.orders import STATE_WORDS, Reach, parse_level

if TYPE_CHECKING:
    from bot.broadcasts.orders import Made, OrderDraft
    from bot.domain.orders import Order
    from bot.town.model import Town
    from bot.wiring import Desk

_LISTED = 50


@click.group(
    cls=Group,
    invoke_without_command=True,
    help="町の避難情報。端末で「machi order」だけを打つと、シナリオから順に尋ねます",
)
@click.pass_context
def order(context: click.Context) -> None:
    """At a terminal, ask for an order step by step."""
    if context.invoked_subcommand is not None:
        return
    if not sys.stdin.isatty():
        click.echo(context.get_help())
        return
    from bot.cli.order_questions import ask

    author = who(None)
    draft = at_desk(lambda desk: ask(desk, author))
    if draft is None:
        click.echo("何も作りませんでした。")
        return
    _say(at_desk(lambda desk: _desk(desk).issue(draft, author)), json_=False)


def _desk(desk: Desk) -> Any:
    from bot.wiring import order_desk

    return order_desk(desk)


@order.command(help="発令の下書きを作る。承認(order approve)すると、すぐに送られる")
@click.option("--level", metavar="3|4|5", help="3 高齢者等避難、4 避難指示、5 緊急安全確保")
@click.option(
    "--hazard", metavar="H", help="洪水・土砂災害・内水氾濫・高潮・地震・津波・大規模な火事・火山現象"
)
@click.option("--district", "districts", multiple=True, metavar="D", help="対象の地区(くり返し可)")
@click.option("--reason", metavar="TEXT", help="理由")
@click.option("--reason-easy", metavar="TEXT", help="やさしい日本語の理由")
@click.option("--reason-en", metavar="TEXT", help="英語の理由")
@click.option(
    "--to",
    "reach",
    type=click.Choice(["topic", "district", "all"]),
    help="topic 防災を選んだ人、district 対象の地区の人と地区の登録がない人(省略するとこれ)、all 全員",
)
@click.option("--everyone", is_flag=True, help="LINEの一斉配信で、登録のない友だちにも届ける")
@click.option("--drill", is_flag=True, help="訓練。メッセージの初めと終わりに【訓練】が付く")
@click.option("--to-staff", is_flag=True, help="職員(town.toml の [[staff]])だけに送る。訓練のときだけ")
@click.option("--scenario", metavar="NAME", help="scenarios.toml のシナリオ。書いたオプションが先に使われる")
@acting
@as_json
def issue(actor: str | None, scenario: str | None, *, json_: bool, **said: Any) -> None:
    """Store an order and the broadcast that tells it."""
    author = who(actor)

    async def work(desk: Desk) -> Made:
        made: Made = await _desk(desk).issue(_draft(desk.town, scenario, said), author)
        return made

    _say(at_desk(work), json_=json_)


def _draft(town: Town, scenario: str | None, said: dict[str, Any]) -> OrderDraft:
    """The order of a scenario and the options; an option stands before what the scenario says."""
    from bot.broadcasts.orders import OrderDraft
    from bot.town.emergency import scenario_named

    ready = scenario_named(town.scenarios, scenario) if scenario else None
    reasons = dict(ready.reasons) if ready else {}
    for language, option in (("ja", "reason"), ("ja-easy", "reason_easy"), ("en", "reason_en")):
        if said[option]:
            reasons[language] = said[option]
    level = parse_level(said["level"]) if said["level"] else ready and ready.level
    hazard = said["hazard"] or (ready and ready.hazard)
    districts = said["districts"] or (ready.districts if ready else ())
    for name, value in (("level", level), ("hazard", hazard), ("district", districts)):
        if not value:
            raise InvalidInputError(f"--{name} が必要です(--scenario を使うと省略できます)。")
    assert level
    assert hazard
    return OrderDraft(
        level, hazard.strip(), districts, reasons, _reach(said), said["drill"], ready.name if ready else None
    )


def _reach(said: dict[str, Any]) -> Reach:
    if said["everyone"] and (said["to_staff"] or said["reach"] not in {None, "all"}):
        raise InvalidInputError(
            "--everyone は友だち全員に届けます。--to や --to-staff とは一緒に使えません。"
        )
    if said["to_staff"] and said["reach"]:
        raise InvalidInputError("--to-staff は、--to とは一緒に使えません。")
    if said["everyone"]:
        return Reach.EVERYONE
    return Reach.STAFF if said["to_staff"] else Reach(said["reach"] or "district")


def _say(made: Made, *, json_: bool) -> None:
    emit(views.made(made), json_=json_, text=lambda: views.made_lines(made))


def _make(work: Callable[[Any], Awaitable[Made]], *, json_: bool) -> None:
    """Write a change of an order and say what to do next."""

    async def at(desk: Desk) -> Made:
        return await work(_desk(desk))

    _say(at_desk(at), json_=json_)


@order.command(help="対象を狭める下書きを作る。--district には、発令したまま残す地区を書く")
@click.argument("number", metavar="ID", type=int)
@click.option(
    "--district", "districts", multiple=True, required=True, metavar="D", help="残す地区(くり返し可)"
)
@acting
@as_json
def narrow(number: int, districts: tuple[str, ...], actor: str | None, *, json_: bool) -> None:
    """Write that an order holds for fewer districts."""
    author = who(actor)
    _make(lambda desk: desk.narrow(number, districts, author), json_=json_)


@order.command(help="解除の下書きを作る。届いた人に知らせる")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def lift(number: int, actor: str | None, *, json_: bool) -> None:
    """Write that an order is lifted."""
    author = who(actor)
    _make(lambda desk: desk.lift(number, author), json_=json_)


@order.command(help="承認する(作成した人とは別の人)。発令・縮小・解除が、これですぐに送られる")
@click.argument("number", metavar="ID", type=int)
@click.option(
    "--alone",
    is_flag=False,
    flag_value="",
    metavar="文",
    help="ほかにだれもいないとき、作成した人が1人で承認する。表示される文を打つ",
)
@acting
@as_json
def approve(number: int, alone: str | None, actor: str | None, *, json_: bool) -> None:
    """Approve what waits of an order."""
    approver = who(actor)
    if alone == "" and sys.stdin.isatty():
        alone = click.prompt(at_desk(lambda desk: _phrase(desk, number)), err=True)

    async def work(desk: Desk) -> tuple[Made, int | None]:
        found: tuple[Made, int | None] = await _desk(desk).approve(number, approver, alone)
        return found

    made, note = at_desk(work)
    alone_now = made.broadcast.author == approver
    data = {**views.made(made), "alone": alone_now, "note": note}
    emit(data, json_=json_, text=lambda: views.approved_lines(made, note, alone=alone_now))


async def _phrase(desk: Desk, number: int) -> str:
    from bot.domain.orders import phrase

    found, telling = await _desk(desk).waiting(number)
    return f"1人で承認するには、次の文を打ってください。\n{phrase(found, telling.deed)}\n"


@order.command(help="承認を待っている下書き(発令・縮小・解除)を取り消す")
@click.argument("number", metavar="ID", type=int)
@acting
@as_json
def cancel(number: int, actor: str | None, *, json_: bool) -> None:
    """Take back what waits for approval."""
    canceller = who(actor)

    async def work(desk: Desk) -> Order:
        found: Order = await _desk(desk).cancel(number, canceller)
        return found

    found = at_desk(work)
    emit(
        views.data(found),
        json_=json_,
        text=lambda: [f"下書きを取り消しました。避難情報 {number} は{STATE_WORDS[found.state]}です。"],
    )


@order.command("list", help="避難情報の一覧。新しい順")
@click.option("--active", is_flag=True, help="発令中のものだけ")
@as_json
def list_(*, active: bool, json_: bool) -> None:
    """List the orders."""

    async def work(desk: Desk) -> list[Order]:
        orders = desk.store.orders
        return (await orders.active())[::-1] if active else await orders.newest(_LISTED)

    found = at_desk(work)
    headings = ("番号", "状態", "避難情報", "災害", "地区", "発令", "終了", "作成", "承認")
    rows = [
        (
            each.id,
            STATE_WORDS[each.state],
            ("【訓練】" if each.drill else "") + each.title,
            each.hazard,
            "・".join(each.districts),
            shown(each.issued_ms),
            shown(each.ended_ms),
            each.author,
            (each.approver or "-") + ("(1人で承認)" if each.alone else ""),
        )
        for each in found
    ]
    emit({"orders": [views.data(each) for each in found]}, json_=json_, text=lambda: table(headings, rows))


@order.command(help="作成・承認・最初の送信・最後の答えの時刻と、かかった時間")
@click.argument("number", metavar="ID", type=int)
@as_json
def report(number: int, *, json_: bool) -> None:
    """Tell how long each step of an order took."""

    async def work(desk: Desk) -> dict[str, Any]:
        found = await desk.store.orders.find(number)
        steps = []
        for telling in await desk.store.orders.tellings(number):
            told = await desk.store.broadcasts.find(telling.broadcast_id)
            steps.append(views.step(telling.deed, told, await desk.store.reports.of(told.id)))
        return {**views.data(found), "steps": steps}

    data = at_desk(work)
    emit(data, json_=json_, text=lambda: views.report_lines(data))
