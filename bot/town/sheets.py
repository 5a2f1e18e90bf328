"""Reads the town's CSV lists: bus stops and shelters."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from bot.domain.spelling import in_hiragana
from bot.town.csv_rows import Row, Sheet, read_csv
from bot.town.faults import Faults
from bot.town.model import Choice, Shelter

HAZARDS = (
    "洪水",
    "崖崩れ、土石流及び地滑り",
    "高潮",
    "地震",
    "津波",
    "大規模な火事",
    "内水氾濫",
    "火山現象",
)
"""Of 自治体標準オープンデータセット「指定緊急避難場所一覧」, columns `災害種別_…`."""

_JAPAN = ((20.0, 46.0), (122.0, 154.0))


def read_bus_stops(file: Path, faults: Faults) -> tuple[Choice, ...]:
    """`name`, with `reading`, `label_en` and `aliases` (spaces between them) where those columns exist."""
    sheet = read_csv(file, faults, ["name"])
    stops = []
    for row in named_rows(sheet, "name", faults):
        labels = {"en": row["label_en"]} if row["label_en"] else {}
        stops.append(Choice(row["name"], row["reading"], tuple(row["aliases"].split()), labels))
    return tuple(stops)


def read_shelters(file: Path, faults: Faults) -> tuple[Shelter, ...]:
    """指定緊急避難場所 in the common form of open data, old (住所) or new (所在地_連結表記)."""
    sheet = read_csv(file, faults, ["名称", "緯度", "経度"])
    if sheet and not any(f"災害種別_{hazard}" in sheet.columns for hazard in HAZARDS):
        faults.add(1, "災害の種別の列(災害種別_洪水 など)がありません。")
    shelters = []
    seen: dict[str, int] = {}
    for row in sheet.rows if sheet else ():
        shelter = _shelter(row, faults)
        if shelter is None:
            continue
        if shelter.id in seen:
            faults.add(row.line, f"ID「{shelter.id}」が{seen[shelter.id]}行目と同じです。")
        seen.setdefault(shelter.id, row.line)
        shelters.append(shelter)
    return tuple(shelters)


def _shelter(row: Row, faults: Faults) -> Shelter | None:
    name, address = row["名称"], row["所在地_連結表記"] or row["住所"]
    if not name:
        faults.add(row.line, "「名称」が空です。")
        return None
    place = []
    for column, (low, high) in zip(("緯度", "経度"), _JAPAN, strict=True):
        try:
            degrees = float(row[column])
        except ValueError:
            degrees = -1.0
        if not low <= degrees <= high:
            faults.add(
                row.line,
                f"「{name}」の{column}「{row[column]}」は日本の中にありません。緯度と経度が逆かもしれません。",
            )
        place.append(degrees)
    hazards = set()
    for hazard in HAZARDS:
        mark = unicodedata.normalize("NFKC", row[f"災害種別_{hazard}"])
        if mark == "1":
            hazards.add(hazard)
        elif mark not in {"", "0"}:
            faults.add(row.line, f"「災害種別_{hazard}」は 1 か 0 です(いまは「{mark}」)。")
    reading = in_hiragana(row["名称_カナ"])
    serves = row["対象となる町会・自治会"]
    return Shelter(row["ID"] or name, name, address, place[0], place[1], frozenset(hazards), reading, serves)


def named_rows(sheet: Sheet | None, column: str, faults: Faults) -> list[Row]:
    """The rows whose name is there and new; the others are noted."""
    rows: dict[str, Row] = {}
    for row in sheet.rows if sheet else ():
        name = row[column]
        if not name:
            faults.add(row.line, f"「{column}」が空です。")
        elif name in rows:
            faults.add(row.line, f"「{name}」が{rows[name].line}行目と同じです。")
        else:
            rows[name] = row
    return list(rows.values())
