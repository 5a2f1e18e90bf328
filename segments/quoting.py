"""Values in the text of an expression: bare where they can be, else in double quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from segments.errors import SegmentError

KEYWORDS = frozenset({"all", "and", "or", "not", "in", "between"})
QUOTES = '"“”〝〟＂'
"""What is read as a double quote."""

_BARE = re.compile(rf"""[^\s()=!<>,\\{{}}、。「」≠≦≧≤≥{QUOTES}]+""")
_SPECIAL, _ESCAPED = re.compile(rf"[\\{QUOTES}]"), r"\\\g<0>"
_PLACEHOLDER = re.compile(r"\{(?P<name>[^{}\s]*)\}")
_FILLED = re.compile(
    rf"(?P<quoted>[{QUOTES}](?:[^\\{QUOTES}]|\\.)*[{QUOTES}])|(?P<unclosed>[{QUOTES}])|{_PLACEHOLDER.pattern}",
    re.DOTALL,
)


def quote(value: str) -> str:
    """A value as an expression can hold it, whatever is in it."""
    plain = unicodedata.normalize("NFKC", value)
    if plain == value and _BARE.fullmatch(value) and value.casefold() not in KEYWORDS:
        return value
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    return _SPECIAL.sub(_ESCAPED, value)


def fill(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Put values in the place of `{placeholders}`; a list becomes its values with commas between.

    Whatever a value holds, it stays one value: it is quoted, and within quotes of `text` it is escaped.

    Raises:
        SegmentError: there is no value for a placeholder, its list is empty or stands within quotes, or
            `text` has a quote that is not closed.
    """

    def value(name: str, place: int) -> str | Sequence[str]:
        if not (found := values.get(name)):
            raise SegmentError(f"{{{name}}} に入る値がありません。", text, place, expected="値のある名前")
        return found

    def within_quotes(found: re.Match[str], start: int) -> str:
        inner = value(found["name"], start + found.start())
        if not isinstance(inner, str):
            reason = f"{{{found['name']}}} は一覧なので、引用符の中には書けません。"
            raise SegmentError(reason, text, start + found.start(), expected="引用符のない一覧")
        return _escaped(inner)

    def written(found: re.Match[str]) -> str:
        if found["unclosed"]:
            raise SegmentError("引用符が閉じていません。", text, found.start(), expected='終わりの "')
        if found["quoted"]:
            return _PLACEHOLDER.sub(lambda inner: within_quotes(inner, found.start()), found["quoted"])
        filled = value(found["name"], found.start())
        return quote(filled) if isinstance(filled, str) else ", ".join(quote(each) for each in filled)

    return _FILLED.sub(written, text)
