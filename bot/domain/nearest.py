"""Offers the known name that comes nearest to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known name, or lists the few there are, or nothing."""
    names = sorted(set(known))
    if near := difflib.get_close_matches(word, names, n=1, cutoff=0.5):
        return f"「{near[0]}」ではありませんか。"
    return f"使えるのは{'・'.join(names)}です。" if 0 < len(names) <= 12 else ""
