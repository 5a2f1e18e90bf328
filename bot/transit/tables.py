"""The rows of a feed's files, read one at a time: half a million fit in memory only as numbers."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple, TypeVar

from bot.domain.nearest import did_you_mean
from bot.transit.faults import FeedFaults
from bot.transit.source import UNREADABLE, Source

T = TypeVar("T")

_LONGEST_LINE = 64 * 1024
_MOST_LINES = 20
"""A record of more lines has a quotation mark that was never closed."""


class Row(NamedTuple):
    """The line a row begins on, and its cells, stripped, in the order of the columns asked for."""

    line: int
    cells: Sequence[str]


class Tables:
    """Reads the files of a feed, noting what is wrong with them."""

    def __init__(self, source: Source, faults: FeedFaults) -> None:
        self._source = source
        self._faults = faults

    def __contains__(self, name: str) -> bool:
        return name in self._source

    def fault(self, name: str, line: int, message: str) -> None:
        """Note a fault of a file."""
        self._faults.add(f"{self._source.shown}/{name}", line, message)

    def attempt(self, name: str, line: int, parse: Callable[[str], T], text: str) -> T | None:
        """What `parse` makes of a cell, or None with its ValueError noted."""
        try:
            return parse(text)
        except ValueError as error:
            self.fault(name, line, str(error))
            return None

    def rows(self, name: str, required: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
        """The rows of a file with the cells of these columns; an optional column that is missing is empty.

        Nothing comes of a file that is missing (which is no fault here) or lacks a required column (which is).
        """
        if name not in self:
            return
        try:
            with self._source.open(name) as stream:
                yield from self._parsed(name, stream, required, optional)
        except UNREADABLE as error:
            self.fault(name, 0, f"読めません({error})。もう一度取り寄せてください。")

    def _parsed(
        self, name: str, stream: IO[bytes], required: Sequence[str], optional: Sequence[str]
    ) -> Iterator[Row]:
        records = self._records(name, stream)
        header = [cell.strip() for _, cells in [next(records, (1, []))] for cell in cells]
        for column in required:
            if column not in header:
                self.fault(name, 1, f"列「{column}」がありません。{did_you_mean(column, header)}")
        if not set(required) <= set(header):
            return
        places = [header.index(column) if column in header else -1 for column in (*required, *optional)]
        last = max((header.index(column) for column in required), default=-1)
        for line, cells in records:
            width = len(cells)
            if width <= last:
                self.fault(name, line, f"列が足りません(見出しは{len(header)}列、この行は{width}列)。")
                continue
            yield Row(line, [cells[at].strip() if 0 <= at < width else "" for at in places])

    def _records(self, name: str, stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
        """Every record that is not empty, with the line it begins on."""
        reader = csv.reader(self._lines(name, stream), skipinitialspace=True)
        before = 0
        try:
            for record in reader:
                line, before = before + 1, reader.line_num
                if before - line >= _MOST_LINES:
                    self.fault(name, line, "引用符が閉じていません。ここからの行を読めません。")
                elif any(map(str.strip, record)):
                    yield line, record
        except csv.Error as error:
            self.fault(name, before + 1, f"CSVとして読めません({error})。ここから先は読んでいません。")

    def _lines(self, name: str, stream: IO[bytes]) -> Iterator[str]:
        """The lines as text; one that is not UTF-8 is noted and left out."""
        number = 0
        while raw := stream.readline(_LONGEST_LINE):
            number += 1
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            if len(raw) == _LONGEST_LINE and not raw.endswith(b"\n"):
                self.fault(name, number, "行が長すぎます。ここから先は読んでいません。")
                return
            try:
                yield raw.decode()
            except UnicodeDecodeError:
                self.fault(name, number, "UTF-8ではありません。UTF-8で保存し直してください。")
                yield "\n"
