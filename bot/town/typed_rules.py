"""What a clerk types of a new notice (`10日`, `第2日曜`, `9時`, `子育て`), as the town's folder writes it.

Everything raises an InvalidInputError in Japanese that says how to write what could not be read.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import time

import segments
from bot.domain.errors import InvalidInputError
from bot.schedule import crontab
from bot.town.model import Town
from bot.town.segment_words import vocabulary
from bot.town.spreadsheet_words import sheet_day, sheet_time

EVERYONE = "all"
_WEEKDAYS = dict(zip("月火水木金土日", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), strict=True))
_NAMES = "|".join(_WEEKDAYS.values())
_DAY_OF_MONTH = re.compile(r"(\d{1,2})日?|-1")
# 2日 is the second day of a month, so that only 2日曜 and 第2日曜 are a Sunday.
_NTH = re.compile(rf"第?([1-5])(?:([月火水木金土])(?:曜日?)?|(日)曜日?|({_NAMES}))")
_WEEKLY = re.compile(rf"(?:毎週)?(?:([月火水木金土日])(?:曜日?)?|({_NAMES}))")
_LAST_DAYS = ("末日", "月末")
_OPEN_DAYS = {"最初の開庁日": 1, "最後の開庁日": -1, "最終開庁日": -1}
_AWAY = re.compile(r"(\d{1,3})(?:日[前後]?)?")
_AGE = re.compile(r"(\d{1,3})(?:(歳)|[かヶカヵケ]月)?")


def listed(text: str) -> list[str]:
    """What stands between commas, full width too.

    Raises:
        InvalidInputError: nothing does.
    """
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("、", ",")
    found = [part for each in plain.split(",") if (part := each.strip())]
    if not found:
        raise InvalidInputError("何も書かれていません。")
    return found


def dates(text: str) -> list[str]:
    """Days such as `2027-08-25`, also `令和9年8月25日`."""
    try:
        return [sheet_day(part).isoformat() for part in listed(text)]
    except ValueError as error:
        raise InvalidInputError(str(error)) from None


def weekdays(text: str) -> list[str]:
    """Weekdays, as the folder names them."""
    found = []
    for part in listed(text):
        match = _WEEKLY.fullmatch(part)
        if match is None:
            raise InvalidInputError(f"「{part}」は曜日ではありません。火,金 のように書いてください。")
        found.append(match[2] or _WEEKDAYS[match[1]])
    return found


def month_days(text: str) -> tuple[list[int], list[str], list[int]]:
    """Of a month: its days (-1 the last), its nth weekdays such as `2sun`, and its open days (-1 the last)."""
    days, nth, open_days = [], [], []
    for part in listed(text):
        if part in _LAST_DAYS:
            days.append(-1)
        elif part in _OPEN_DAYS:
            open_days.append(_OPEN_DAYS[part])
        elif (day := _DAY_OF_MONTH.fullmatch(part)) and 1 <= int(day[1] or 1) <= 31:
            days.append(int(day[1] or -1))
        elif match := _NTH.fullmatch(part):
            nth.append(match[1] + (match[4] or _WEEKDAYS[match[2] or match[3]]))
        else:
            example = "10日・末日・2火(第2火曜、2tue も同じ)・最後の開庁日"
            raise InvalidInputError(f"「{part}」は毎月の日ではありません。{example} のように書いてください。")
    return days, nth, open_days


def days_away(text: str) -> list[int]:
    """Numbers of days, such as `7日前` or `当日`."""
    return [0 if part == "当日" else _number(part, _AWAY, 365, "7,1,0") for part in listed(text)]


def ages(text: str) -> list[int]:
    """Ages in months, such as `4か月` or `3歳`."""
    return [_number(part, _AGE, 240, "4か月,3歳") for part in listed(text)]


def _number(part: str, pattern: re.Pattern[str], most: int, example: str) -> int:
    match = pattern.fullmatch(part)
    if match is None:
        raise InvalidInputError(f"「{part}」は数ではありません。{example} のように書いてください。")
    number = int(match[1]) * (12 if "歳" in part else 1)
    if number > most:
        raise InvalidInputError(f"「{part}」は大きすぎます。0〜{most} の数で書いてください。")
    return number


def cron(text: str) -> str:
    """A cron expression that can be used."""
    expression = " ".join(unicodedata.normalize("NFKC", text).split())
    crontab.check(expression)
    return expression


def clock(text: str, town: Town) -> str:
    """A time of day such as `9:00` or `9時半` outside the quiet hours, as the folder writes it: `09:00`."""
    try:
        minutes = int(sheet_time(text).total_seconds()) // 60
        found = time(minutes // 60, minutes % 60)
    except ValueError:
        raise InvalidInputError(
            f"「{text}」は時刻ではありません。9:00 か 9時 のように書いてください。"
        ) from None
    if town.quiet_hours is not None and town.quiet_hours.holds_clock(found):
        raise InvalidInputError(
            f"{found:%H:%M} は配信を控える時間({town.quiet_hours})です。ほかの時刻を書いてください。"
        )
    return f"{found:%H:%M}"


def audience(text: str, town: Town) -> str:
    """A segment: the expression itself, of a topic's key or name the expression for who chose it."""
    plain = text.strip()
    if plain in {"すべて", "すべての人", "全員"}:
        return EVERYONE
    for topic in town.topics:
        names = (topic.key, topic.choice.reading, *topic.choice.aliases, *topic.choice.labels.values())
        if plain in filter(None, names):
            return f"topic = {topic.key}"
    if "{" not in plain:  # placeholders are filled when the notice is proved
        segments.parse(plain, vocabulary(town))
    return plain


def of_the_child(segment: str) -> str:
    """A segment narrowed to the children whom an occurrence at an age is about, unless it is so already."""
    if "{birth_month}" in segment:
        return segment
    narrow = "child.birth_month = {birth_month}"
    if segment == EVERYONE:
        return narrow
    return f"({segment}) and {narrow}" if " or " in segment.casefold() else f"{segment} and {narrow}"
