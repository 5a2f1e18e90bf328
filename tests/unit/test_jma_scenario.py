"""A folder of telegrams: their order, their types, and their times moved to the present."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.clock import TOKYO
from bot.domain.errors import InvalidInputError
from bot.jma.reading import READERS, read
from bot.jma.values import Hazard, Status, Telegram
from bot.telegrams.scenario import later, moved, read_scenario
from tests.jma_telegrams import KAHOKU, SAMPLES, cancelled, flood, rain
from tests.unit.town_folders import KAHOKU as TOWN

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=TOKYO)
START = datetime(2020, 7, 28, 8, tzinfo=TOKYO)


def test_telegrams_are_in_order_of_their_times_and_those_of_one_time_together(tmp_path: Path) -> None:
    (tmp_path / "c.xml").write_bytes(rain(START, 2))
    (tmp_path / "b.xml").write_bytes(flood(START, "30", "レベル３氾濫警報"))
    (tmp_path / "a.XML").write_bytes(rain(START + timedelta(minutes=5), 3))
    (tmp_path / "20200728000000_0_VPWP50_060000.xml").write_bytes(rain(START, 3))
    scenario = read_scenario(tmp_path, KAHOKU)
    assert [[each.file for each in moment.played] for moment in scenario.moments] == [
        ["b.xml", "c.xml"],
        ["a.XML"],
    ]
    assert scenario.skipped == ("20200728000000_0_VPWP50_060000.xml",)
    assert scenario.count == 3


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.name)
def test_each_sample_of_jma_is_known_by_what_it_says(sample: Path, tmp_path: Path) -> None:
    type_ = sample.stem.rpartition("_")[2].replace("ii", "50")
    (tmp_path / "telegram.xml").write_bytes(sample.read_bytes())
    if type_ == "VPFT50":
        with pytest.raises(InvalidInputError, match="_VPFT50_060000"):
            read_scenario(tmp_path, KAHOKU)
        return
    if type_ not in READERS:
        with pytest.raises(InvalidInputError, match="種類が分かりません"):
            read_scenario(tmp_path, KAHOKU)
        return
    (moment,) = read_scenario(tmp_path, KAHOKU).moments
    assert moment.played[0].telegram.heading.type == type_


def test_times_are_moved_by_their_values_and_lengths_stay() -> None:
    body = (SAMPLES / "82_01_02_250630_VPBS50.xml").read_bytes().replace(b"0154300", b"0632100")
    found = read(body, "VPBS50", KAHOKU)
    assert isinstance(found, Telegram)
    there = moved(found, NOW)
    assert there.heading.reported == NOW
    assert there.heading.sent - NOW == found.heading.sent - found.heading.reported
    assert [claim.until for claim in there.claims] == [NOW + timedelta(hours=3)]
    assert there.is_real


def test_the_heat_of_tomorrow_stays_that_of_tomorrow() -> None:
    body = (SAMPLES / "57_03_01_240401_VPFT50.xml").read_bytes()
    sender = "060000"
    found = read(body, "VPFT50", KAHOKU, sender)
    assert isinstance(found, Telegram)
    (before,), (after,) = found.claims, moved(found, NOW).claims
    assert before.until is not None
    assert after.until is not None
    days = before.until.date() - found.heading.reported.astimezone(TOKYO).date()
    assert (after.hazard, after.until) == (Hazard.HEAT, datetime(2026, 11, 24, tzinfo=TOKYO) + days)


def test_no_two_moments_are_the_same() -> None:
    assert later(NOW, None) == NOW
    assert later(NOW, NOW) == NOW + timedelta(microseconds=1)
    assert later(NOW, NOW + timedelta(seconds=1)) > NOW + timedelta(seconds=1)


def test_the_flood_of_2020_is_a_drill_in_each_of_its_files() -> None:
    folder = TOWN / "drills" / "mogami_2020"
    scenario = read_scenario(folder, KAHOKU)
    telegrams = [each.telegram for moment in scenario.moments for each in moment.played]
    assert (scenario.count, scenario.skipped) == (22, ())
    assert {each.heading.status for each in telegrams} == {Status.DRILL}
    assert all(
        b"\xe8\xa8\x93\xe7\xb7\xb4\xe7\x94\xa8" in file.read_bytes()[:300] for file in folder.glob("*.xml")
    )
    assert sum(each.cancels for each in telegrams) == 1
    assert {each.heading.office for each in telegrams} == {"山形地方気象台"}
    readme = (folder / "README.md").read_text("utf-8")
    for moment in scenario.moments:
        assert f"{moment.reported:%H:%M}" in readme


def test_a_cancellation_is_read_without_a_body(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(cancelled("VPWW55", START))
    ((played,),) = [moment.played for moment in read_scenario(tmp_path, KAHOKU).moments]
    assert played.telegram.cancels
