"""`machi resident`: who is registered, as JSON Lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import NOBODY, Group, acting, as_json, who
from bot.cli.output import LANGUAGE_NAMES, STATES, emit, pairs
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError
from bot.domain.residents import Resident, masked

if TYPE_CHECKING:
    from bot.wiring import Desk


@click.group(cls=Group, help="住民の登録")
def resident() -> None:
    """Commands about residents."""


@resident.command(
    "import", help="JSON Lines のファイル(- は標準入力)から登録する。1行でもまちがいがあれば何も登録しない"
)
@click.argument("file", metavar="FILE")
@acting
@as_json
def import_(file: str, actor: str | None, *, json_: bool) -> None:
    """Check every line, then write all."""
    actor = who(actor, default=NOBODY)
    lines = _lines(file)

    async def work(desk: Desk) -> tuple[int, int]:
        from bot.store.audit import AuditEntry
        from bot.town import roster

        changes = roster.read(lines, desk.town)
        imported, updated = await desk.store.residents.save_all(changes)
        detail = f"imported {imported}, updated {updated}"
        await desk.store.audit.add(
            AuditEntry(desk.clock.now_ms(), actor, "resident.import", "residents", detail)
        )
        return imported, updated

    imported, updated = at_desk(work)
    emit(
        {"imported": imported, "updated": updated},
        json_=json_,
        text=lambda: [f"新しく {imported} 人を登録し、{updated} 人を更新しました。"],
    )


def _lines(file: str) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise InvalidInputError(f"{file} を読めません({error.strerror})。") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} の文字コードがUTF-8ではありません。") from None


@resident.command(help="全員の登録を JSON Lines で書き出す(import と同じ形)")
@click.option("--output", "-o", metavar="FILE", help="書き出すファイル(省略すると標準出力)")
def export(output: str | None) -> None:
    """Write every resident, the oldest first."""

    async def work(desk: Desk) -> None:
        from bot.town import roster

        try:
            file = sys.stdout if output is None else Path(output).open("w", encoding="utf-8")  # noqa: SIM115, ASYNC230  closed below; nothing else runs meanwhile
        except OSError as error:
            raise InvalidInputError(f"{output} に書けません({error.strerror})。") from None
        try:
            async for each in desk.store.residents.all():
                file.write(json.dumps(roster.record(each), ensure_ascii=False) + "\n")
        finally:
            if output is not None:
                file.close()

    at_desk(work)


@resident.command(help="1人の登録内容を見る")
@click.argument("user_id", metavar="USER_ID")
@as_json
def show(user_id: str, *, json_: bool) -> None:
    """Show what is registered."""

    async def work(desk: Desk) -> Resident:
        return await desk.store.residents.find(user_id)

    from bot.town import roster

    found = at_desk(work)
    data = {**roster.record(found), "state": found.state.value}
    words = {
        "user_id": found.user_id,
        "状態": STATES[found.state],
        "言語": LANGUAGE_NAMES[found.language],
        **{key: "、".join(values) for key, fact in roster.KEYS.items() if (values := found.values(fact))},
    }
    emit(data, json_=json_, text=lambda: pairs(words))


@resident.command(help="1人の登録を、その人を指すものを残さず消す")
@click.argument("user_id", metavar="USER_ID")
@click.option("--yes", is_flag=True, help="確かめずに消す")
@acting
@as_json
def erase(user_id: str, actor: str | None, *, yes: bool, json_: bool) -> None:
    """Erase a resident, after asking on a terminal."""
    actor = who(actor, default=NOBODY)

    async def work(desk: Desk) -> None:
        from bot.store.audit import AuditEntry

        found = await desk.store.residents.find(user_id)
        if sys.stdin.isatty() and not yes:
            click.confirm(f"{found.user_id} の登録をすべて消します。元に戻せません。消しますか", abort=True)
        await desk.store.residents.erase(user_id)
        deed = AuditEntry(desk.clock.now_ms(), actor, "resident.erase", masked(user_id), "")
        await desk.store.audit.add(deed)

    at_desk(work)
    emit({"erased": user_id}, json_=json_, text=lambda: [f"{user_id} の登録を消しました。"])
