"""`machi safety`: 安否, what residents say of themselves."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, acting, as_json, who
from bot.cli.output import emit, iso, shown, table
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError
from bot.domain.safety import WORDS, SafetyState
from bot.domain.shelters import map_link

if TYPE_CHECKING:
    from bot.store.safety import Reported
    from bot.wiring import Desk

_COLUMNS = ("user_id", "安否", "時刻", "地区", "場所", "地図", "言語")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""


@click.group(cls=Group, help="安否")
def safety() -> None:
    """Commands about how residents are."""


@safety.command("list", help="安否の一覧。助けが必要な人が先、あとは新しい順")
@click.option("--help-needed", is_flag=True, help="助けが必要な人だけ")
@click.option("--csv", "file", metavar="FILE", help="表計算ソフトで開ける CSV に書き出す(- は標準出力)")
@as_json
def list_(file: str | None, *, help_needed: bool, json_: bool) -> None:
    """List what residents have answered."""

    async def work(desk: Desk) -> list[Reported]:
        found = await desk.store.safety.all()
        return [each for each in found if not help_needed or each.state is SafetyState.HELP]

    found = at_desk(work)
    if file is not None:
        _write(file, found)
        if file == "-":
            return
    rows = [_row(each) for each in found]
    told = [f"{len(found)} 件を {file} に書き出しました。個人の情報です。取り扱いに注意してください。"]
    emit(
        {"answers": [_data(each) for each in found]},
        json_=json_,
        text=lambda: told if file is not None else table(_COLUMNS, rows),
    )


def _row(each: Reported) -> tuple[str, ...]:
    link = map_link(each.place) if each.place else "-"
    words = (each.words or "-").replace("\n", " ")
    state = WORDS[each.state]
    return (each.user_id, state, shown(each.at_ms), each.district or "-", words, link, each.language)


def _write(file: str, found: list[Reported]) -> None:
    """UTF-8 with a mark, as spreadsheets like it; no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for each in found:
        writer.writerow(
            [f"'{cell}" if cell.startswith(_FORMULA) and cell != "-" else cell for cell in _row(each)]
        )
    if file == "-":
        click.echo(text.getvalue(), nl=False)
        return
    try:
        Path(file).write_text(text.getvalue(), "utf-8-sig", newline="")
    except OSError as error:
        raise InvalidInputError(f"{file} に書けません({error.strerror})。") from None


def _data(each: Reported) -> dict[str, Any]:
    return {
        "user_id": each.user_id,
        "language": each.language,
        "district": each.district,
        "state": each.state.value,
        "place": each.words,
        "latitude": each.place.latitude if each.place else None,
        "longitude": each.place.longitude if each.place else None,
        "at": iso(each.at_ms),
    }


@safety.command(help="安否の人数。地区ごと")
@as_json
def counts(*, json_: bool) -> None:
    """Count the answers."""

    async def work(desk: Desk) -> dict[str | None, dict[SafetyState, int]]:
        return await desk.store.safety.counts()

    found = at_desk(work)
    total = {state: sum(each.get(state, 0) for each in found.values()) for state in SafetyState}
    rows = [
        (name or "(地区の登録なし)", *(each.get(s, 0) for s in SafetyState)) for name, each in found.items()
    ]
    rows.append(("合計", *total.values()))
    data = {
        "total": {state.value: number for state, number in total.items()},
        "districts": [
            {"district": name, **{state.value: each.get(state, 0) for state in SafetyState}}
            for name, each in found.items()
        ],
    }
    headings = ("地区", *(WORDS[state] for state in SafetyState))
    emit(data, json_=json_, text=lambda: table(headings, rows))


@safety.command(help="すべての安否を消す。元には戻せない")
@click.option("--yes", is_flag=True, help="確認を求めない")
@acting
@as_json
def erase(actor: str | None, *, yes: bool, json_: bool) -> None:
    """Erase every answer."""
    eraser = who(actor)
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInputError(
                "すべての安否を消します。元には戻せません。消すなら、--yes を付けてください。"
            )
        click.confirm("すべての安否を消します。元には戻せません。消しますか", abort=True, err=True)

    async def work(desk: Desk) -> int:
        return await desk.store.safety.erase(eraser)

    erased = at_desk(work)
    emit({"erased": erased}, json_=json_, text=lambda: [f"{erased} 件の安否を消しました。"])
