"""Reads TOML tables key by key, noting each fault with its line instead of stopping at the first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path as FilePath
from typing import Any

from bot.domain.nearest import did_you_mean
from bot.town.faults import Faults, day
from bot.town.toml_lines import Path, line_of, lines

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SYNTAX_PLACE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")
_KINDS = {str: "文字", int: "整数", bool: " true か false ", list: "並び [ ] ", dict: "表", object: "値"}


class Table:
    """One table of a document; `finish` reports the keys that nobody asked for."""

    def __init__(
        self, values: Mapping[str, Any], faults: Faults, found: Mapping[Path, int], path: Path = ()
    ) -> None:
        self.faults = faults
        self._values = values
        self._found = found
        self._path = path
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def line(self, key: str = "") -> int:
        """The line of a key, or of the table itself."""
        return line_of(self._found, (*self._path, key) if key else self._path)

    def fault(self, key: str, message: str) -> None:
        """Note a fault at a key's line."""
        self.faults.add(self.line(key), message)

    def _get(self, key: str, kind: type, *, required: bool) -> Any:
        if key not in self:
            if required:
                self.fault("", f"「{key}」がありません。")
            return None
        value = self._values[key]
        if not _is(value, kind):
            self.fault(key, f"「{key}」は{_KINDS[kind]}で書いてください(いまは {value!r})。")
            return None
        return value

    def text(self, key: str, *, required: bool = True) -> str:
        """A text; empty if it is missing."""
        value = self._get(key, str, required=required)
        if value is not None and required and not value.strip():
            self.fault(key, f"「{key}」が空です。")
        return (value or "").strip()

    def whole(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._get(key, int, required=False)
        return default if value is None else int(value)

    def flag(self, key: str) -> bool:
        """A yes or no; no if it is missing."""
        return bool(self._get(key, bool, required=False))

    def items(self, key: str, kind: type, *, required: bool = False) -> tuple[Any, ...]:
        """A list whose elements are all of one kind; the others are noted and left out."""
        values = self._get(key, list, required=required) or []
        for value in values:
            if not _is(value, kind):
                self.fault(key, f"「{key}」の中は{_KINDS[kind]}で書いてください(いまは {value!r})。")
        if required and self._values.get(key) == []:
            self.fault(key, f"「{key}」が空です。")
        return tuple(value for value in values if _is(value, kind))

    def day_list(self, key: str) -> tuple[date, ...]:
        """A list of at least one day, as text `"2027-04-02"` or as TOML's own dates."""
        values = self.items(key, object, required=True)
        days = (self.faults.attempt(self.line(key), day, str(value)) for value in values)
        return tuple(found for found in days if found is not None)

    def is_text(self, key: str, text: str) -> bool:
        """Whether a key has just this text."""
        return key in self and bool(self._values[key] == text)

    def clock(self, key: str) -> time | None:
        """A time of day `"09:00"`, or TOML's own; None with the fault noted if there is none."""
        value = self._get(key, object, required=True)
        if value is None or isinstance(value, time):
            return value
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            self.fault(key, f'「{key}」は時刻を "09:00" のように書いてください(いまは {value!r})。')
            return None
        return time(int(value[:2]), int(value[3:]))

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts, such as labels by language."""
        values = self._get(key, dict, required=False) or {}
        for name, value in values.items():
            if not isinstance(value, str) or not value.strip():
                line = line_of(self._found, (*self._path, key, name))
                self.faults.add(line, f"「{key}.{name}」は文字で書いてください(いまは {value!r})。")
        return {name: value for name, value in values.items() if isinstance(value, str)}

    def table(self, key: str, *, required: bool = True) -> Table:
        """A table within this one; an empty one if it is missing."""
        values = self._get(key, dict, required=required)
        return Table(values or {}, self.faults, self._found, (*self._path, key))

    def tables(self, key: str) -> list[Table]:
        """An array of tables `[[key]]`; empty if there is none."""
        values = self._get(key, list, required=False) or []
        if any(not isinstance(value, dict) for value in values):
            self.fault(key, f"「{key}」は [[{key}]] の形の表で書いてください。")
            return []
        return [
            Table(value, self.faults, self._found, (*self._path, key, number))
            for number, value in enumerate(values)
        ]

    def finish(self) -> None:
        """Note every key that nobody asked for, offering the nearest known one."""
        for key in self._values:
            if key not in self._asked:
                self.fault(key, f"「{key}」という項目はありません。{did_you_mean(key, self._asked)}")


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of a kind; true and false are no numbers."""
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def read_toml(file: FilePath, faults: Faults) -> Table | None:
    """The document, or None with its fault noted: missing, not UTF-8, or not TOML (with tomllib's line)."""
    try:
        text = file.read_text("utf-8-sig")
        values = tomllib.loads(text)
    except FileNotFoundError:
        faults.add(0, "このファイルがありません。")
    except UnicodeDecodeError:
        faults.add(0, "文字コードがUTF-8ではありません。UTF-8で保存し直してください。")
    except OSError as error:
        faults.add(0, f"読めません({error.strerror})。")
    except tomllib.TOMLDecodeError as error:
        place = _SYNTAX_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
        faults.add(line, f"TOMLの書き方が正しくありません({_SYNTAX_PLACE.sub('', str(error)).strip()})。")
    except (RecursionError, ValueError):  # brackets in thousands, or a number of thousands of digits
        faults.add(0, "TOMLとして読めません。かっこの重なりか、数の桁が多すぎます。")
    else:
        return Table(values, faults, lines(text.replace("\r\n", "\n")))
    return None
