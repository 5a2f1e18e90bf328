"""`machi cap`: alerts of others (CAP), taken in as drafts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, acting, as_json, counted, who
from bot.cli.output import emit, iso, shown, table
from bot.cli.session import at_desk
from bot.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from bot.cap.intake import Taken
    from bot.store.cap_alerts import CapRecord
    from bot.wiring import Desk

OUTCOMES = {"draft": "下書き", "old": "期限切れ", "again": "取り込み済み", "refused": "断った"}
_LARGEST = 4 * 1024 * 1024


@click.group(cls=Group, help="ほかの機関の警報(CAP)")
def cap() -> None:
    """Commands about alerts of others."""


@cap.command(
    "import", help="CAP のファイルか、town.toml にあるアドレスを読み、下書きにする。送るには承認が要る"
)
@click.argument("place", metavar="FILE_OR_ADDRESS")
@acting
@as_json
def import_(place: str, actor: str | None, *, json_: bool) -> None:
    """Take in an alert; nothing is sent."""
    author = who(actor)
    body = None if place.startswith(("http://", "https://")) else _read(place)

    async def work(desk: Desk) -> Sequence[Taken]:
        import aiohttp

        from bot.wiring import cap_desk

        if body is not None:
            return [await cap_desk(desk).take_file(body, author)]
        async with aiohttp.ClientSession() as session:
            return await cap_desk(desk).take_address(session, place, author)

    found = at_desk(work)
    data = [
        {**_record(each.record), "new": each.is_new, "earlier": [e.broadcast_id for e in each.earlier]}
        for each in found
    ]
    lines = [line for each in found for line in _lines(each)] or ["新しい警報はありませんでした。"]
    emit({"alerts": data}, json_=json_, text=lambda: lines)


def _read(place: str) -> bytes:
    try:
        with Path(place).open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInputError(f"{place} を読めません({error.strerror})。") from None


def _lines(taken: Taken) -> list[str]:
    """What became of an alert, for people."""
    found = taken.record
    number = found.broadcast_id
    if found.outcome == "refused":
        return [f"断りました: {found.headline or found.place}", *(found.reason or "").splitlines()]
    if not taken.is_new:
        known = f"配信 {number}" if number else OUTCOMES[found.outcome]
        return [f"この警報は、もう取り込んでいます({known})。新しい下書きは作りませんでした。"]
    if number is None:
        return [f"期限が過ぎているので、下書きにしませんでした: {found.headline}"]
    drill = "【訓練】" if found.status in {"Exercise", "Test"} else ""
    lines = [f"配信 {number} を下書きしました: {drill}{found.headline}"]
    if found.message_type in {"Update", "Cancel"}:
        kind = "更新" if found.message_type == "Update" else "取り消し"
        before = "、".join(f"配信 {each.broadcast_id}" for each in taken.earlier if each.broadcast_id)
        lines.append(
            f"これは、前の警報({before})の{kind}です。前の下書きをどうするか、確かめてください。"
            if before
            else f"これは、前の警報の{kind}ですが、前の警報は取り込んでいません。"
        )
    return [
        *lines,
        f"内容を確かめる: machi broadcast preview {number}",
        f"別の人が承認する: machi broadcast approve {number} --as 名前",
    ]


@cap.command("list", help="受け取った警報と、どうなったか。新しい順")
@counted(20)
@as_json
def list_(count: int, *, json_: bool) -> None:
    """The latest alerts, newest first."""

    async def work(desk: Desk) -> list[CapRecord]:
        return await desk.store.cap_alerts.newest(count)

    found = at_desk(work)
    rows = [
        (
            shown(each.received_ms),
            OUTCOMES[each.outcome],
            each.source or "-",
            each.broadcast_id or "-",
            each.headline or (each.reason or "").partition("\n")[0],
        )
        for each in found
    ]
    headings = ("受け取った時刻", "どうなったか", "相手", "配信", "見出し")
    empty = ["まだ警報はありません。"]
    emit(
        {"alerts": [_record(each) for each in found]},
        json_=json_,
        text=lambda: table(headings, rows) if rows else empty,
    )


def _record(found: CapRecord) -> dict[str, Any]:
    return {
        "source": found.source,
        "sender": found.sender,
        "identifier": found.identifier,
        "sent_at": iso(found.sent_ms),
        "status": found.status,
        "type": found.message_type,
        "headline": found.headline,
        "outcome": found.outcome,
        "reason": found.reason,
        "place": found.place,
        "broadcast": found.broadcast_id,
        "received_at": iso(found.received_ms),
    }
