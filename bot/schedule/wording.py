"""Rules in words that a clerk reads."""

from __future__ import annotations

from bot.schedule.rules import ChildAge, Cron, DaysBefore, Monthly, OnDates, Rule, Weekly

_WEEKDAYS = "月火水木金土日"


def in_words(rule: Rule) -> str:
    """When a notice goes out, in Japanese."""
    match rule:
        case OnDates(dates, at):
            return f"{'・'.join(day.isoformat() for day in dates)} {at:%H:%M}"
        case Weekly(weekdays, at):
            return f"毎週{'・'.join(_WEEKDAYS[number] for number in sorted(weekdays))}曜 {at:%H:%M}"
        case Monthly(at, days, nth_weekdays):
            fixed = ["末日" if number == -1 else f"{number}日" for number in days]
            nth = [f"第{number}{_WEEKDAYS[weekday]}曜" for number, weekday in nth_weekdays]
            return f"毎月{'・'.join(fixed + nth)} {at:%H:%M}"
        case Cron(expression):
            return f"cron {expression}"
        case DaysBefore(days, at):
            named = ["当日" if number == 0 else f"{number}日前" for number in days]
            return f"期日の{'・'.join(named)} {at:%H:%M}"
        case ChildAge(months, day, at):
            return f"{'・'.join(str(age) for age in months)}か月になる月の{day}日 {at:%H:%M}"
