"""Readings and translations of names: translations.txt, in the form of GTFS or in the older one of GTFS-JP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from bot.transit.tables import Tables

_FILE = "translations.txt"
READINGS = ("ja-hrkt", "ja-hira", "ja-kana")
"""Languages in which GTFS-JP gives how a name is read."""

Words = Mapping[str, Mapping[str, str]]
"""Language (lower case, such as `en`) to Japanese text to its translation."""
Records = Mapping[tuple[str, str], str]
"""The Japanese text of a `(table, record id)`."""


def read_translations(tables: Tables, records: Records) -> Words:
    """Every translation by the Japanese text it is of, also where the file names a record instead."""
    words: dict[str, dict[str, str]] = defaultdict(dict)
    for row in tables.rows(
        _FILE,
        ["translation"],
        ["trans_id", "lang", "table_name", "language", "record_id", "field_value", "field_name"],
    ):
        translated, text, old, table, language, record, value, column = row.cells
        if table and not column.endswith(("_name", "headsign")):
            continue
        original = text or value or records.get((table, record), "")
        if original and translated:
            words[(old or language).lower()].setdefault(original, translated)
    return words
