from __future__ import annotations

import re

import pytest

from bot.store.migrations import FOLDER, migrations

NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def faults(names: list[str]) -> list[str]:
    """A file whose name does not fit would be passed over without a word; so would the lower of two numbers."""
    strangers = [name for name in names if not NAME.fullmatch(name)]
    numbers = sorted(int(name[:4]) for name in names if NAME.fullmatch(name))
    return strangers + [f"{n:04d}" for n, due in zip(numbers, range(1, 10_000), strict=False) if n != due]


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    names = [path.name for path in FOLDER.iterdir() if path.name != "__pycache__"]
    assert names
    assert faults(names) == []
    assert [migration.version for migration in migrations()] == list(range(1, len(names) + 1))


@pytest.mark.parametrize(
    "names",
    [
        ["0002_more.sql"],
        ["0001_initial.sql", "0003_more.sql"],
        ["0001_initial.sql", "0001_more.sql"],
        ["0001_initial.sql", "2_more.sql"],
        ["0001_initial.sql", "0002_more.txt"],
        ["0001_initial.sql", "0002-more.sql"],
    ],
)
def test_a_gap_a_double_or_a_stranger_is_found(names: list[str]) -> None:
    assert faults(names)
