"""The files of the template folders, read once: the town's own stand before the shared ones."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.domain.errors import Fault
from bot.domain.nearest import did_you_mean
from bot.domain.residents import LANGUAGES

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
_KINDS = (".txt.j2", ".flex.json.j2")
_NEEDED = {
    "ja.txt.j2": "日本語の本文はどのひな型にも必要です。",
    "sample.toml": "変数の見本の値を書いてください。",
}


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One file: `key` is `NAME/FILE` below the templates folder, `shown` the path staff read in errors."""

    key: str
    shown: str
    text: str
    fault: str = ""

    @property
    def template(self) -> str:
        """The name of the template it belongs to."""
        return self.key.partition("/")[0]


def read_folders(folders: Sequence[Path], base: Path | None) -> dict[str, TemplateFile]:
    """Every file by key; where two folders have the same one, the later folder's counts.

    Paths are shown relative to `base` or to the working folder when they lie in it.
    """
    files = {}
    for folder in folders:
        for path in sorted(folder.glob("*/*")):
            if path.is_file() and not path.name.startswith("."):
                key = path.relative_to(folder).as_posix()
                files[key] = _read(path, key, _shown(path, base))
    return files


def _shown(path: Path, base: Path | None) -> str:
    for root in (base, Path()):
        if root is not None and path.resolve().is_relative_to(root.resolve()):
            return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()
    return path.as_posix()


def _read(path: Path, key: str, shown: str) -> TemplateFile:
    try:
        return TemplateFile(key, shown, path.read_text("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        return TemplateFile(key, shown, "", "文字コードがUTF-8ではありません。UTF-8で保存し直してください。")
    except OSError as error:
        return TemplateFile(key, shown, "", f"読めません({error.strerror})。")


def names(files: Mapping[str, TemplateFile]) -> tuple[str, ...]:
    """The templates, sorted; folders that begin with `_` hold parts for `include`."""
    return tuple(sorted({file.template for file in files.values() if not file.key.startswith("_")}))


def languages(files: Mapping[str, TemplateFile], name: str) -> tuple[str, ...]:
    """The languages a template has a text of its own for, in the order of LANGUAGES."""
    return tuple(language for language in LANGUAGES if f"{name}/{language}.txt.j2" in files)


def read_sample(file: TemplateFile) -> dict[str, Any]:
    """The variables of a `sample.toml`: text, dates as YYYY-MM-DD, and lists and tables of them.

    Raises:
        ValueError: the file is not TOML of such values (TOMLDecodeError is one too).
    """
    return {key: _sample(key, value) for key, value in tomllib.loads(file.text).items()}


def _sample(key: str, value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case str() | int() | float():
            return str(value)
        case list():
            return [_sample(key, each) for each in value]
        case dict():
            return {name: _sample(f"{key}.{name}", each) for name, each in value.items()}
        case _:
            raise ValueError(f"「{key}」は文字か数か日付で書いてください。")


def layout_faults(files: Mapping[str, TemplateFile]) -> Iterator[Fault]:
    """Files that cannot be read, are misnamed, or are missing."""
    for file in files.values():
        if file.fault:
            yield Fault(file.shown, 0, file.fault)
        elif not file.key.startswith("_"):
            yield from _name_faults(files, file)
    for name in names(files):
        beside = next(file for file in files.values() if file.template == name)
        folder = beside.shown.rpartition("/")[0]
        for needed, why in _NEEDED.items():
            if f"{name}/{needed}" not in files:
                yield Fault(f"{folder}/{needed}", 0, f"このファイルがありません。{why}")


def _name_faults(files: Mapping[str, TemplateFile], file: TemplateFile) -> Iterator[Fault]:
    folder, _, name = file.key.partition("/")
    if not _NAME.fullmatch(folder):
        yield Fault(file.shown, 0, "ひな型の名前(フォルダー名)は、半角の英小文字・数字・_ で付けてください。")
    wanted = ["sample.toml", *(language + kind for language in LANGUAGES for kind in _KINDS)]
    if name not in wanted:
        yield Fault(file.shown, 0, f"ひな型のファイル名ではありません。{did_you_mean(name, wanted)}")
    elif name.endswith(".flex.json.j2") and file.key.replace(".flex.json.j2", ".txt.j2") not in files:
        yield Fault(file.shown, 0, "同じ言語の本文(.txt.j2)がありません。Flexは本文に添えるものです。")
