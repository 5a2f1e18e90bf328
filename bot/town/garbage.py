"""Reads the folder `garbage/`: 5374.jp's files as they are, and the town's own `changes.csv`.

https://github.com/codeforkanazawa-org/5374. What cannot be understood is a fault, for a day told wrongly is worse
than a service that does not start.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import date, time
from pathlib import Path

from bot.domain.nearest import did_you_mean
from bot.schedule.garbage import EVENING, MORNING, Area, Change, GarbagePlan, Named, Pattern, Stop
from bot.town.csv_rows import Row, Sheet, read_csv
from bot.town.faults import Faults, day
from bot.town.garbage_days import read_cell
from bot.town.model import Choice, Garbage, GarbageItem
from bot.town.sheets import named_rows

FOLDER = "garbage"
AREA_DAYS = f"{FOLDER}/area_days.csv"

_DAYS_EXAMPLE = "月 木、水2(第2水曜)、20261231 のように書いてください。"
_LANGUAGES = {"easy": "ja-easy", "en": "en", "zh": "zh", "ko": "ko", "vi": "vi"}
"""Endings of columns such as `label_en`, which 5374.jp does not have and does not mind."""
_STOP, _MOVE = "休止", "振替"

Others = Callable[[str], Faults]
"""Where to note the faults of a file, by its path in the town's folder."""


def read_garbage(folder: Path, others: Others, *, week_shift: bool, deadline: time) -> Garbage:
    """The plan and the list of things; with empty values where faults were noted."""
    names = ("center.csv", "remarks.csv", "description.csv", "target.csv", "changes.csv")
    files = {name: f"{FOLDER}/{name}" for name in names if (folder / FOLDER / name).exists()}

    def sheet(name: str, *required: str) -> tuple[Sheet | None, Faults]:
        file = f"{FOLDER}/{name}"
        return (read_csv(folder / file, others(file), required) if name in files else None), others(file)

    labels = _descriptions(*sheet("description.csv", "label"))
    remarks = _remarks(*sheet("remarks.csv", "ID", "注意事項"))
    stops = _stops(*sheet("center.csv", "名称", "休止開始日", "休止終了日"))
    faults = others(AREA_DAYS)
    table = read_csv(folder / AREA_DAYS, faults, ["地名"])
    columns = _columns(table, faults)
    areas = [_area(row, columns, stops, remarks, faults) for row in named_rows(table, "地名", faults)]
    categories = [Named(name, labels.get(name, {})) for name in columns[1:]]
    bare = GarbagePlan(areas, categories, week_shift=week_shift)
    changes = _changes(*sheet("changes.csv", "date", "change"), bare, whole=not faults.found)
    plan = GarbagePlan(areas, categories, changes, remarks, week_shift=week_shift, deadline=deadline)
    kinds = {**{name: Named(name, words) for name, words in labels.items()}, **plan.categories}
    return Garbage(plan, kinds, _items(*sheet("target.csv", "name"), kinds))


def _columns(sheet: Sheet | None, faults: Faults) -> list[str]:
    """The column of the plants, then the categories."""
    if sheet is None:
        return [""]
    if len(sheet.columns) < 3 or not sheet.columns[1].startswith("センター"):
        faults.add(
            1, "列は、地名,センター,ごみの分別… の順に並べます。センターがなければ、その列は空にします。"
        )
        return [""]
    for row in sheet.rows:
        if row[""]:
            faults.add(
                row.line, f"見出しのない列に「{row['']}」があります。分別の名前を1行目に書いてください。"
            )
    return [column for column in sheet.columns[1:] if column]


def _area(
    row: Row, columns: list[str], stops: Mapping[str, list[Stop]], remarks: Collection[str], faults: Faults
) -> Area:
    patterns = {}
    for column in columns[1:]:
        pattern, wrong = read_cell(row[column])
        if wrong:
            faults.add(row.line, f"「{column}」の「{'」「'.join(wrong)}」を読めません。{_DAYS_EXAMPLE}")
        for remark in pattern.remarks:
            if remark not in remarks:
                faults.add(row.line, f"「{column}」の *{remark} という備考は remarks.csv にありません。")
        if pattern != Pattern(remarks=pattern.remarks, months=pattern.months):
            patterns[column] = pattern
    center = row[columns[0]]
    if center and center not in stops:
        near = did_you_mean(center, stops)
        faults.add(
            row.line, f"センター「{center}」は center.csv にありません。休止の日が分かりません。{near}"
        )
    return Area(row["地名"], patterns, tuple(stops.get(center, ())))


def _labels(row: Row, column: str) -> dict[str, str]:
    """The words of the columns `label_en`, `label_easy` … beside a column `label`, by language."""
    return {language: text for ending, language in _LANGUAGES.items() if (text := row[f"{column}_{ending}"])}


def _descriptions(sheet: Sheet | None, faults: Faults) -> dict[str, dict[str, str]]:
    return {row["label"]: _labels(row, "label") for row in named_rows(sheet, "label", faults)}


def _remarks(sheet: Sheet | None, faults: Faults) -> dict[str, Named]:
    found = {}
    for row in named_rows(sheet, "ID", faults):
        number = unicodedata.normalize("NFKC", row["ID"]).lstrip("*").lstrip("0")
        if not re.fullmatch(r"[0-9]+", number):
            faults.add(row.line, f"ID「{row['ID']}」は 1 のような数で書いてください。")
        elif not row["注意事項"]:
            faults.add(row.line, "「注意事項」が空です。")
        else:
            found[number] = Named(row["注意事項"], _labels(row, "注意事項"))
    return found


def _stops(sheet: Sheet | None, faults: Faults) -> dict[str, list[Stop]]:
    """The stops of each plant; several rows of one name are several stops."""
    found: dict[str, list[Stop]] = defaultdict(list)
    for row in sheet.rows if sheet else ():
        if not row["名称"]:
            faults.add(row.line, "「名称」が空です。")
            continue
        stops = found[row["名称"]]
        if not row["休止開始日"] and not row["休止終了日"]:
            continue
        first, last = (_day(row, column, faults) for column in ("休止開始日", "休止終了日"))
        if first is None or last is None:
            continue
        if first > last:
            faults.add(row.line, f"休止終了日 {last} が休止開始日 {first} より前です。")
        else:
            stops.append((first, last))
    return dict(found)


def _day(row: Row, column: str, faults: Faults) -> date | None:
    return faults.attempt(row.line, day, unicodedata.normalize("NFKC", row[column]))


def _changes(sheet: Sheet | None, faults: Faults, plan: GarbagePlan, *, whole: bool) -> list[Change]:
    """Changes of the plan without them; one that is not `whole` cannot tell which change nothing."""
    found: dict[tuple[date, str | None, str | None], tuple[int, Change]] = {}
    for row in sheet.rows if sheet else ():
        change = _change(row, faults, plan)
        if change is None:
            continue
        if whole and not plan.moved(change):
            what = "休む" if change.to is None else "振り替える"
            told = f"{change.day} に{what}収集はありません。日付・地区・分別を確かめてください。"
            faults.add(row.line, told)
            continue
        key = (change.day, change.area, change.category)
        if key in found:
            faults.add(row.line, f"{change.day} の同じ地区と分別が{found[key][0]}行目にもあります。")
        found.setdefault(key, (row.line, change))
    return [change for _, change in found.values()]


def _change(row: Row, faults: Faults, plan: GarbagePlan) -> Change | None:
    before = len(faults.found)
    known = {"area": [area.name for area in plan.areas], "category": list(plan.categories)}
    for column, names in known.items():
        if row[column] and row[column] not in names:
            near = did_you_mean(row[column], names)
            faults.add(row.line, f"{column}「{row[column]}」は area_days.csv にありません。{near}")
    if row["change"] not in (_STOP, _MOVE):
        faults.add(row.line, f"change「{row['change']}」は {_STOP} か {_MOVE} と書いてください。")
    when = _day(row, "date", faults)
    to = _day(row, "to", faults) if row["to"] else None
    if row["change"] == _STOP and row["to"]:
        faults.add(
            row.line, f"{_STOP}の行に to「{row['to']}」があります。別の日に集めるなら {_MOVE} と書きます。"
        )
    if row["change"] == _MOVE and (not row["to"] or (to is not None and to == when)):
        faults.add(row.line, f"{_MOVE}には、集める日を to に date と違う日で書いてください。")
    if when is None or len(faults.found) > before:
        return None
    note = Named(row["note"], _labels(row, "note")) if row["note"] else None
    return Change(when, row["area"] or None, row["category"] or None, to, note)


def _items(sheet: Sheet | None, faults: Faults, kinds: Mapping[str, Named]) -> tuple[GarbageItem, ...]:
    found = []
    column = "label" if sheet and "label" in sheet.columns else "type"  # as the files, and as their manual
    if sheet and column not in sheet.columns:
        faults.add(1, f"列「label」がありません。{did_you_mean('label', sheet.columns)}")
        return ()
    for row in sheet.rows if sheet else ():
        if not row["name"]:
            faults.add(row.line, "「name」が空です。")
        elif row[column] not in kinds:
            near = did_you_mean(row[column], kinds)
            where = "area_days.csv にも description.csv にもありません。"
            faults.add(row.line, f"分別「{row[column]}」は {where}{near}")
        else:
            named, notice = (
                Named(row["name"], _labels(row, "name")),
                Named(row["notice"], _labels(row, "notice")),
            )
            readings = tuple(reading for reading in (row["furigana"], row["reading"]) if len(reading) > 1)
            found.append(GarbageItem(named, row[column], notice, readings))
    return tuple(found)


def time_choices(evening: time | None, morning: time | None) -> tuple[Choice, ...]:
    """When residents may choose to be told."""
    late, early = (f"({at:%H:%M})" if at else "" for at in (evening, morning))
    return (
        Choice(
            EVENING,
            "まえのひのよる",
            ("夜", "よる", "前の日", "前日", "前の晩", "前の日の夜"),
            {
                "ja": f"前の日の夜{late}",
                "ja-easy": f"前の日の 夜{late}",
                "en": f"Evening before {late}".strip(),
            },
        ),
        Choice(
            MORNING,
            "そのひのあさ",
            ("朝", "あさ", "当日", "その日", "当日の朝"),
            {
                "ja": f"当日の朝{early}",
                "ja-easy": f"その日の 朝{early}",
                "en": f"Same morning {early}".strip(),
            },
        ),
    )
