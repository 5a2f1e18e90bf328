"""`disaster.toml`: the usual rules, the town's own before them, and every fault with its line."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.domain.broadcasts import Priority
from bot.jma.values import Hazard
from bot.town import check, load
from bot.town.disaster import DEFAULTS
from bot.town.hints import hints
from bot.town.model import Disaster
from tests.unit.town_folders import KAHOKU

USUAL = Disaster(DEFAULTS)


@pytest.mark.parametrize(
    ("hazard", "rank", "segment", "priority"),
    [
        (Hazard.HEAVY_RAIN, 5, "all", Priority.EMERGENCY),
        (Hazard.HEAVY_SNOW, 5, "all", Priority.EMERGENCY),
        (Hazard.LANDSLIDE, 4, "all", Priority.EMERGENCY),
        (Hazard.RIVER, 4, "all", Priority.EMERGENCY),
        (Hazard.TORNADO, 4, "all", Priority.URGENT),
        (Hazard.RAIN_BAND, 4, "all", Priority.URGENT),
        (Hazard.RECORD_RAIN, 4, "all", Priority.URGENT),
        (Hazard.WIND, 3, "topic = disaster", Priority.URGENT),
        (Hazard.TORNADO, 3, "topic = disaster", Priority.URGENT),
        (Hazard.HEAT, 3, "topic = disaster", Priority.NORMAL),
        (Hazard.EARTHQUAKE, 9, "all", Priority.EMERGENCY),
        (Hazard.EARTHQUAKE, 5, "all", Priority.EMERGENCY),
        (Hazard.EARTHQUAKE, 4, "topic = disaster", Priority.URGENT),
    ],
)
def test_who_hears_of_what_where_the_town_says_nothing(
    hazard: Hazard, rank: int, segment: str, priority: Priority
) -> None:
    rule = USUAL.rule(hazard, rank)
    assert rule is not None
    assert (rule.segment, rule.priority) == (segment, priority)


@pytest.mark.parametrize(
    ("hazard", "rank"),
    [
        (Hazard.FROST, 2),
        (Hazard.HEAVY_RAIN, 2),
        (Hazard.RECORD_RAIN, 2),
        (Hazard.EARTHQUAKE, 3),
        (Hazard.VOLCANO, 1),
    ],
)
def test_what_nobody_hears_of_unless_the_town_says_so(hazard: Hazard, rank: int) -> None:
    assert USUAL.rule(hazard, rank) is None


def town(folder: Path, text: str) -> Path:
    shutil.copytree(KAHOKU, folder / "town")
    (folder / "town" / "disaster.toml").write_text(text, "utf-8")
    return folder / "town"


def test_the_towns_own_rules_come_first(tmp_path: Path) -> None:
    disaster = load(
        town(
            tmp_path,
            """
rivers = ["820211000101"]

[[rules]]
name = "frost"
hazards = ["霜", "低温"]
level = 2
segment = "topic = events"
priority = "normal"
on = ["raise"]

[[rules]]
name = "weak"
intensity = "3"
segment = "topic = disaster"
how = "draft"
""",
        )
    ).disaster
    frost, weak = disaster.rule(Hazard.FROST, 2), disaster.rule(Hazard.EARTHQUAKE, 3)
    assert frost is not None
    assert weak is not None
    assert (frost.segment, frost.priority, frost.on) == ("topic = events", Priority.NORMAL, {"raise"})
    assert weak.how == "draft"
    assert disaster.rivers == ("820211000101",)
    assert disaster.rule(Hazard.HEAVY_RAIN, 5) == USUAL.rule(Hazard.HEAVY_RAIN, 5)


def test_how_often_staff_are_told_that_jma_cannot_be_read(tmp_path: Path) -> None:
    assert USUAL.alarm_hours == 6
    folder = town(tmp_path, "alarm_hours = 3")
    found = load(folder)
    assert found.disaster.alarm_hours == 3
    assert [hint for hint in hints(found, date(2026, 11, 24)) if "[[staff]]" in hint]
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[[staff]]\nname = "bosai"\nuser_id = "U{"9" * 32}"\n')
    assert not [hint for hint in hints(load(folder), date(2026, 11, 24)) if "[[staff]]" in hint]
    (folder / "disaster.toml").unlink()
    assert load(folder).disaster == USUAL


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (
            '[[rules]]\nname = "a"\nhazards = ["しも"]\nlevel = 2\nsegment = "all"',
            3,
            "「しも」という災害はありません",
        ),
        ('[[rules]]\nname = "a"\nlevel = 6\nsegment = "all"', 3, "level は1〜5"),
        ('[[rules]]\nname = "a"\nsegment = "all"', 1, "level(1〜5)か intensity"),
        ('[[rules]]\nname = "a"\nintensity = "5"\nsegment = "all"', 3, "震度「5」はありません"),
        ('[[rules]]\nname = "a"\nlevel = 3\nsegment = "topic = disastr"', 4, "disaster"),
        ('[[rules]]\nname = "a"\nlevel = 3\nsegment = "all"\nhow = "now"', 5, "how「now」はありません"),
        ('[[rules]]\nname = "a"\nlevel = 3\nsegment = "all"\non = ["up"]', 5, "on「up」はありません"),
        ('[[rules]]\nname = "a"\nlevel = 3\nsegment = "all"\npriority = "loud"', 5, "優先度「loud」"),
        (
            '[[rules]]\nname = "a"\nlevel = 3\nsegment = "all"\n[[rules]]\nname = "a"\nlevel = 3\nsegment = "all"',
            6,
            "2つあります",
        ),
        ('rivers = ["最上川"]', 1, "12桁"),
        ("alarm_hours = 0", 1, "alarm_hours は1〜168"),
        ("alarm_hours = 169", 1, "alarm_hours は1〜168"),
        ('alarm_hours = "6"', 1, "alarm_hours"),
        ("rule = 1", 1, "という項目はありません"),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, text: str, line: int, told: str) -> None:
    (fault,) = check(town(tmp_path, text))
    assert (fault.file, fault.line) == ("disaster.toml", line)
    assert told in fault.message
