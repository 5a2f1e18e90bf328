"""Reads CSV as it comes out of spreadsheets: UTF-8 with or without BOM or CP932, rows with their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.domain.nearest import did_you_mean
from bot.town.faults import Faults


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by column name, stripped, and the line it begins on."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell of a column; empty where the file has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file: its columns in order, and its rows without the empty ones."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_csv(file: Path, faults: Faults, required: Iterable[str] = ()) -> Sheet | None:
    """The sheet, or None with the fault noted: missing, unreadable, or without a required column."""
    text = _decoded(file, faults)
    if text is None:
        return None
    records = _records(text, faults)
    if not records:
        faults.add(0, "見出しの行がありません。")
        return None
    line, header = records[0]
    columns = tuple(cell.strip() for cell in header)
    complete = True
    for column in required:
        if column not in columns:
            complete = False
            faults.add(line, f"列「{column}」がありません。{did_you_mean(column, columns)}")
    for column in sorted({column for column in columns if column and columns.count(column) > 1}):
        faults.add(line, f"列「{column}」が2つあります。")
    return Sheet(columns, tuple(_rows(records[1:], columns, faults))) if complete else None


def _decoded(file: Path, faults: Faults) -> str | None:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        faults.add(0, "このファイルがありません。")
        return None
    except OSError as error:
        faults.add(0, f"読めません({error.strerror})。")
        return None
    for encoding in ("utf-8-sig", "cp932"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if "\0" not in text:  # UTF-16 can pass for CP932
                return text
    faults.add(0, "文字コードがUTF-8でもShift_JIS(CP932)でもありません。UTF-8のCSVで保存し直してください。")
    return None


def _records(text: str, faults: Faults) -> list[tuple[int, list[str]]]:
    """Every record that is not empty, with its first line; reading stops at one that is not CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                records.append((line, record))
            line = reader.line_num + 1
    except csv.Error as error:
        faults.add(line, f"CSVとして読めません({error})。引用符が閉じているか確かめてください。")
    return records


def _rows(
    records: Iterable[tuple[int, list[str]]], columns: tuple[str, ...], faults: Faults
) -> Iterable[Row]:
    for line, record in records:
        if any(cell.strip() for cell in record[len(columns) :]):
            faults.add(line, f"列が多すぎます(見出しは{len(columns)}列、この行は{len(record)}列)。")
        yield Row(line, {column: cell.strip() for column, cell in zip(columns, record, strict=False)})
