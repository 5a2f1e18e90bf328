"""A message to everyone at once: LINE's broadcast endpoint sends all friends the same, so it holds every language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.errors import InvalidInputError
from bot.line.limits import MESSAGES, TEXT, Message, utf16_length
from bot.line.messages import text

_HEADINGS = {
    "ja-easy": "やさしい日本語",
    "en": "English",
    "zh": "中文",
    "ko": "한국어",
    "vi": "Tiếng Việt",
}
_RULE = "────────"
_PART = re.compile(rf"\s*^{_RULE}\n【({'|'.join(_HEADINGS.values())})】\n", re.MULTILINE)


def in_one(payloads: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Message, ...]:
    """The texts of all languages, Japanese first, in one text message if they fit, else in one each.

    Cards are left out: what matters stands in the texts.

    Raises:
        InvalidInputError: they do not fit into five messages.
    """
    parts = []
    for language in dict.fromkeys(("ja", *payloads)):
        words = "\n\n".join(message["text"] for message in payloads[language] if message["type"] == "text")
        heading = _HEADINGS.get(language)
        parts.append(f"{_RULE}\n【{heading}】\n{words}" if heading else words)
    whole = "\n\n".join(parts)
    if utf16_length(whole) <= TEXT:
        return (text(whole),)
    if len(parts) > MESSAGES:
        raise InvalidInputError("すべての言葉の文を合わせると、1回に送れる長さを超えます。短くしてください。")
    return tuple(text(part) for part in parts)


def apart(messages: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Message]]:
    """The text of each language of what `in_one` made."""
    whole = "\n\n".join(message["text"] for message in messages)
    first, *rest = _PART.split(whole)
    languages = {heading: language for language, heading in _HEADINGS.items()}
    found = {languages[heading]: words for heading, words in zip(rest[::2], rest[1::2], strict=True)}
    return {language: (text(words),) for language, words in {"ja": first, **found}.items()}
