"""The demo's town: Kahoku's folder with one more notice, which goes out within a minute."""

from __future__ import annotations

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")

_QUIET = re.compile(r"^\[quiet_hours\].*\n(?:[a-z].*\n)*", re.MULTILINE)
"""Whoever tries the demo at night wants to see what it does."""

_NOTICE = """
# お試しのときだけのお知らせ

[[notices]]
name = "demo-{at:%Y%m%d-%H%M}"
title = "断水のお知らせ"
template = "water_outage"
segment = "topic = disaster and district = 谷地中部"
dates = ["{at:%Y-%m-%d}"]
time = "{at:%H:%M}"
priority = "urgent"
grace = "10m"
context = {{ area = "谷地中部", date = "{day:%Y-%m-%d}", from = "10:00", until = "15:00", reason = "水道管の工事" }}
"""


def next_minute(now: float) -> datetime:
    """The first full minute after `now` (seconds since the epoch), Asia/Tokyo.

    Should it pass while the service is still starting, the notice is made up at once, within its grace.
    """
    return datetime.fromtimestamp(now // 60 * 60, TOKYO) + timedelta(minutes=1)


def settle(town: Path, copy: Path, at: datetime) -> None:
    """Copy a town's folder, replacing an older copy, and add the notice.

    Its name carries the time, so that every run of the demo has an occurrence of its own.
    """
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(town, copy)
    profile = (copy / "town.toml").read_text(encoding="utf-8")
    (copy / "town.toml").write_text(_QUIET.sub("[quiet_hours]\noff = true\n", profile), encoding="utf-8")
    with (copy / "notices.toml").open("a", encoding="utf-8") as notices:
        notices.write(_NOTICE.format(at=at, day=at + timedelta(days=1)))
