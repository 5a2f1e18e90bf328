"""Reads the tables of stages in a child's life, such as `vaccinations.csv`."""

from __future__ import annotations

from pathlib import Path

from bot.schedule.stages import Grade, Stage, parse_bound
from bot.town.csv_rows import Row, read_csv
from bot.town.faults import Faults

_COLUMNS = ("key", "name", "from", "until")


def read_stages(file: Path, faults: Faults) -> tuple[Stage, ...]:
    """The stages without faults. `from` and `until` are ages or school years; `until` an age is not reached.

    `start_by`, which may be missing, is the age by which one must have begun.
    """
    sheet = read_csv(file, faults, _COLUMNS)
    if sheet is None:
        return ()
    if not sheet.rows:
        faults.add(0, "行が1つもありません。")
    stages: dict[str, tuple[int, Stage]] = {}
    for row in sheet.rows:
        stage = _stage(row, faults)
        if stage is None:
            continue
        if stage.key in stages:
            faults.add(row.line, f"「{stage.key}」が{stages[stage.key][0]}行目と同じです。")
        stages.setdefault(stage.key, (row.line, stage))
    return tuple(stage for _, stage in stages.values())


def _stage(row: Row, faults: Faults) -> Stage | None:
    before = len(faults.found)
    for column in _COLUMNS:
        if not row[column]:
            faults.add(row.line, f"「{column}」が空です。")
    if len(faults.found) > before:
        return None
    begin = faults.attempt(row.line, parse_bound, row["from"])
    end = faults.attempt(row.line, parse_bound, row["until"])
    if begin is None or end is None:
        return None
    start_by = faults.attempt(row.line, parse_bound, row["start_by"]) if row["start_by"] else None
    if isinstance(start_by, Grade):
        faults.add(row.line, f"start_by「{row['start_by']}」は、年齢で書いてください。")
        return None
    context = {column: cell for column, cell in row.cells.items() if column and column != "key"}
    stage = Stage(row["key"], begin, end, context, start_by)
    if any(stage.first(month) > stage.last(month) for month in ("2026-03", "2026-04")):
        faults.add(row.line, f"until「{row['until']}」が from「{row['from']}」より前です。")
        return None
    return stage
