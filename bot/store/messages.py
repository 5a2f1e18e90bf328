"""What broadcasts say, as it goes to LINE."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.store.port import Session


def message_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """Message objects as the JSON text that goes to LINE."""
    return json.dumps(messages, ensure_ascii=False, separators=(",", ":"))


def message_row(broadcast_id: int, language: str, text: str) -> dict[str, Any]:
    """A message as its row has it; equal bytes have an equal digest."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"broadcast_id": broadcast_id, "language": language, "digest": digest, "payload": text}


async def message_ids(session: Session, broadcast_id: int) -> dict[str, int]:
    """The messages of a broadcast by language; languages with the same bytes share one."""
    rows = await session.fetch("broadcasts.message_ids", {"id": broadcast_id})
    first: dict[str, int] = {}
    return {row["language"]: first.setdefault(row["digest"] or row["language"], row["id"]) for row in rows}


async def add_rendering(session: Session, broadcast_id: int, language: str, text: str) -> int:
    """The id of one rendering of a personal message, the same for the same bytes."""
    row = message_row(broadcast_id, language, text)
    await session.execute("broadcasts.add_rendering", row)
    return int((await session.fetch("broadcasts.rendering", row))[0]["id"])
