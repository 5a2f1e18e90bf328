"""What is no fault in a town's folder but will be one day, or is hardly meant so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from bot.domain.broadcasts import Priority
from bot.schedule.rules import ChildAge, FromDates, Moved, OnDates, Rule
from bot.town.model import Notice, Town
from bot.town.notice_checks import clocks

_SOON = timedelta(days=30)


def hints(town: Town, today: date) -> Iterator[str]:
    """One Japanese sentence each: dates that are over, holidays that end, notices that say the same."""
    for notice in town.notices:
        yield from _over(notice, today)
    years = town.office_days.holidays
    if years and today.year + 1 not in years and today >= date(today.year, 12, 1):
        yield f"holidays.csv に{today.year + 1}年の祝日がありません。その年はプログラムの知る祝日に従います。"
    yield from _doubles(town)
    yield from _too_late_for_the_digest(town)
    for notice in town.notices:
        rule = _plain(notice.rule)
        if isinstance(rule, ChildAge) and len(rule.months) > 1 and not rule.together:
            yield (
                f"お知らせ「{notice.name}」は月齢ごとに別のお知らせなので、きょうだいのいる家には同じ時刻に何通も届くことがあります。"
                "1通にするには、対象を {birth_months} で書き、items を使うひな型(health_checks など)にしてください。"
            )
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


def _too_late_for_the_digest(town: Town) -> Iterator[str]:
    """Notices that speak of a day and leave after the day's digest: they cannot wait for the next one."""
    limit = town.overload
    for notice in town.notices:
        if limit is None or notice.priority is not Priority.NORMAL or not _speaks_of_a_day(notice):
            continue
        late = next((clock for clock in clocks(_plain(notice.rule)) if clock > limit.digest), None)
        if late is not None:
            yield (
                f"お知らせ「{notice.name}」は {late:%H:%M} に送るので、その日のまとめ({limit.digest:%H:%M})に入れません。"
                f"1日 {limit.messages_a_day} 通を超えても、すぐに届きます。時刻を {limit.digest:%H:%M} より前にしてください。"
            )


def _speaks_of_a_day(notice: Notice) -> bool:
    counts_days = isinstance(rule := _plain(notice.rule), FromDates) and any(days <= 0 for days in rule.days)
    return notice.until is not None or counts_days
