"""Kahoku's folder, and copies of it with something changed."""

from __future__ import annotations

import shutil
from pathlib import Path

PROJECT = Path(__file__).parents[2]
KAHOKU = PROJECT / "towns" / "kahoku"


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KAHOKU, tmp_path / "town"))


def replaced(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` in a file of the folder; the line it stood on."""
    path = folder / file
    text = path.read_text("utf-8-sig")
    before, found, after = text.partition(old)
    assert found, f"{old} does not stand in {file}"
    path.write_text(before + new + after, "utf-8")
    return before.count("\n") + 1


def write_templates(folder: Path, files: dict[str, str]) -> None:
    """Write templates, by path below the folder's `templates`."""
    for name, text in files.items():
        path = folder / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
