"""Rules in words that a clerk reads."""

from __future__ import annotations

from bot.schedule.office import OnClosed
from bot.schedule.rules import (
    ChildAge,
    ChildStages,
    Cron,
    FromDates,
    GarbageDays,
    Monthly,
    Moved,
    OnDates,
    Rule,
    Weekly,
)

_WEEKDAYS = "月火水木金土日"
_ON_CLOSED = {
    OnClosed.SKIP: "閉庁日は送らない",
    OnClosed.BEFORE: "閉庁日なら前の開庁日",
    OnClosed.AFTER: "閉庁日なら次の開庁日",
}


def in_words(rule: Rule) -> str:
    """When a notice goes out, in Japanese."""
    match rule:
        case OnDates(dates, at):
            return f"{'・'.join(day.isoformat() for day in dates)} {at:%H:%M}"
        case Weekly(weekdays, at):
            return f"毎週{'・'.join(_WEEKDAYS[number] for number in sorted(weekdays))}曜 {at:%H:%M}"
        case Monthly():
            return _monthly(rule)
        case Cron(expression):
            return f"cron {expression}"
        case FromDates(_, days, at):
            named = [
                "当日" if number == 0 else f"{abs(number)}日{'前' if number < 0 else '後'}" for number in days
            ]
            return f"期日の{'・'.join(named)} {at:%H:%M}"
        case ChildAge(months, day, at):
            return f"{'・'.join(str(age) for age in months)}か月になる月の{day}日 {at:%H:%M}"
        case ChildStages(_, day, at):
            return f"子どもの時期が始まる月と最後の月の{day}日 {at:%H:%M}"
        case GarbageDays():
            times = [(rule.evening, "前の日の"), (rule.morning, "当日の")]
            return "ごみの収集日の" + "・".join(f"{word}{at:%H:%M}" for at, word in times if at)
        case Moved(inner, on_closed):
            return f"{in_words(inner)}({_ON_CLOSED[on_closed]})"


def _monthly(rule: Monthly) -> str:
    days = ["末日" if number == -1 else f"{number}日" for number in rule.days]
    nth = [f"第{number}{_WEEKDAYS[weekday]}曜" for number, weekday in rule.nth_weekdays]
    opened = [_open_day(number) for number in rule.open_days]
    every = (
        "毎月" if len(rule.months) == 12 else "・".join(f"{month}月" for month in sorted(rule.months)) + "の"
    )
    return f"{every}{'・'.join(days + nth + opened)} {rule.at:%H:%M}"


def _open_day(number: int) -> str:
    place = {1: "最初の", -1: "最後の"}.get(number) or (
        f"{number}番目の" if number > 0 else f"最後から{-number}番目の"
    )
    return f"{place}開庁日"
