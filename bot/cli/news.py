"""`machi news`: the town's news feed, and what became of its articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Group, as_json, counted
from bot.cli.output import emit, iso, pairs, shown, table
from bot.cli.session import at_desk

if TYPE_CHECKING:
    from bot.wiring import Desk

OUTCOMES = {
    "at_once": "配信",
    "draft": "下書き",
    "digest": "まとめ用",
    "recorded": "はじめからあった",
    "old": "古い",
    "nobody": "決まりなし",
    "failed": "送れない内容",
}


@click.group(cls=Group, help="ホームページの新着(フィード)")
def news() -> None:
    """Commands about the news feed."""


@news.command(help="フィードを見た時刻と結果、記事の数")
@as_json
def status(*, json_: bool) -> None:
    """How the last looks at the feed went."""

    async def work(desk: Desk) -> dict[str, Any]:
        settings = desk.town.news
        if settings is None:
            return {"address": None}
        feed = await desk.store.news.feed(settings.address)
        return {
            "address": settings.address,
            "every_minutes": settings.every.total_seconds() / 60,
            "looked_at": iso(feed.looked_ms) if feed else None,
            "succeeded_at": iso(feed.succeeded_ms) if feed else None,
            "next_at": iso(feed.due_ms) if feed else None,
            "failures": feed.failures if feed else 0,
            "failure": feed.failure if feed else None,
            "articles": await desk.store.news.outcomes(settings.address),
        }

    found = at_desk(work)
    emit(found, json_=json_, text=lambda: _words(found))


def _words(found: dict[str, Any]) -> list[str]:
    if found["address"] is None:
        return ["町のフォルダーに news.toml がありません。ホームページの新着は見ていません。"]
    counts = [f"{OUTCOMES[outcome]} {number} 件" for outcome, number in found["articles"].items()]
    words = {
        "アドレス": found["address"],
        "見る間隔": f"{found['every_minutes']:g} 分",
        "最後に見た時刻": found["looked_at"] or "まだ見ていません",
        "最後に読めた時刻": found["succeeded_at"] or "まだ読めていません",
        "次に見る時刻": found["next_at"] or "-",
        "記事": "、".join(counts) or "なし",
    }
    if found["failure"]:
        words["読めない理由"] = f"{found['failure']}(続けて {found['failures']} 回)"
    return list(pairs(words))


@news.command("list", help="見つけた記事と、どうなったか。新しい順")
@counted(20)
@as_json
def list_(count: int, *, json_: bool) -> None:
    """The latest articles, newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        return [
            {
                "seen_at": iso(told.seen_ms),
                "published_at": iso(told.published_ms),
                "title": told.title,
                "link": told.link,
                "outcome": told.outcome,
                "rule": told.rule,
                "broadcast": told.broadcast_id,
                "seen": shown(told.seen_ms),
            }
            for told in await desk.store.news.newest(count)
        ]

    articles = at_desk(work)
    rows = [
        (a.pop("seen"), OUTCOMES[a["outcome"]], a["rule"] or "-", a["broadcast"] or "-", a["title"])
        for a in articles
    ]
    headings = ("見つけた時刻", "どうなったか", "決まり", "配信", "題名")
    empty = ["まだ記事はありません。"]
    emit({"articles": articles}, json_=json_, text=lambda: table(headings, rows) if rows else empty)
