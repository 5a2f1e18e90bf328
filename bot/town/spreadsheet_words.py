"""Days and times as they stand in spreadsheets of open data: eras, full width, with or without separators."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta

_ERAS = {"令和": 2018, "令": 2018, "r": 2018, "平成": 1988, "平": 1988, "h": 1988}
_WEEKDAY = re.compile(r"\s*\([日月火水木金土・祝休]+\)\s*$")
_MIDNIGHT = re.compile(r"[\sT]+0{1,2}:00(:00)?$")
_SEPARATED = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_RUN = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ERA = re.compile(
    rf"({'|'.join(_ERAS)})\s*(\d{{1,2}}|元)[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?", re.IGNORECASE
)
_TIME = re.compile(r"(午前|午後)?\s*(\d{1,2})(?::(\d{2})(?::\d{2})?|時(?:(\d{1,2})分|(半))?)")
_YEARS = range(2000, 2100)


def sheet_day(text: str) -> date:
    """A day: `2026/4/1`, `2026-04-01`, `20260401`, `令和8年4月1日`, `R8.4.1`, also with a weekday in brackets.

    Raises:
        ValueError: it is none, in Japanese.
    """
    plain = _MIDNIGHT.sub("", _WEEKDAY.sub("", unicodedata.normalize("NFKC", text).strip())).replace(" ", "")
    try:
        if found := _SEPARATED.fullmatch(plain) or _RUN.fullmatch(plain):
            year, month, day = (int(part) for part in found.groups())
        elif found := _ERA.fullmatch(plain):
            of_era = 1 if found[2] == "元" else int(found[2])
            year, month, day = _ERAS[found[1].lower()] + of_era, int(found[3]), int(found[4])
        else:
            raise ValueError(plain)
        if year not in _YEARS:
            raise ValueError(plain)
        return date(year, month, day)
    except ValueError:
        raise ValueError(
            f"「{text}」は日付ではありません。2026-11-30 か 令和8年11月30日 のように書いてください。"
        ) from None


def sheet_time(text: str, latest: timedelta = timedelta(days=1)) -> timedelta:
    """A time of day from midnight on: `9:00`, `09:00:00`, `９：００`, `午後1時30分`; 24:00 is the day's end.

    `latest` may reach into the next day, as in `25:00`.

    Raises:
        ValueError: it is none, in Japanese.
    """
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found:
        half, hour, minute = found[1], int(found[2]), 30 if found[5] else int(found[3] or found[4] or 0)
        since = timedelta(hours=hour + (12 if half == "午後" and hour <= 12 else 0), minutes=minute)
        since -= timedelta(hours=12) if half == "午後" and hour == 12 else timedelta()
        most = timedelta(hours=12) if half == "午前" else latest
        if minute < 60 and since <= most:
            return since
    raise ValueError(f"「{text}」は時刻ではありません。9:00 か 13:30 のように書いてください。")
