from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import Module, modules

MODULE_LINES = 400
FUNCTION_LINES = 40
NOT_A_NAME = re.compile(
    r"(^|/|_)(util|utils|utility|utilities|common|commons|helper|helpers|misc)(_|/|\.py$)"
)
BARE_NOQA = re.compile(r"#\s*noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*(?:  | - )\S)")
FUTURE = "from __future__ import annotations"


def lengths(module: Module) -> list[str]:
    found = []
    if len(module.text.splitlines()) > MODULE_LINES:
        found.append(f"{module.path}: more than {MODULE_LINES} lines")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                found.append(f"{module.path}:{node.lineno}: {node.name} has {lines} lines")
    return found


def manners(module: Module) -> list[str]:
    found = []
    if NOT_A_NAME.search(module.path):
        found.append(f"{module.path}: the name does not say what is in it")
    if ast.get_docstring(module.tree) is None:
        found.append(f"{module.path}: no docstring")
    annotated = any(isinstance(node, ast.FunctionDef | ast.AnnAssign) for node in ast.walk(module.tree))
    if annotated and FUTURE not in module.text:
        found.append(f"{module.path}: {FUTURE}")
    for number, line in enumerate(module.text.splitlines(), 1):
        if BARE_NOQA.search(line):
            found.append(f"{module.path}:{number}: noqa without its codes and reason")
    return found


def test_modules_and_functions_stay_small() -> None:
    assert [fault for module in modules() for fault in lengths(module)] == []


def test_modules_are_named_for_one_idea_and_explain_every_exemption() -> None:
    assert [fault for module in modules() for fault in manners(module)] == []


def test_what_is_too_long_is_found() -> None:
    body = "    pass\n" * FUNCTION_LINES
    assert lengths(Module("bot/a.py", f"async def long():\n{body}"))
    assert not lengths(Module("bot/a.py", f"async def long():\n{body[9:]}"))
    assert lengths(Module("bot/a.py", "\n" * (MODULE_LINES + 1)))
    assert not lengths(Module("bot/a.py", "\n" * MODULE_LINES))


@pytest.mark.parametrize(
    "path", ["bot/util.py", "bot/common/base.py", "segments/text_utils.py", "simulator/helpers.py"]
)
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert manners(Module(path, '"""Something."""\n'))


def test_a_name_that_only_contains_such_a_word_is_fine() -> None:
    assert not manners(Module("bot/communes.py", '"""Something."""\n'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"""Something."""\nnumber: int = 1\n',
        f'"""Something."""\n{FUTURE}\nx = 1  # {"noqa"}\n',
        f'"""Something."""\n{FUTURE}\nx = 1  # {"noqa"}: S608\n',
    ],
)
def test_a_module_without_manners_is_found(text: str) -> None:
    assert manners(Module("bot/a.py", text))


def test_an_exemption_with_its_reason_is_fine() -> None:
    text = f'"""Something."""\n{FUTURE}\nx = 1  # {"noqa"}: S608  made of bound names alone\n'
    assert not manners(Module("bot/a.py", text))
