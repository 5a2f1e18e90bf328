"""What commands print: JSON for programs, aligned lines for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from bot.domain.clock import from_ms
from bot.domain.residents import ResidentState

LANGUAGE_NAMES = {
    "ja": "日本語",
    "ja-easy": "やさしい日本語",
    "en": "英語",
    "zh": "中国語",
    "ko": "韓国語",
    "vi": "ベトナム語",
}

STATES = {
    ResidentState.FOLLOWING: "フォロー中",
    ResidentState.STOPPED: "配信停止",
    ResidentState.BLOCKED: "ブロック",
}
"""Residents' states as staff read them."""


def emit(data: Any, *, json_: bool, text: Callable[[], Iterable[str]]) -> None:
    """Print data as JSON, or as the lines that `text` gives."""
    if json_:
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        for line in text():
            click.echo(line)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Columns that line up also where characters are two cells wide."""
    from rich.cells import cell_len

    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def pairs(values: Mapping[str, object]) -> Iterator[str]:
    """Names and values, one a line."""
    from rich.cells import cell_len

    width = max((cell_len(name) for name in values), default=0)
    for name, value in values.items():
        yield f"{name}{' ' * (width - cell_len(name))}  {value}"


def iso(ms: int | None) -> str | None:
    """A stored time as ISO 8601 in Asia/Tokyo."""
    return None if ms is None else from_ms(ms).isoformat(timespec="seconds")


def shown(ms: int | None) -> str:
    """A stored time for people; `-` for none."""
    return "-" if ms is None else f"{from_ms(ms):%Y-%m-%d %H:%M:%S}"


def minute(at: str | None) -> str:
    """An ISO 8601 time for people, to the minute; `-` for none."""
    return at[:16].replace("T", " ") if at else "-"


def shortened(text: str, width: int) -> str:
    """A text on one line of at most that many cells."""
    from rich.cells import cell_len, set_cell_size

    line = " ".join(text.split())
    return line if cell_len(line) <= width else set_cell_size(line, width - 2).rstrip() + "…"


def messages(payloads: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """What messages say, language by language."""
    for language, contents in payloads.items():
        yield f"── {LANGUAGE_NAMES.get(language, language)} ({language}) ──"
        for number, message in enumerate(contents, 1):
            if len(contents) > 1:
                yield f"[{number}/{len(contents)}]"
            yield from _words(message).splitlines()
        yield ""


def _words(message: Mapping[str, Any]) -> str:
    if message["type"] == "text":
        return str(message["text"])
    if message["type"] == "flex":
        return "(カード)\n" + "\n".join(_texts(message["contents"]))
    return f"({message['type']})"


def _texts(part: Any) -> Iterator[str]:
    """Every text of a Flex message, in reading order."""
    if isinstance(part, list):
        for element in part:
            yield from _texts(element)
    elif isinstance(part, dict):
        if part.get("type") == "text" and "text" in part:
            yield str(part["text"])
        if isinstance(part.get("action"), dict):
            yield f"[{part['action'].get('label', '')}]"
        for key in ("header", "hero", "body", "footer", "contents"):
            yield from _texts(part.get(key))
