"""LINE messages as the words of what is published: as they were sent, but for what only the chat can do; drills marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.feeds.messages import Words
from bot.feeds.xml import clean
from bot.line.limits import cut
from bot.rendering.drill import MARK
from bot.rendering.on_paper import outside_chat

HEADLINE = 160
"""CAP 1.2 asks for no more, so that displays can show it whole (3.2.2 `headline`)."""


def texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The text of each text message; of a message without any text what stands for its card."""
    found = [outside_chat(clean(str(each["text"]))) for each in messages if each["type"] == "text"]
    return found or [clean(str(each["altText"])) for each in messages if each["type"] == "flex"]


def lines(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of the first text that say something; the mark of a drill is none of them."""
    first = next(iter(texts(messages)), "")
    stripped = (line.replace(MARK, "").strip() for line in first.splitlines())
    return [line for line in stripped if line]


def headline(messages: Sequence[Mapping[str, Any]], count: int, *, drill: bool) -> str:
    """The first lines, on one; of a drill with its mark before them."""
    words = " ".join(lines(messages)[:count])
    return cut(f"{MARK}{words}" if drill else words, HEADLINE)


def said(
    messages: Sequence[Mapping[str, Any]], event: str, count: int, *, drill: bool, split: bool = False
) -> Words:
    """The words of a message, its first `count` lines as headline; `split`: what follows the first text instructs."""
    found = texts(messages)
    upto = 1 if split else len(found)
    description, instruction = ("\n\n".join(part).strip() for part in (found[:upto], found[upto:]))
    return Words(event, headline(messages, count, drill=drill) or event, description or event, instruction)
