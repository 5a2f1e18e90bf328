"""The words of messages for those without a phone: without links, what only the chat can do, and the drill's mark."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.rendering.drill import MARK

_LINK = re.compile(r"^\s*https?://\S+\s*$")
_CHAT = ("このトーク", "「避難所」", "「安否」", '"Shelters"', '"Safety check"')
"""Words of lines that say what to send in the chat."""
_BULLET = re.compile(r"^[・-]\s*")
_MORE = re.compile(r"^(?:ほかに\s?\d+か所|and \d+ more)$")
_HEADING = re.compile(r"^【(.+?)】(.*)$")


def outside_chat(text: str) -> str:
    """A text without the lines that say what to send in the chat: they mean nothing anywhere else."""
    kept = [line for line in text.splitlines() if not any(word in line for word in _CHAT)]
    return _tidy("\n".join(kept))


def _tidy(text: str) -> str:
    """At most one empty line between others, none around them."""
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def words(messages: Sequence[Mapping[str, Any]]) -> str:
    """The texts of LINE messages as one text to read on paper or aloud; of a card alone, its alternative text."""
    texts = [str(message["text"]) for message in messages if message["type"] == "text"]
    if not texts:
        texts = [str(message["altText"]) for message in messages if "altText" in message]
    lines = outside_chat("\n\n".join(texts).replace(MARK, "")).splitlines()
    return _tidy("\n".join(line.rstrip() for line in lines if not _LINK.match(line)))


def parted(text: str) -> tuple[str, str]:
    """The heading in 【】 that a text begins with (else empty) and the rest."""
    first, _, rest = text.partition("\n")
    found = _HEADING.match(first)
    if found is None:
        return "", text
    return found[1], f"{found[2]}\n{rest}".strip()


def without_sites(text: str, names: Collection[str]) -> tuple[str, str]:
    """A text without the list of these shelters and the line above it; that line without its colon, and the rest."""
    lines = text.splitlines()
    listed = {n for n, line in enumerate(lines) if _BULLET.sub("", line) in names and _BULLET.match(line)}
    caption = ""
    kept = []
    for number, line in enumerate(lines):
        if number in listed or (listed and _MORE.match(line)):
            continue
        if number + 1 in listed and line.rstrip().endswith((":", "：")):
            caption = line.rstrip().rstrip(":：")
            continue
        kept.append(line)
    return _tidy("\n".join(kept)), caption
