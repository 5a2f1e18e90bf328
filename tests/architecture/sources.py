"""What the architecture tests read: the program's modules, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = ("bot", "handlers", "segments")
PROGRAM = (*SERVICE, "simulator")


@dataclass(frozen=True)
class Module:
    """A module's text; `path` is relative to the project, such as `bot/settings.py`."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


@cache
def modules(packages: tuple[str, ...] = PROGRAM) -> tuple[Module, ...]:
    files = sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))
    assert len(files) > 20, "the packages have moved, and these tests read nothing"
    return tuple(
        Module(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files
    )


def uses(module: Module) -> Iterator[tuple[int, str]]:
    """(line, full name) of every name a module uses, whatever it was imported as.

    `from datetime import datetime as when` … `when.now()` is a use of `datetime.datetime.now`.
    """
    known: dict[str, str] = {}
    tree = module.tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (name := _dotted(node)):
            first, _, rest = name.partition(".")
            full = known.get(first, first)
            yield node.lineno, f"{full}.{rest}" if rest else full


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (start := _dotted(node.value)):
        return f"{start}.{node.attr}"
    return None
