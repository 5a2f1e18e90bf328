"""`machi jma`: the Meteorological Agency's telegrams, and what is in force for the town."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, as_json, counted
from bot.cli.output import emit, iso, pairs, shown, table
from bot.cli.session import at_desk

if TYPE_CHECKING:
    from bot.jma.state import InForce
    from bot.wiring import Desk

OUTCOMES = {
    "counted": "取り込み",
    "elsewhere": "町に関係なし",
    "drill": "訓練・試験",
    "not_understood": "読み取れない",
}


@click.group(cls=Group, help="気象庁の電文(警報、地震など)")
def jma() -> None:
    """Commands about JMA's telegrams."""


@jma.command(help="フィードを見た時刻と結果、いま出ている情報、読み取れなかった電文")
@as_json
def status(*, json_: bool) -> None:
    """Whether information is fresh, what is in force, and what could not be understood."""
    found = at_desk(_status)
    emit(found, json_=json_, text=lambda: _words(found))


async def _status(desk: Desk) -> dict[str, Any]:
    from bot.domain.clock import to_ms
    from bot.telegrams.present import look_up

    base, now = desk.settings.jma_base, desk.clock.now()
    known = (await look_up(desk.store, desk.clock, base)).known
    if known is None:
        return {"base": None}
    telegrams = desk.store.telegrams
    return {
        "base": base,
        "stale": known.is_stale(now),
        "feeds": [
            {
                "address": feed.address,
                "succeeded_at": iso(feed.succeeded_ms),
                "failures": feed.failures,
                "failure": feed.failure,
            }
            for feed in await telegrams.feeds()
            if feed.address.startswith(f"{base}/")
        ],
        "in_force": [_in_force(each) for each in known.present(now)],
        "not_understood": [
            {"address": kept.address, "fetched_at": iso(kept.fetched_ms), "reason": kept.reason}
            for kept in await telegrams.unread(to_ms(now) - 24 * 3600 * 1000)
        ],
        "telegrams": await telegrams.outcomes(),
    }


def _in_force(found: InForce) -> dict[str, Any]:
    from bot.domain.clock import to_ms

    claim = found.claim
    return {
        "hazard": claim.hazard.value,
        "name": claim.name or claim.hazard.value,
        "rank": int(claim.rank),
        "area": claim.area,
        "wide": claim.wide,
        "reported_at": iso(to_ms(found.telegram.heading.reported)),
    }


def _words(found: dict[str, Any]) -> list[str]:
    if found["base"] is None:
        return ["MACHI_JMA_BASE が空なので、気象庁の電文は取り込みません。"]
    counts = [f"{OUTCOMES[outcome]} {number} 通" for outcome, number in found["telegrams"].items()]
    fresh = "古くなっています。警報が出ていないという意味ではありません。" if found["stale"] else "新しい"
    lines = list(pairs({"情報": fresh, "電文": "、".join(counts) or "なし"}))
    for feed in found["feeds"]:
        words = {
            "フィード": feed["address"],
            "最後に読めた時刻": feed["succeeded_at"] or "まだ読めていません",
        }
        if feed["failure"]:
            words["読めない理由"] = f"{feed['failure']}(続けて {feed['failures']} 回)"
        lines += pairs(words)
    rows = [(each["name"], each["area"], each["reported_at"]) for each in found["in_force"]]
    if rows:
        lines += table(("出ている情報", "地域", "発表"), rows)
    elif not found["stale"]:
        lines.append("いま、町に出ている情報はありません。")
    lines += [f"読み取れない電文: {each['address']}: {each['reason']}" for each in found["not_understood"]]
    return lines


@jma.command("list", help="受け取った電文と、どうなったか。新しい順")
@counted(20, "通数")
@as_json
def list_(count: int, *, json_: bool) -> None:
    """The latest telegrams, newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [
            {
                "fetched_at": iso(kept.fetched_ms),
                "reported_at": iso(kept.reported_ms),
                "type": kept.type,
                "title": kept.title,
                "outcome": kept.outcome,
                "reason": kept.reason,
                "address": kept.address,
                "seen": shown(kept.fetched_ms),
            }
            for kept in await desk.store.telegrams.newest(count)
        ]

    telegrams = at_desk(work)
    rows = [(t.pop("seen"), t["type"], OUTCOMES[t["outcome"]], t["title"] or t["reason"]) for t in telegrams]
    empty = ["まだ電文はありません。"]
    headings = ("受け取った時刻", "種類", "どうなったか", "表題")
    emit({"telegrams": telegrams}, json_=json_, text=lambda: table(headings, rows) if rows else empty)
