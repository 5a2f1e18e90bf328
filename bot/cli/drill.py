"""`machi drill`: telegrams of a scenario through the real code, marked 【訓練】."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli import drill_views as views
from bot.cli.options import NOBODY, Group, acting, as_json, counted, who
from bot.cli.output import emit
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError, RefusedError
from bot.domain.nearest import did_you_mean
from bot.domain.residents import Fact

if TYPE_CHECKING:
    from bot.telegrams.drill import Reach
    from bot.telegrams.scenario import Scenario
    from bot.town.model import Town
    from bot.wiring import Desk

_INTERRUPTED = 130


@click.group(cls=Group, help="気象庁の電文を使った訓練")
def drill() -> None:
    """Commands about drills."""


@drill.command(help="フォルダーの電文を、いま発表されたことにして流す。届くメッセージには【訓練】が付く")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=60,
    show_default=True,
    metavar="N",
    help="実際の何倍の速さで流すか。0 はすぐに",
)
@click.option("--to-staff", "staff", is_flag=True, help="職員([[staff]])だけに送る")
@click.option(
    "--district", "districts", multiple=True, metavar="地区", help="この地区の人だけに送る(くり返し可)"
)
@click.option("--yes", is_flag=True, help="確かめずに始める")
@acting
@as_json
def replay(
    folder: Path,
    speed: float,
    districts: tuple[str, ...],
    actor: str | None,
    *,
    staff: bool,
    yes: bool,
    json_: bool,
) -> int:
    """Replay a folder of telegrams; its report at the end."""
    author = who(actor, NOBODY)
    if staff and districts:
        raise InvalidInputError("--to-staff と --district は、いっしょに使えません。")

    async def work(desk: Desk) -> dict[str, Any] | None:
        from bot.telegrams.drill import Reach

        reach = Reach(tuple(dict.fromkeys(districts)), staff)
        _require_reach(reach, desk.town)
        scenario = await _ready(desk, folder)
        if not await _agreed(desk, scenario, reach, asks=sys.stdin.isatty() and not yes):
            return None
        return await _run(desk, scenario, reach, speed, author)

    found = at_desk(work)
    if found is None:
        click.echo("訓練を始めませんでした。")
        return 0
    emit(found, json_=json_, text=lambda: views.report_lines(found))
    return {"done": 0, "stopped": _INTERRUPTED}.get(found["state"], 1)


def _require_reach(reach: Reach, town: Town) -> None:
    known = [choice.name for choice in town.choices.get(Fact.DISTRICT, ())]
    for district in reach.districts:
        if district not in known:
            raise InvalidInputError(f"地区「{district}」はありません。{did_you_mean(district, known)}")
    if reach.staff and not town.staff:
        raise InvalidInputError(
            "town.toml に [[staff]] がありません。職員の名前と user_id を書いてください。"
        )


async def _ready(desk: Desk, folder: Path) -> Scenario:
    """The scenario, if this is the time for a drill."""
    from bot.telegrams.drill import real_danger
    from bot.telegrams.scenario import read_scenario

    scenario = await asyncio.to_thread(read_scenario, folder, desk.town.places)
    watching = bool(desk.settings.jma_base)
    if reason := await real_danger(desk.store.database, desk.clock, watching=watching):
        raise RefusedError(f"{reason}いまは訓練をしません。解除されてから行ってください。")
    return scenario


async def _agreed(desk: Desk, scenario: Scenario, reach: Reach, *, asks: bool) -> bool:
    """Say what is going to happen, and at a terminal ask."""
    from bot.domain.broadcasts import Broadcast
    from bot.telegrams.drill import outline

    messages, segment = outline(scenario, desk.town, desk.clock, reach)
    people = len(desk.town.staff)
    if not reach.staff:
        example = Broadcast("", segment or "", "")
        people = await desk.composer.audience_count(example) if segment else 0
    first, last = scenario.moments[0].reported, scenario.moments[-1].reported
    click.echo(
        f"電文 {scenario.count} 通({first:%Y年%m月%d日 %H:%M} から {last:%m月%d日 %H:%M})を、"
        "いま発表されたことにして流します。",
        err=True,
    )
    click.echo("時刻は電文の値を今に移しますが、見出しなどの文の中の日時はそのままです。", err=True)
    if scenario.skipped:
        click.echo(f"読まない種類の電文 {len(scenario.skipped)} 通は流しません。", err=True)
    told = f"{people} 人に訓練のメッセージが届きます(送る相手: {reach}、全部で約 {messages} 通)。"
    click.echo(told, err=True)
    return not asks or click.confirm("始めますか", err=True)


async def _run(desk: Desk, scenario: Scenario, reach: Reach, speed: float, author: str) -> dict[str, Any]:
    from bot.telegrams.drill import Replay

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    replay = Replay(
        desk.store,
        desk.town,
        desk.templates,
        desk.clock,
        scenario,
        speed=speed,
        actor=author,
        reach=reach,
        watching=bool(desk.settings.jma_base),
        say=lambda line: click.echo(line, err=True),
        stop=stop,
    )
    return await views.report(desk, await replay.run())


@drill.command("list", help="訓練の一覧。新しい順")
@counted(20)
@as_json
def list_(count: int, *, json_: bool) -> None:
    """The newest drills."""
    found = at_desk(lambda desk: desk.store.drills.newest(count))
    emit({"drills": [views.data(each) for each in found]}, json_=json_, text=lambda: views.list_lines(found))


@drill.command(help="電文ごとに、発表から最後の答えまでにかかった時間と人数")
@click.argument("number", metavar="ID", type=int)
@as_json
def report(number: int, *, json_: bool) -> None:
    """Tell how long each step of a drill took."""
    found = at_desk(lambda desk: views.report(desk, number))
    emit(found, json_=json_, text=lambda: views.report_lines(found))
