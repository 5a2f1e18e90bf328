"""Keeps what a rendering needs as JSON, so that what was approved is what is rendered later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bot.rendering.library import TemplateFile
from bot.rendering.residents import Personal


@dataclass(frozen=True, slots=True)
class Frozen:
    """All that rendering some templates depends on: `files` by key, what they see as `town`, the example."""

    files: Mapping[str, TemplateFile]
    town: Mapping[str, Any]
    example: Personal

    def text(self) -> str:
        """As JSON; `town` keeps its order, which a template may show."""
        return msgspec.json.encode(self).decode()


def thaw(text: str) -> Frozen:
    """What `Frozen.text` wrote.

    Raises:
        ValueError: it is something else.
    """
    return msgspec.json.decode(text, type=Frozen)
