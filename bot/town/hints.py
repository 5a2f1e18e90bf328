"""What is no fault in a town's folder but will be one day, or is hardly meant so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from bot.domain.broadcasts import Priority
from bot.schedule.garbage import GarbagePlan
from bot.schedule.office import known_holidays
from bot.schedule.rules import ChildAge, FromDates, Moved, OnDates, Rule
from bot.town.doubles import doubles
from bot.town.loader import templates_for
from bot.town.model import Notice, Town
from bot.town.notice_checks import clocks
from bot.town.recurrence import occurring

_SOON, _YEAR = timedelta(days=30), timedelta(days=366)
_SHOWN = 3
"""Names of areas told before the rest is only counted."""


def hints(town: Town, today: date) -> Iterator[str]:
    """One Japanese sentence each: dates that are over, holidays that end, notices that say the same."""
    for notice in town.notices:
        yield from _over(notice, today)
    yield from _holidays(town, today)
    if town.garbage is not None:
        yield from _garbage(town.garbage.plan, today)
    if town.events and not occurring(town.events, today, today + _YEAR):
        yield "events.csv・events.ics の催しはすべて過ぎています。新しい催しを書き足してください。"
    for first, second in doubles(town, templates_for(town), today):
        yield f"お知らせ「{first.name}」と「{second.name}」は、同じ人に同じことを同じときに送ります。"
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


def _holidays(town: Town, today: date) -> Iterator[str]:
    """Where the Cabinet Office's list differs from what the library knows, and where it does not reach."""
    listed = town.office_days.holidays
    if not listed:
        return
    for year in sorted(year for year in listed if year >= today.year):
        known = known_holidays(year)
        missing = [f"{day}({known[day]})" for day in sorted(known.keys() - set(listed[year]))]
        unknown = [str(day) for day in sorted(set(listed[year]) - known.keys())]
        if missing:
            yield f"holidays.csv に {'、'.join(missing)} がありません。その日を祝日に数えません。確かめてください。"
        if unknown:
            yield f"holidays.csv の {'、'.join(unknown)} は、プログラムの知る祝日ではありません。確かめてください。"
    for year in sorted(_years(town, today) - listed.keys()):
        yield f"holidays.csv に{year}年の祝日がありません。その年はプログラムの知る祝日に従います。"


def _years(town: Town, today: date) -> set[int]:
    """The years whose holidays count: of the calendars' dates to come, and in December the next."""
    rules = (_plain(notice.rule) for notice in town.notices)
    days = {entry.day for rule in rules if isinstance(rule, FromDates) for entry in rule.entries}
    return {day.year for day in {*days, today + timedelta(days=31)} if day >= today}


def _garbage(plan: GarbagePlan, today: date) -> Iterator[str]:
    """Areas collected over the coming New Year as in any other week, and changes that are over."""
    eve = date(today.year, 12, 31)
    year_end = [eve + timedelta(days=number) for number in range(-2, 4)]
    first, last = year_end[0], year_end[-1]
    changed = [change.area for change in plan.changes if first <= change.day <= last]
    names = [
        area.name
        for area in plan.areas
        if not any(begin <= last and end >= first for begin, end in area.stops)
        and None not in changed
        and area.name not in changed
        and any(area.name in plan.collections(on) for on in year_end if on >= eve)
    ]
    if names:
        more = f" など{len(names)}地区" if len(names) > _SHOWN else ""
        yield (
            f"ごみ: {'、'.join(names[:_SHOWN])}{more}では、{eve}から{last}までも収集することになっています。"
            "休むなら、center.csv か changes.csv に書いてください。"
        )
    if plan.changes and max(change.to or change.day for change in plan.changes) < today:
        yield "changes.csv の休止と振替はすべて過ぎています。新しい年度のものを書いてください。"


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
