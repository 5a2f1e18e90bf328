from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROGRAM, ROOT, Module, modules

LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def outsiders(module: Module) -> list[str]:
    """What a module of the domain imports beside the standard library and the domain."""
    found = []
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        found += [
            f"{module.path}:{node.lineno}: {name}"
            for name in names
            if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith("bot.domain.")
        ]
    return found


def test_rooms_import_one_way() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("segments/errors.py", "import bot.web", "Rooms import one way"),
        ("bot/store/audit.py", "import bot.town", "Rooms import one way"),
        ("bot/domain/months.py", "import bot.store", "The domain imports the standard library alone"),
        ("bot/settings.py", "import simulator", "The service never imports the simulator"),
    ],
)
def test_a_breach_of_the_contract_is_found(tmp_path: Path, path: str, line: str, broken: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PROGRAM:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / path).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{broken} BROKEN" in done.stdout


def test_the_domain_knows_the_standard_library_alone() -> None:
    domain = [module for module in modules() if module.path.startswith("bot/domain/")]
    assert len(domain) > 3
    assert [fault for module in domain for fault in outsiders(module)] == []


@pytest.mark.parametrize(
    "text", ["import aiohttp", "from bot.rendering import Templates", "from bot import domains"]
)
def test_an_outsider_in_the_domain_is_found(text: str) -> None:
    assert outsiders(Module("bot/domain/somewhere.py", text))
