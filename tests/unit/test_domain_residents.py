from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.residents import SINGLE_FACTS, USER_ID, Fact, Resident, masked

SOMEBODY = Resident("U" + "0123456789abcdef" * 2)
keys = st.sampled_from(Fact)
values = st.sampled_from(["a", "b", "c"])
changes = st.lists(st.tuples(st.booleans(), keys, values), max_size=12)


def after(steps: list[tuple[bool, Fact, str]]) -> Resident:
    resident = SOMEBODY
    for added, key, value in steps:
        resident = resident.with_fact(key, value) if added else resident.without_fact(key, value)
    return resident


@given(changes)
def test_facts_never_repeat_never_stand_empty_and_single_ones_stay_single(
    steps: list[tuple[bool, Fact, str]],
) -> None:
    for key, held in after(steps).facts.items():
        assert held
        assert len(held) == len(set(held))
        assert key not in SINGLE_FACTS or len(held) == 1


@given(changes, keys, values)
def test_what_is_added_is_there_and_what_is_taken_away_is_not(
    steps: list[tuple[bool, Fact, str]], key: Fact, value: str
) -> None:
    resident = after(steps)
    assert value in resident.with_fact(key, value).values(key)
    assert value not in resident.without_fact(key, value).values(key)
    for other in set(Fact) - {key}:
        assert resident.with_fact(key, value).values(other) == resident.values(other)


@given(changes, keys, values)
def test_the_same_again_changes_nothing(steps: list[tuple[bool, Fact, str]], key: Fact, value: str) -> None:
    added, removed = after(steps).with_fact(key, value), after(steps).without_fact(key, value)
    assert added.with_fact(key, value) == added
    assert removed.without_fact(key, value) == removed


def test_many_values_keep_the_order_in_which_they_came_and_a_single_one_gives_way() -> None:
    resident = SOMEBODY.with_fact(Fact.TOPIC, "tax").with_fact(Fact.TOPIC, "bus").with_fact(Fact.TOPIC, "tax")
    assert resident.values(Fact.TOPIC) == ("tax", "bus")
    moved = SOMEBODY.with_fact(Fact.DISTRICT, "谷地中部").with_fact(Fact.DISTRICT, "溝延")
    assert moved.values(Fact.DISTRICT) == ("溝延",)


def test_no_values_is_no_fact() -> None:
    assert SOMEBODY.with_fact(Fact.TAX, "固定資産税").with_values(Fact.TAX, ()) == SOMEBODY


def test_a_resident_does_not_change_under_anyones_hands() -> None:
    SOMEBODY.with_fact(Fact.TOPIC, "tax")
    assert SOMEBODY.facts == {}
    with pytest.raises(FrozenInstanceError):
        SOMEBODY.language = "en"  # type: ignore[misc]


def test_a_log_shows_five_characters_of_an_id() -> None:
    assert masked(SOMEBODY.user_id) == "U0123…"
    assert masked(None) == masked("") == "-"


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        (SOMEBODY.user_id, True),
        (SOMEBODY.user_id.upper(), False),
        (SOMEBODY.user_id[:-1], False),
        (SOMEBODY.user_id + "0", False),
        ("C" + SOMEBODY.user_id[1:], False),
    ],
)
def test_what_is_a_user_id(*, text: str, is_id: bool) -> None:
    assert bool(USER_ID.fullmatch(text)) is is_id
