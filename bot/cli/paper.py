"""`sheet` and `script` of orders and of broadcasts, for those without a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import as_json
from bot.cli.output import emit
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.broadcasts.announcing import Announcement, Announcer
    from bot.wiring import Desk


def commands(group: click.Group, *, order: bool) -> None:
    """Add both commands to a group; their number is an order's or a broadcast's."""
    siren = click.option(
        "--siren", is_flag=True, help="初めに、サイレンを鳴らす指示を入れる(警戒レベル4・5の発令)"
    )

    @group.command(help="紙に印刷して配る、A4の1枚(HTML)。スマートフォンを持たない人に")
    @click.argument("number", metavar="ID", type=int)
    @click.option("--output", "-o", metavar="FILE", help="書き出すファイル(省略すると標準出力)")
    @click.option(
        "--language", metavar="L", help="言語をコンマで区切って(例: ja,ja-easy,en)。省略すると町の言語すべて"
    )
    @as_json
    def sheet(number: int, output: str | None, language: str | None, *, json_: bool) -> None:
        _sheet(number, output, language, order=order, json_=json_)

    @group.command(help="防災行政無線で読む原稿。［］の行は読まない")
    @click.argument("number", metavar="ID", type=int)
    @siren
    @as_json
    def script(number: int, *, siren: bool, json_: bool) -> None:
        _script(number, order=order, siren=siren, json_=json_)


async def _found(desk: Desk, number: int, *, order: bool) -> tuple[Announcer, Announcement]:
    from bot.broadcasts.announcing import Announcer

    announcer = Announcer(desk.store, desk.town)
    find = announcer.of_order if order else announcer.of_broadcast
    return announcer, await find(number)


def _data(found: Announcement) -> dict[str, Any]:
    return {
        "broadcast": found.broadcast.id,
        "order": found.order.id if found.order else None,
        "deed": found.deed.value if found.deed else None,
        "drill": found.broadcast.drill,
        "approved": not found.is_sample,
        "warnings": list(found.warnings),
    }


def _warn(found: Announcement, *, json_: bool) -> None:
    for warning in () if json_ else found.warnings:
        click.echo(f"注意: {warning}", err=True)


def _sheet(number: int, output: str | None, language: str | None, *, order: bool, json_: bool) -> None:
    languages = tuple(filter(None, (each.strip() for each in (language or "").split(","))))

    async def work(desk: Desk) -> tuple[Announcement, str]:
        from bot.rendering.sheet import html

        announcer, found = await _found(desk, number, order=order)
        return found, html(announcer.sheet(found, languages))

    found, document = at_desk(work)
    _warn(found, json_=json_)
    if output is not None:
        try:
            Path(output).write_text(document, encoding="utf-8")
        except OSError as error:
            raise InvalidInputError(f"{output} に書けません({error.strerror})。") from None
    data = {**_data(found), "output": output, **({} if output else {"html": document})}
    done = f"{output} に書き出しました。ブラウザーで開いて、A4に印刷してください。"
    emit(data, json_=json_, text=lambda: [done] if output else [document])


def _script(number: int, *, order: bool, siren: bool, json_: bool) -> None:
    async def work(desk: Desk) -> tuple[Announcement, list[Any]]:
        announcer, found = await _found(desk, number, order=order)
        return found, announcer.script(found, siren=siren)

    found, lines = at_desk(work)
    _warn(found, json_=json_)
    data = {**_data(found), "lines": [{"text": line.text, "spoken": line.spoken} for line in lines]}
    emit(data, json_=json_, text=lambda: map(str, lines))
