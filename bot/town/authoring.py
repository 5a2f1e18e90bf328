"""Writes a new notice into `notices.toml` as a clerk would, and takes it back if the folder has faults then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import InvalidInputError, TownFaultsError
from bot.town import typed_rules
from bot.town.calendars import COLUMNS
from bot.town.csv_rows import read_csv
from bot.town.faults import Faults
from bot.town.loader import check
from bot.town.model import Town
from bot.town.notices import NAME


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


def rule_lines(kind: str, typed: str, at: str, calendar: str = "") -> list[str]:
    """The lines of a rule of a kind, from what a clerk typed of it; `at` is a time as `typed_rules.clock` gives it.

    Raises:
        InvalidInputError: it is none of that kind.
    """
    time = f"time = {_text(at)}"
    match kind:
        case "dates":
            return [f"dates = {_list(typed_rules.dates(typed))}", time]
        case "weekly":
            return [f"weekly = {{ days = {_list(typed_rules.weekdays(typed))}, {time} }}"]
        case "monthly":
            days, nth, open_days = typed_rules.month_days(typed)
            parts = [f"days = {days}"] * bool(days) + [f"nth = {_list(nth)}"] * bool(nth)
            parts += [f"open_days = {open_days}"] * bool(open_days)
            return [f"monthly = {{ {', '.join([*parts, time])} }}"]
        case "child_age":
            return [f"child_age = {{ months = {typed_rules.ages(typed)}, day = 1, {time} }}"]
        case "cron":
            return [f"cron = {_text(typed_rules.cron(typed))}"]
        case _:
            away = typed_rules.days_away(typed)
            line = f"{kind} = {{ calendar = {_text(calendar)}, days = {away}, {time} }}"
            return [line, 'useful_until = "date"'] if kind == "days_before" else [line]


def name_for(text: str, town: Town) -> str:
    """A name that a new notice may have.

    Raises:
        InvalidInputError: it is badly written, or taken.
    """
    if not NAME.fullmatch(text):
        raise InvalidInputError(f"名前「{text}」は半角の英小文字・数字・- で書いてください。")
    if any(notice.name == text for notice in town.notices):
        raise InvalidInputError(f"「{text}」という名前のお知らせは、もうあります。")
    return text


def calendars(folder: Path) -> list[str]:
    """The CSV files of a folder that are calendars, by their columns."""
    found = []
    for file in sorted(folder.glob("*.csv")):
        sheet = read_csv(file, Faults(file.name))
        if sheet is not None and any(set(columns) <= set(sheet.columns) for columns in COLUMNS):
            found.append(file.name)
    return found


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


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
