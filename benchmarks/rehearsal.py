"""A year proved in advance: how long it takes for 10,000 and 100,000 residents, and a day's audiences for a million."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from datetime import date, datetime
from pathlib import Path

import segments
from bot.domain.clock import TOKYO, SystemClock
from bot.domain.residents import Fact
from bot.rehearsal.plan import Planned, Planner
from bot.rehearsal.rehearsing import Rehearsal, rehearsed
from bot.store.store import Store, open_database
from bot.town import load, templates_for, vocabulary
from bot.town.model import Town

KAHOKU = Path(__file__).parents[1] / "towns" / "kahoku"
NOTICES = 60
FROM, UNTIL = datetime(2026, 4, 1, tzinfo=TOKYO), datetime(2027, 3, 31, 23, 59, tzinfo=TOKYO)
TODAY = date(2026, 11, 24)

_TEXT = 'template = "announcement"\ncontext = { heading = "お知らせ", body = "本文です。" }'
_RESIDENTS = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :residents)
INSERT INTO residents (id, user_id, language, state, created_ms, updated_ms)
SELECT n, printf('U%032x', n), iif(n % 10 = 0, 'en', 'ja'), iif(n % 20 = 7, 'blocked', 'following'), 0, 0
FROM numbers
"""
_FACTS = """
WITH mixed (id, a, b, c) AS (
    SELECT id, id * 2654435761 / 64 % 100003, id * 40503 / 32 % 10007, id * 69069 / 16 % 1009 FROM residents
), lists (topics, districts, taxes, stops, areas) AS (
    SELECT json(:topics), json(:districts), json(:taxes), json(:stops), json(:areas)
)
INSERT INTO facts (resident_id, key, value, position)
SELECT id, 'topic', topics ->> ((a + 2 * n) % 6), n FROM mixed, lists, (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2)
UNION ALL SELECT id, 'child.birth_month', printf('%04d-%02d', 2012 + a % 15, 1 + b % 12), 3 FROM mixed
UNION ALL SELECT id, 'district', districts ->> (b % json_array_length(districts)), 4 FROM mixed, lists
UNION ALL SELECT id, 'tax', taxes ->> (c % json_array_length(taxes)), 5 FROM mixed, lists
UNION ALL SELECT id, 'bus_stop', stops ->> (b % json_array_length(stops)), 6 FROM mixed, lists
UNION ALL SELECT id, 'garbage_area', areas ->> (c % json_array_length(areas)), 7 FROM mixed, lists
"""


def _more(town: Town) -> Iterator[str]:
    """Notices beside Kahoku's own, as a bigger town has them: for each age, district, area and bus stop."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    areas, districts, stops = (town.choices[f] for f in (Fact.GARBAGE_AREA, Fact.DISTRICT, Fact.BUS_STOP))
    for age in range(1, 19):
        when = f'child_age = {{ months = [{age}], day = 2, time = "10:00" }}'
        yield f'segment = "topic = childcare and child.birth_month = {{birth_month}}"\n{when}'
    for number in range(14):
        area, day = areas[number % len(areas)].name, days[number % 7]
        when = f'weekly = {{ days = ["{day}"], time = "19:{number:02}" }}'
        yield f'segment = "topic = garbage and garbage_area = {area}"\n{when}'
    for number, district in enumerate(districts):
        when = f'monthly = {{ days = [{number + 1}], time = "12:00" }}'
        yield f'segment = "topic = disaster and district = {district.name}"\n{when}'
    for number in range(60):
        stop, years = stops[number % len(stops)].name, number % 12
        when = f'cron = "0 8 * * {number % 7}"'
        yield f'segment = "bus_stop = \\"{stop}\\" or topic = bus and child.age_years >= {years}"\n{when}'


def build(folder: Path) -> Town:
    """Kahoku with NOTICES notices, in a folder of its own."""
    shutil.copytree(KAHOKU, folder)
    town = load(folder)
    missing = NOTICES - len(town.notices)
    with (folder / "notices.toml").open("a", encoding="utf-8") as file:
        for number, more in zip(range(missing), _more(town), strict=False):
            file.write(
                f'\n[[notices]]\nname = "more-{number}"\ntitle = "お知らせ {number}"\n{_TEXT}\n{more}\n'
            )
    return load(folder)


def settle(path: Path, town: Town, residents: int) -> None:
    """That many residents with eight facts each, in a database whose schema is there."""
    facts = {
        "topics": Fact.TOPIC, "districts": Fact.DISTRICT, "taxes": Fact.TAX,
        "stops": Fact.BUS_STOP, "areas": Fact.GARBAGE_AREA,
    }  # fmt: skip
    words = town.vocabulary()
    lists = {name: str(list(words[fact])).replace("'", '"') for name, fact in facts.items()}
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA synchronous=OFF; PRAGMA cache_size=-400000; DROP INDEX facts_by_value"
        )
        connection.execute(_RESIDENTS, {"residents": residents})
        connection.execute(_FACTS, lists)
        connection.execute("CREATE INDEX facts_by_value ON facts (key, value, resident_id)")
        connection.commit()


async def _store(stack: AsyncExitStack, path: Path, town: Town, residents: int) -> Store:
    database = await open_database(f"sqlite:///{path}", SystemClock())
    stack.push_async_callback(database.close)
    await database.upgrade()
    await asyncio.to_thread(settle, path, town, residents)
    return Store.over(database, SystemClock())


async def _plans(store: Store, town: Town) -> list[Planned]:
    planner = Planner(store, town, templates_for(town))
    return [plan async for plan in planner.plan(FROM, UNTIL, FROM)]


async def year(folder: Path, town: Town, residents: int) -> tuple[float, Rehearsal]:
    """A year's rehearsal, messages and all, in seconds."""
    async with AsyncExitStack() as stack:
        store = await _store(stack, folder / f"{residents}.db", town, residents)
        start = time.perf_counter()
        found = await rehearsed(store.database, await _plans(store, town))
        return time.perf_counter() - start, found


def _by_hand(path: Path, terms: Sequence[segments.Condition]) -> tuple[float, list[int]]:
    """The same questions, one query each, on a bare connection."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA cache_size=-32768")  # as much as the store's connections have
        newest = connection.execute("SELECT max(id) FROM residents").fetchone()[0]
        start = time.perf_counter()
        counts = [
            connection.execute(
                f"SELECT count(*) FROM {each.sql}", {**each.params, "after": 0, "upto": newest}
            ).fetchone()[0]
            for each in terms
        ]
        return time.perf_counter() - start, counts


async def day(folder: Path, town: Town, residents: int) -> float:
    """One audience of every notice, against the time of plain SQL that asks the same."""
    async with AsyncExitStack() as stack:
        path = folder / f"{residents}.db"
        store = await _store(stack, path, town, residents)
        plans = list({plan.notice.name: plan for plan in await _plans(store, town)}.values())
        start = time.perf_counter()
        found = await rehearsed(store.database, sorted(plans, key=lambda plan: plan.starts))
        ours = time.perf_counter() - start
        names = vocabulary(town)
        asked = [
            segments.compile(segments.parse(p.segment, names), p.starts.date()) for p, _ in found.occurrences
        ]
        theirs, counts = await asyncio.to_thread(_by_hand, path, asked)
        if counts != [recipients for _, recipients in found.occurrences]:
            raise AssertionError("the rehearsal and SQL count differently")
        return ours / theirs


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        town = build(folder / "town")
        for residents in (10_000, 100_000):
            seconds, found = asyncio.run(year(folder, town, residents))
            print(
                f"rehearsal of a year, {len(town.notices)} notices, {len(found.occurrences)} occurrences, "
                f"{residents:,} residents: {seconds:.1f} s"
            )
        ratio = asyncio.run(day(folder, town, 1_000_000))
        print(f"every notice counted among 1,000,000 residents: {ratio:.2f} times plain SQL")


if __name__ == "__main__":
    main()
