"""Whatever is replayed: every message is marked at both ends, and what is really in force does not change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.broadcasts import State
from bot.domain.clock import TOKYO
from bot.rendering.drill import MARK
from bot.store.drills import messages
from bot.store.store import Store, open_database
from bot.telegrams import drill
from bot.telegrams.drill import Reach, Replay, outline
from bot.telegrams.scenario import Scenario, read_scenario
from bot.town import load, templates_for
from tests.clock import HandClock
from tests.jma_telegrams import cancelled, earthquake, flood, rain, shaking, warnings
from tests.settling import everything
from tests.sql import rows_of
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TEMPLATES = templates_for(TOWN)
START = datetime(2020, 7, 28, 8, tzinfo=TOKYO)

RIVER = [
    ("10", "氾濫注意報解除"),
    ("30", "レベル３氾濫警報"),
    ("40", "レベル４氾濫危険警報"),
    ("51", "レベル５氾濫特別警報"),
]
makers = st.one_of(
    st.integers(0, 5).filter(lambda n: n != 1).map(lambda n: ("VPWW55", lambda at: rain(at, n))),
    st.sampled_from(RIVER).map(lambda each: ("VXKO52", lambda at: flood(at, *each))),
    st.just(("VPWW55", lambda at: cancelled("VPWW55", at))),
    st.just(("VPWW60", lambda at: warnings("VPWW60", at, ("36", "大雪特別警報", "発表")))),
    st.sampled_from(["3", "4", "5-"]).map(lambda n: ("VXSE51", lambda at: shaking("20200728080000", at, n))),
    st.sampled_from(["4", "6+"]).map(
        lambda n: ("VXSE53", lambda at: earthquake("20200728080000", at, f"<MaxInt>{n}</MaxInt>"))
    ),
)
telegrams = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["通常", "訓練", "試験"]), makers), min_size=1, max_size=8
)


def written(folder: Path, made: Sequence[Any]) -> Scenario:
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.xml"):
        file.unlink()
    at = START
    for number, (minutes, status, (type_, make)) in enumerate(made):
        at += timedelta(minutes=minutes)
        body = make(at).replace("<Status>通常".encode(), f"<Status>{status}".encode())
        (folder / f"{number:02}_{type_}.xml").write_bytes(body)
    return read_scenario(folder, TOWN.places)


def replay(store: Store, clock: HandClock, scenario: Scenario, said: list[str], **changes: Any) -> Replay:
    given = {"speed": 0, "actor": "clerk", "reach": Reach(), "watching": True, **changes}
    return Replay(
        store,
        TOWN,
        TEMPLATES,
        clock,
        scenario,
        say=said.append,
        stop=given.pop("stop", asyncio.Event()),
        **given,
    )


async def real(store: Store) -> list[str]:
    """What is really in force, byte for byte, and everything that was made of it."""
    tables = ("hazard_state", "hazard_messages", "telegrams", "jma_feeds", "jma_alarms")
    return [repr(row) for row in await rows_of(store.database, *tables)]


@given(made=telegrams)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_message_is_marked_and_the_real_state_is_untouched(
    tmp_path_factory: pytest.TempPathFactory, made: Sequence[Any]
) -> None:
    folder = tmp_path_factory.mktemp("drill")

    async def work() -> None:
        clock = HandClock("2026-11-24T22:30:00")  # nothing of a drill waits for the morning
        database = await open_database(f"sqlite:///{folder / 'machi.db'}", clock)
        await database.upgrade()
        store = Store.over(database, clock)
        before = await real(store)
        scenario = written(folder / "s", made)
        one = replay(store, clock, scenario, [])
        one._until = lambda _: asyncio.sleep(0)  # type: ignore[method-assign]  nothing delivers here
        number = await one.run()
        assert await real(store) == before
        for each in await messages(store.database, number):
            broadcast = await store.broadcasts.find(each.broadcast_id)
            assert broadcast.drill
            assert broadcast.title.startswith(MARK)
            assert broadcast.priority > 0
            for said in (await store.broadcasts.payloads(each.broadcast_id)).values():
                for message in said:
                    assert message["text"].startswith(MARK)
                    assert message["text"].endswith(MARK)
                    assert "2020" not in message["text"]
        assert (await store.drills.find(number)).state == "done"
        await database.close()

    asyncio.run(work())


async def test_without_a_service_it_says_so_and_leaves_nothing_behind(
    store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drill, "_SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(drill, "_NOBODY_SECONDS", 0.6)
    said: list[str] = []
    scenario = written(tmp_path / "s", [(0, "通常", ("VPWW55", lambda at: rain(at, 4)))])
    number = await replay(store, clock, scenario, said).run()
    found = await store.drills.find(number)
    assert found.state == "undelivered"
    assert [line for line in said if "machi serve" in line]
    assert [each.state for each in await store.broadcasts.newest(10)] == [State.CANCELLED]
    assert "訓練を終わります" not in await everything(store)


async def test_the_outline_counts_what_will_be_told(tmp_path: Path, clock: HandClock) -> None:
    made = [(10, "通常", ("VPWW55", lambda at, n=n: rain(at, n))) for n in (2, 3, 4, 0)]
    scenario = written(tmp_path / "s", made)
    assert outline(scenario, TOWN, clock, Reach()) == (3, "(topic = disaster) or (all)")
    assert outline(scenario, TOWN, clock, Reach(("西里",))) == (
        3,
        "((topic = disaster) and district in (西里)) or ((all) and district in (西里))",
    )
    calm = written(tmp_path / "s", made[:1])
    assert outline(calm, TOWN, clock, Reach()) == (0, None)
