"""CSV is read as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.town import check, load
from bot.town.csv_rows import read_csv
from bot.town.faults import Faults
from bot.town.garbage_days import read_cell
from tests.unit.town_folders import copied

SHEETS = ["bus_stops.csv", "garbage/area_days.csv", "shelters.csv", "tax_calendar.csv"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_and_line_ends_of_spreadsheets_make_no_difference(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    folder = copied(tmp_path)
    before = load(folder)
    for name in SHEETS:
        text = (folder / name).read_text("utf-8-sig")
        (folder / name).write_bytes(text.replace("\n", ending).encode(encoding))
    assert check(folder) == []
    assert load(folder) == before


def test_a_fault_in_cp932_is_told_at_its_line(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = folder / "bus_stops.csv"
    text = file.read_text("utf-8").replace("田井,たい", ",たい")
    file.write_bytes(text.replace("\n", "\r\n").encode("cp932"))
    assert [(fault.file, fault.line) for fault in check(folder)] == [("bus_stops.csv", 13)]


def test_an_unknown_encoding_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "bus_stops.csv").write_bytes("name\n河北\n".encode("utf-16"))
    assert any("文字コード" in fault.message for fault in check(folder))


def test_lines_count_breaks_within_quotes(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('a,b\n"1\n2",x\n\n3,y,z\n', "utf-8")
    faults = Faults("x.csv")
    sheet = read_csv(file, faults, ["a"])
    assert sheet is not None
    assert [row.line for row in sheet.rows] == [2, 5]
    assert [(fault.line, "多すぎます" in fault.message) for fault in faults.found] == [(5, True)]


def test_a_quote_that_never_closes_is_told_where_it_opens(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('a,b\n1,2\n"3,4\n5,6\n', "utf-8")
    faults = Faults("x.csv")
    read_csv(file, faults)
    assert [fault.line for fault in faults.found] == [3]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["a", "b"], *rows])
    file = tmp_path_factory.mktemp("csv") / "x.csv"
    file.write_bytes(buffer.getvalue().encode())
    faults = Faults("x.csv")
    sheet = read_csv(file, faults, ["a", "b"])
    assert sheet is not None
    assert faults.found == []
    read = [[row["a"], row["b"]] for row in sheet.rows]
    assert read == [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("月 木", []),
        ("月・木", []),
        ("月曜日、木曜日", []),
        ("毎週月曜", []),
        ("第2土曜 第4土曜", []),
        ("2土", []),
        ("水２　水４", []),
        ("火2 金4:4 6 8 10 12 2", []),
        ("20261231 *1", []),
        ("", []),
        ("管路", ["管路"]),
        ("水6", ["水6"]),
        ("月:13", ["13"]),
        ("月 2026-12-31", ["2026-12-31"]),
    ],
)
def test_collection_days_are_read_leniently(cell: str, wrong: list[str]) -> None:
    assert read_cell(cell)[1] == wrong
