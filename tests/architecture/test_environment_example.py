from __future__ import annotations

import ast
import re

import pytest

from bot.settings import Settings
from tests.architecture.sources import ROOT, SERVICE, Module, modules, uses

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
ASSIGNED = dict(re.findall(r"^#?([A-Z][A-Z_]*)=(.*)$", EXAMPLE, re.MULTILINE))
GIVEN_AS_SAMPLES = {"MACHI_CLOCK"}


def asked(module: Module) -> set[str]:
    """Environment variables a module asks for: `get("X")`, `os.environ.get("X", …)`, `environment["X"]`."""
    found = set()
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name("get" | "getenv"), args=[ast.Constant(str(name)), *_]):
                found.add(name)
            case ast.Call(func=ast.Attribute(holder, "get"), args=[ast.Constant(str(name)), *_]) if _is_it(
                holder
            ):
                found.add(name)
            case ast.Call(func=ast.Attribute(_, "getenv"), args=[ast.Constant(str(name)), *_]):
                found.add(name)
            case ast.Subscript(value=holder, slice=ast.Constant(str(name))) if _is_it(holder):
                found.add(name)
    return found


def _is_it(holder: ast.expr) -> bool:
    return ast.unparse(holder).split(".")[-1] in {"environ", "environment"}


def test_the_example_names_exactly_the_variables_that_are_read() -> None:
    read = {name for module in modules(SERVICE) for name in asked(module)}
    assert read == set(ASSIGNED)


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    readers = {
        module.path
        for module in modules(SERVICE)
        for _, name in uses(module)
        if name.startswith(("os.environ", "os.getenv"))
    }
    assert readers
    assert {path for path in readers if not path.startswith("bot/cli/")} == set()


@pytest.mark.parametrize(
    "text",
    ['get("MACHI_NEW")', 'os.environ.get("MACHI_NEW", "")', 'environ["MACHI_NEW"]', 'os.getenv("MACHI_NEW")'],
)
def test_a_variable_that_is_read_is_found(text: str) -> None:
    assert asked(Module("bot/somewhere.py", text)) == {"MACHI_NEW"}


@pytest.mark.parametrize("name", sorted(set(ASSIGNED) - GIVEN_AS_SAMPLES))
def test_the_example_shows_the_default(name: str) -> None:
    assert Settings.from_environment({name: ASSIGNED[name]}) == Settings.from_environment({})


@pytest.mark.parametrize("name", sorted(GIVEN_AS_SAMPLES))
def test_a_sample_can_be_read(name: str) -> None:
    assert Settings.from_environment({name: ASSIGNED[name]}) != Settings.from_environment({})


def test_every_variable_is_explained_above_it() -> None:
    paragraphs = [
        part.splitlines() for part in EXAMPLE.split("\n\n") if re.search(r"^#?[A-Z_]+=", part, re.MULTILINE)
    ]
    assert paragraphs
    for lines in paragraphs:
        assert lines[0].startswith("# "), lines
