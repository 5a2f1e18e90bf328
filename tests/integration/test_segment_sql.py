"""The SQL of an expression against the same question asked in Python, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
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

    def __init__(self, path: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.people: dict[str, Resident] = {}
        self.store = self.loop.run_until_complete(self._open(path))

    async def _open(self, path: Path) -> Store:
        database = await open_database(f"sqlite:///{path}", SystemClock())
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


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("segments") / "machi.db")
    yield town
    town.loop.run_until_complete(town.store.database.close())
    town.loop.close()


@given(st.lists(residents(), min_size=1, max_size=5, unique_by=lambda r: r.user_id), expressions)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_reaches_exactly_those_who_fit(town: Town, people: list[Resident], text: str) -> None:
    town.settle(people)
    expression = segments.parse(text, VOCABULARY)
    expected = {u for u, resident in town.people.items() if segments.matches(expression, resident, TODAY)}
    assert town.reached(expression) == expected


def test_the_longest_expression_is_no_burden_to_the_database(town: Town) -> None:
    for text in (
        "all or " * 285 + "all",
        "topic in (" + ", ".join(["bus"] * 390) + ")",
        "(" * DEPTH + "tax = 固定資産税" + ")" * DEPTH,
        "not " * DEPTH + "all",
        " and ".join(["child.age_years = 1"] * 80),
        "not (" * (DEPTH // 2) + "tax = 固定資産税" + ") and topic = bus" * (DEPTH // 2),
        "(" * DEPTH + "tax = 固定資産税" + ") and topic = bus or all" * DEPTH,
        "child.age_months in (" + ",".join(["1"] * 900) + ")",
    ):
        town.reached(segments.parse(text, VOCABULARY))


def test_no_value_becomes_part_of_the_sql() -> None:
    for text in ('bus_stop = "かぎ\\"かっこ"', "district in (谷地中部, 西里)", "child.age_months > 3"):
        expression = segments.parse(text, VOCABULARY)
        condition = segments.compile(expression, TODAY)
        assert all(str(value) not in condition.sql for value in condition.params.values())
