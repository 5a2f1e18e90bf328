"""What the account says, in files by language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("texts")


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value).strip("\n")


@lru_cache(maxsize=16)
def texts(language: str) -> Mapping[str, str]:
    """Every text of a language by its key, such as `help.title`; Japanese where there is no such file."""
    file = FOLDER / f"{language}.toml"
    if not file.is_file():
        return texts("ja")
    return dict(_flat(tomllib.loads(file.read_text("utf-8"))))


def written() -> list[str]:
    """The languages that have a file."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))
