"""What is no fault in a town's folder but will be one day, or is hardly meant so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from bot.schedule.rules import FromDates, Moved, OnDates, Rule
from bot.town.model import Notice, Town

_SOON = timedelta(days=30)


def hints(town: Town, today: date) -> Iterator[str]:
    """One Japanese sentence each: dates that are over, holidays that end, notices that say the same."""
    for notice in town.notices:
        yield from _over(notice, today)
    years = town.office_days.holidays
    if years and today.year + 1 not in years and today >= date(today.year, 12, 1):
        yield f"holidays.csv に{today.year + 1}年の祝日がありません。その年はプログラムの知る祝日に従います。"
    yield from _doubles(town)
    if (town.folder / "disaster.toml").exists() and not town.staff:
        yield (
            "disaster.toml がありますが、town.toml に [[staff]] がありません。"
            "気象庁の電文が読めなくなっても、職員に LINE で知らせることができません。"
        )


def _plain(rule: Rule) -> Rule:
    return rule.rule if isinstance(rule, Moved) else rule


def _over(notice: Notice, today: date) -> Iterator[str]:
    match _plain(notice.rule):
        case OnDates(dates) if dates and max(dates) < today:
            yield f"お知らせ「{notice.name}」の日付はすべて過ぎています。新しい日付を書くか、消してください。"
        case FromDates(entries) if entries and (last := max(entry.day for entry in entries)) < today + _SOON:
            yield (
                f"お知らせ「{notice.name}」のカレンダーは {last} で終わります。"
                "次の年度の日付を書き足してください。"
            )


def _doubles(town: Town) -> Iterator[str]:
    """Notices that tell the same people the same."""
    for number, notice in enumerate(town.notices):
        for first in town.notices[:number]:
            if replace(first, name="", title="") == replace(notice, name="", title=""):
                yield f"お知らせ「{first.name}」と「{notice.name}」は、同じ人に同じことを同じときに送ります。"
