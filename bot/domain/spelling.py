"""How words that people type are compared with names."""

from __future__ import annotations

import unicodedata

_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


def folded(words: str) -> str:
    """What somebody typed, as labels are compared: width, case, spaces and final punctuation do not matter."""
    plain = unicodedata.normalize("NFKC", words).casefold()
    return "".join(plain.split()).strip("。．.!！?？、,「」\"'")


def in_hiragana(words: str) -> str:
    """Folded words with katakana as hiragana: readings are written in either."""
    return folded(words).translate(_HIRAGANA)
