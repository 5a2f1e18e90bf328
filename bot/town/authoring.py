"""Writes a new notice into `notices.toml` as a clerk would, and takes it back if the folder has faults then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import InvalidInputError, TownFaultsError
from bot.town.loader import check


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What a clerk says of a notice: `when` is one line of TOML or several, as `rule_lines` makes them."""

    name: str
    title: str
    segment: str
    when: Sequence[str]
    texts: Mapping[str, str]
    template: str = "announcement"

    def toml(self) -> str:
        """The notice's table."""
        lines = [
            "[[notices]]",
            f"name = {_text(self.name)}",
            f"title = {_text(self.title)}",
            f"template = {_text(self.template)}",
            f"segment = {_text(self.segment)}",
            *self.when,
            "[notices.context]",
            *(f"{key} = {_text(value)}" for key, value in self.texts.items() if value),
        ]
        return "\n".join(lines) + "\n"


def rule_lines(kind: str, values: Sequence[str], time: str, calendar: str = "") -> list[str]:
    """The lines of a rule: `kind` is dates, weekly, monthly or days_before, `values` what a clerk typed of it.

    Raises:
        InvalidInputError: a value is none of that kind.
    """
    at = _text(time)
    match kind:
        case "dates":
            return [f"dates = {_list(values)}", f"time = {at}"]
        case "weekly":
            return [f"weekly = {{ days = {_list(values)}, time = {at} }}"]
        case "monthly":
            days = [_whole(value) for value in values if value.lstrip("-").isdecimal()]
            nth = [value for value in values if not value.lstrip("-").isdecimal()]
            parts = [f"days = {days}"] * bool(days) + [f"nth = {_list(nth)}"] * bool(nth)
            return [f"monthly = {{ {', '.join([*parts, f'time = {at}'])} }}"]
        case _:
            before = [_whole(value) for value in values]
            return [
                f"days_before = {{ calendar = {_text(calendar)}, days = {before}, time = {at} }}",
                'useful_until = "date"',
            ]


def add_notice(folder: Path, notice: NewNotice) -> None:
    """Append a notice to the folder's `notices.toml`; the file stays as it was if that makes a fault.

    Raises:
        TownFaultsError: the folder had faults before.
        InvalidInputError: the notice has faults.
    """
    if faults := check(folder):
        raise TownFaultsError(faults)
    file = folder / "notices.toml"
    before = file.read_bytes()
    text = before.decode("utf-8-sig").rstrip("\r\n") + "\n\n" + notice.toml()
    _replace(file, text.encode())
    if faults := check(folder):
        _replace(file, before)
        raise InvalidInputError("\n".join(fault.message for fault in faults))


def _replace(file: Path, content: bytes) -> None:
    """All or nothing, whatever stops the program."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)


def _whole(text: str) -> int:
    if not text.lstrip("-").isdecimal():
        raise InvalidInputError(f"「{text}」は数ではありません。")
    return int(text)


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
