"""Text to tokens. Full-width signs and letters are read as their half-width ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from segments.errors import SegmentError
from segments.quoting import KEYWORDS, QUOTES

_SIGNS = {
    **dict.fromkeys(QUOTES, '"'),
    "、": ",",
    "＼": "＼",  # no escape
    "≠": "!=",
    **dict.fromkeys("≦≤", "<="),
    **dict.fromkeys("≧≥", ">="),
}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<operator>!=|<=|>=|=|<|>)
      | (?P<sign>[(),])
      | (?P<word>[^\s()=!<>,"]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Token(NamedTuple):
    """A piece of an expression.

    `kind` is `word`, `string`, `operator`, `sign` (parentheses and commas), a keyword, or `end`; `value` is
    what it says, half width; `position` is where it begins in the text as it was typed.
    """

    kind: str
    value: str
    position: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, and `end` last.

    Raises:
        SegmentError: a character that belongs to no token, or a quotation mark that is not closed.
    """
    plain, positions = _half_width(text)
    place = 0
    while place < len(plain):
        match = _TOKEN.match(plain, place)
        if match is None:
            raise _stray(plain[place], text, positions[place])
        place = match.end()
        if match.lastgroup != "space":
            first, last = positions[match.start()], positions[match.end() - 1]
            yield _token(str(match.lastgroup), match[0], text[first : last + 1], first)
    yield Token("end", "", len(text.rstrip()))


def _stray(char: str, text: str, position: int) -> SegmentError:
    if char == '"':
        return SegmentError("引用符が閉じていません。", text, position, expected='終わりの "')
    return SegmentError(
        f"「{char}」はここには書けません。!= ではありませんか。", text, position, expected="!="
    )


def _token(kind: str, value: str, typed: str, position: int) -> Token:
    if kind == "string":
        value = unicodedata.normalize("NFKC", _ESCAPE.sub(r"\1", typed[1:-1]))
    elif kind == "word":
        value = unicodedata.normalize("NFKC", typed)
        kind = value.casefold() if value.casefold() in KEYWORDS else kind
    return Token(kind, value, position)


def _half_width(text: str) -> tuple[str, list[int]]:
    """The text in half width, and for each of its characters the index of the one it came from."""
    parts = [_SIGNS.get(char) or _half(char) for char in text]
    positions = [index for index, part in enumerate(parts) for _ in part]
    return "".join(parts), positions


def _half(char: str) -> str:
    """A character in half width; ㈱, whose plain form (株) would be read as parentheses, stays itself."""
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char
