"""Values in the text of an expression: bare where they can be, else in double quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from segments.errors import SegmentError

KEYWORDS = frozenset({"all", "and", "or", "not", "in", "between"})

_BARE = re.compile(r"""[^\s()=!<>,"\\{}、。「」“”〝〟＂≠≦≧≤≥]+""")
_SPECIAL, _ESCAPED = re.compile(r"""[\\"“”〝〟＂]"""), r"\\\g<0>"
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")


def quote(value: str) -> str:
    """A value as an expression can hold it, whatever is in it."""
    plain = unicodedata.normalize("NFKC", value)
    if plain == value and _BARE.fullmatch(value) and value.casefold() not in KEYWORDS:
        return value
    return f'"{_SPECIAL.sub(_ESCAPED, value)}"'


def fill(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Put values in the place of `{placeholders}`; a list becomes its values with commas between.

    Whatever a value holds, it stays one value: it is quoted.

    Raises:
        SegmentError: there is no value for a placeholder, or its list is empty.
    """

    def written(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if not value:
            raise SegmentError(f"{{{found[1]}}} に入る値がありません。", text, found.start())
        return quote(value) if isinstance(value, str) else ", ".join(quote(each) for each in value)

    return _PLACEHOLDER.sub(written, text)
