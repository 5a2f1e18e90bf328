"""How LINE counts characters.

Most limits are in UTF-16 code units; labels, titles and what an action says are counted in grapheme clusters.
Source: https://developers.line.biz/en/docs/messaging-api/text-character-count/
"""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"
_HALF_WIDTH_SOUND_MARKS = "\uff9e\uff9f"


def utf16(text: str) -> int:
    """Length of ``text`` in UTF-16 code units: most emoji and some kanji count two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """Number of characters as a reader sees them (the usual cases of Unicode's UAX #29)."""
    count = 0
    previous = ""
    flag_half_open = False
    for character in text:
        is_flag_half = "\U0001f1e6" <= character <= "\U0001f1ff"
        if is_flag_half and flag_half_open:
            flag_half_open = False
        elif not (
            _extends(character) or previous == _ZERO_WIDTH_JOINER or (previous, character) == ("\r", "\n")
        ):
            count += 1
            flag_half_open = is_flag_half
        previous = character
    return count


def _extends(character: str) -> bool:
    """Whether a character belongs to the one before it: accents, variation selectors, skin tones, tags."""
    return (
        character == _ZERO_WIDTH_JOINER
        or character in _HALF_WIDTH_SOUND_MARKS
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )
