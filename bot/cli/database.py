"""`machi db`: the schema, copies, and the way back to one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import NOBODY, Group, acting, as_json, who
from bot.cli.output import emit, iso, shown
from bot.cli.session import settings
from bot.domain.clock import Clock, from_ms
from bot.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.settling import Lapse, Restored, Returned


@click.group(cls=Group, help="データベース")
def db() -> None:
    """Commands about the database."""


@db.command(help="スキーマを最新にする")
@as_json
def upgrade(*, json_: bool) -> None:
    """Apply the migrations that are missing."""
    from bot.store.store import open_database

    async def run() -> list[str]:
        configured = settings()
        database = await open_database(configured.database_url, configured.clock())
        try:
            return await database.upgrade()
        finally:
            await database.close()

    applied = asyncio.run(run())
    done = [f"適用しました: {name}" for name in applied] or ["データベースは最新です。"]
    emit({"applied": applied}, json_=json_, text=lambda: done)


@db.command(help="動かしたまま、ある瞬間のデータベースを1つのファイルに写す")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@as_json
def backup(file: Path, *, json_: bool) -> None:
    """Copy the database; the file holds personal data and is its owner's alone."""
    from bot.store.copies import back_up

    configured = settings()
    copy = asyncio.run(back_up(configured.database_url, file, configured.clock()))
    data = {
        "file": str(file),
        "made_at": iso(copy.made_ms),
        "rows": copy.rows,
        "bytes": copy.size,
        "tables": copy.tables,
    }
    said = (
        f"{file} に写しました({copy.rows:,} 行、{copy.size:,} バイト)。住民の個人情報が入っています。",
        f"戻す: machi db restore {file}",
    )
    emit(data, json_=json_, text=lambda: said)


@db.command(help="backup で作ったファイルの中身に戻す(サービスを止めてから)")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="確かめずに戻す")
@acting
@as_json
def restore(file: Path, actor: str | None, *, yes: bool, json_: bool) -> None:
    """Go back to a copy, after asking on a terminal; what was there is kept."""
    configured = settings()
    restored = asyncio.run(_restore(configured, file, who(actor, default=NOBODY), yes=yes))
    data = {
        "file": str(file),
        "made_at": iso(restored.copied_ms),
        "rows": restored.rows,
        "safety_copy": str(restored.safety_copy) if restored.safety_copy else None,
        **restored.settled._asdict(),
        "notices": restored.notices,
        "returned": restored.returned._asdict() if restored.returned else None,
    }
    emit(data, json_=json_, text=lambda: _told(restored, configured.clock().now().date()))


async def _restore(configured: Settings, file: Path, actor: str, *, yes: bool) -> Restored:
    from bot.store.restoring import checked, copied_ms, restore, upgraded
    from bot.store.store import sqlite_path
    from bot.wiring import alone

    url, clock = configured.database_url, configured.clock()
    path = sqlite_path(url)
    with alone(path), checked(url, file) as temporary:
        if path is None:
            from bot.store.postgres_copies import refuse_if_in_use

            await refuse_if_in_use(url, clock.now_ms())
        await upgraded(temporary, clock)
        made_ms = copied_ms(temporary, clock.now_ms())
        if sys.stdin.isatty() and not yes:
            question = f"データベースを {shown(made_ms)} のコピーに戻します。そのあとの登録や配信の記録はなくなります。戻しますか"
            click.confirm(question, abort=True)
        return await restore(
            url,
            temporary,
            clock,
            copied_ms=made_ms,
            actor=actor,
            lapse=_lapse(configured, made_ms, clock),
            keep_beside=file if path is None else path,
        )


def _lapse(configured: Settings, made_ms: int, clock: Clock) -> Lapse:
    from bot.broadcasts.lapse import lapse
    from bot.town import load

    try:
        town = load(configured.town)
    except ConfigurationError:  # a fault in the folder must not keep anybody from their data
        town = None
    return lapse(town, from_ms(made_ms), clock.now())


def _told(restored: Restored, today: date) -> Iterator[str]:
    """What staff must know and do before they start the service."""
    made = from_ms(restored.copied_ms)
    yield f"{made:%Y-%m-%d %H:%M:%S} のコピーに戻しました({restored.rows:,} 行)。"
    if restored.safety_copy is not None:
        yield f"戻す前のデータベース: {restored.safety_copy}"
    yield "サービスを動かす前に確かめること:"
    paused, approved, spared = restored.settled
    if paused:
        yield (
            f"- 配信 {_numbers(paused)} を一時停止しました。"
            "届いたかどうかを確かめてから machi broadcast resume か cancel してください。"
        )
    if approved:
        yield (
            f"- 配信 {_numbers(approved)} は承認済みで、まだ送っていないことになっています。"
            "send の前に、もう送られていないか確かめてください。"
        )
    many = "" if restored.notices is None else f"({restored.notices} 回)"
    yield (
        f"- コピーのあとの定期のお知らせ{many}は、さかのぼって送りません。"
        f"何があったか: machi rehearse --from {made:%Y-%m-%d} --to {today}"
    )
    if spared:
        yield f"- 1日の上限で見送ったもの {spared} 通は、まとめでもう届いたかもしれないので、送りません。"
    yield _back(restored.returned)
    yield "- 避難情報と避難所もコピーのときのままです: machi order list、machi shelter list"


def _back(returned: Returned | None) -> str:
    how = "消し直す: machi resident erase USER_ID"
    if returned is None:
        return f"- コピーのあとに消した人や配信を止めた人がいれば、元に戻っています。{how}"
    erased, stopped = map(len, returned)
    return (
        f"- コピーのあとに消した {erased} 人と、配信を止めた {stopped} 人が、元に戻っています。"
        f"だれかは、--json か、戻す前のデータベースと比べると分かります(docs/operations.md)。{how}"
    )


def _numbers(numbers: list[int]) -> str:
    return "・".join(map(str, numbers))
