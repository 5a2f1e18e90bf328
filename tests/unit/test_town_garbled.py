"""Whatever stands in a town's files, it is read or its faults are listed; nothing fails."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.errors import Fault, TownFaultsError
from bot.town import check, load
from tests.unit.town_folders import KAHOKU, copied

DATA = [
    "town.toml",
    "notices.toml",
    "tax_calendar.csv",
    "bus_stops.csv",
    "garbage/area_days.csv",
    "garbage/center.csv",
    "garbage/changes.csv",
    "garbage/target.csv",
    "shelters.csv",
]
PIECES = [
    *'[]{}="\',.#\n\\:-0123456789abc月　"',
    '"""', "[[", "]]", " = ", "nan", "inf", "-1", "1e999", "true", "2026-13-01", "0001-01-01", "9999-12-31",
    "{tax}", "{{ x }}", "\x00", "\x1e", "\ufeff", "\u2028", "99999999999999999999", "null", "[[notices]]\n",
    "[notices]\n", "\r", "é", "𠮷", "-999", "１２", "0 0 30 2 *", "*/0 * * * *", "all and", "((((", "not ",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("garbled"))


def faults_with(folder: Path, file: str, content: bytes) -> list[Fault]:
    path = folder / file
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        load(folder)
    except TownFaultsError as error:
        return error.faults
    else:
        return []
    finally:
        path.write_bytes(before)


def edited(file: str, seed: int, edits: int) -> str:
    """The file with pieces inserted, deleted or put in another's place."""
    chance = random.Random(seed)
    text = (KAHOKU / file).read_text("utf-8-sig")
    for _ in range(edits):
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice([0, 0, 1, 1, 3, 30])
        text = text[:start] + chance.choice([*PIECES, ""]) + text[end:]
    return text


patient = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@patient
@given(file=st.sampled_from(DATA), content=st.binary())
def test_any_bytes_make_faults(folder: Path, file: str, content: bytes) -> None:
    for fault in faults_with(folder, file, content):
        assert fault.message
        assert 0 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 1 or fault.file != file


@patient
@given(st.sampled_from(DATA), st.integers(0, 2**32), st.integers(1, 6))
def test_edits_gone_wrong_make_faults_with_lines_of_the_file(
    folder: Path, file: str, seed: int, edits: int
) -> None:
    text = edited(file, seed, edits)
    for fault in faults_with(folder, file, text.encode()):
        assert fault.message
        assert 0 <= fault.line <= text.count("\n") + text.count("\r") + 1 or fault.file != file


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 20_000,
        "x = " + "9" * 20_000,
        "x = " + "{ a = " * 20_000,
        ".".join(["aa"] * 1_000) + " = 1",
        "[[notices]]\n" * 3,
        '[[notices]]\nname = "a"\nsegment = "' + "(" * 1900 + '"',
        '[[notices]]\ndays_before = { calendar = "' + "a" * 5_000 + '.csv" }',
        '[[notices]]\ndays_before = { calendar = "a\\u0000.csv" }',
        "notices = 1",
        "notices = [1, 2]",
        "[[notices]]\ndates = [1979-05-27T07:32:00Z, 07:32:00, nan]\ntime = 07:32:00.999",
    ],
    ids=range(11),
)
@pytest.mark.parametrize("file", ["town.toml", "notices.toml"])
def test_extremes_make_faults(folder: Path, file: str, text: str) -> None:
    assert faults_with(folder, file, text.encode())


def test_folders_in_place_of_files_make_faults(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for file in DATA:
        (folder / file).unlink()
        (folder / file).mkdir()
    assert {fault.file for fault in check(folder)} >= set(DATA) - {"tax_calendar.csv"}
