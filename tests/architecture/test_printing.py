from __future__ import annotations

import pytest

from tests.architecture.sources import SERVICE, Module, modules, uses

CLI = "bot/cli/"
PRINTS = {"click.echo", "click.secho", "print", "rich.print", "sys.stderr", "sys.stdout"}


def faults(module: Module) -> list[str]:
    return [f"{module.path}:{line}: {name}" for line, name in uses(module) if name in PRINTS]


def test_only_the_command_line_prints() -> None:
    outside = [module for module in modules(SERVICE) if not module.path.startswith(CLI)]
    assert [fault for module in outside for fault in faults(module)] == []


def test_the_command_line_does_print() -> None:
    assert any(faults(module) for module in modules(SERVICE) if module.path.startswith(CLI))


@pytest.mark.parametrize(
    "text",
    ["print('here')", "import sys\nsys.stdout.write('here')", "from click import echo as say\nsay('here')"],
)
def test_printing_elsewhere_is_found(text: str) -> None:
    assert faults(Module("bot/inbox/somewhere.py", text))
