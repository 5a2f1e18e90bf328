from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import ROOT, SERVICE, Module, modules

SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s*\("
    r"|(CREATE|DROP|ALTER)\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)\s)",
    re.IGNORECASE,
)
WRITES_SQL = {
    "segments/lookups.py": "the compiler of segments",
    "segments/sql.py": "the compiler of segments",
    "bot/store/migrations.py": "the ledger of migrations, older than any of them",
    "bot/store/postgres.py": "the lock under which migrations run",
}
NAMED = re.compile(r"^-- name: (\w+)", re.MULTILINE)


def faults(module: Module) -> list[str]:
    tree = module.tree
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        f"{module.path}:{node.lineno}: {node.value[:40]!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        if SQL.match(node.value)
    ]


def statements() -> set[str]:
    return {
        f"{file.stem}.{name}"
        for file in (ROOT / "bot" / "store" / "sql").glob("*.sql")
        for name in NAMED.findall(file.read_text(encoding="utf-8"))
    }


def words(texts: tuple[Module, ...]) -> set[str]:
    """Every text constant of some modules."""
    return {
        node.value
        for module in texts
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_sql_stands_in_sql_files() -> None:
    assert [
        fault for module in modules(SERVICE) if module.path not in WRITES_SQL for fault in faults(module)
    ] == []


@pytest.mark.parametrize("path", ["bot/store/migrations.py", "bot/store/postgres.py"])
def test_an_exception_is_still_one(path: str) -> None:
    (module,) = (module for module in modules(SERVICE) if module.path == path)
    assert faults(module)


@pytest.mark.parametrize(
    "text",
    [
        'rows = fetch("SELECT id FROM residents")',
        'execute(f"delete from {table}")',
        'LONG = """\n  INSERT INTO facts\n  VALUES (1)"""',
        '"""Docstring."""\nUPSERT = "INSERT OR IGNORE INTO facts VALUES (1)"',
        'execute("UPDATE batches SET state = 1")',
        'execute("CREATE UNIQUE INDEX a ON b (c)")',
    ],
)
def test_sql_in_a_module_is_found(text: str) -> None:
    assert faults(Module("bot/somewhere.py", text))


@pytest.mark.parametrize(
    "text", ['"""Select a batch."""', 'x = "Update the town\'s folder"', 'x = "selection"']
)
def test_prose_is_not_sql(text: str) -> None:
    assert not faults(Module("bot/somewhere.py", text))


def test_every_named_statement_is_asked_for_and_every_one_asked_for_exists() -> None:
    named, said = statements(), words(modules(("bot",)))
    rooms = "|".join(sorted({name.split(".")[0] for name in named}))
    asked = {word for word in said if re.fullmatch(rf"({rooms})\.[a-z_]+", word)}
    assert len(named) > 20
    assert named - asked == set()
