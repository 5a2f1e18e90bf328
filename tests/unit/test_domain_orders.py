from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audiences import Staff, Told, from_json, to_json
from bot.domain.errors import InvalidInputError, RefusedError
from bot.domain.orders import (
    ABOLISHED,
    LEVELS,
    SHELTER_COLUMNS,
    Deed,
    Order,
    is_phrase,
    parse_level,
    phrase,
    refuse_abolished,
    refuse_conflicts,
    remaining,
    require_hazard,
    superseded_parts,
    title_of,
)
from bot.domain.shelters import Place, map_link, metres


def order(level: int = 4, *districts: str, **changes: Any) -> Order:
    made = Order(level, "洪水", districts or ("溝延", "西里"), "clerk", {}, id=1)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("typed", "level"),
    [
        ("3", 3),
        ("４", 4),
        ("レベル5", 5),
        ("警戒レベル４", 4),
        *((name, level) for level, name in LEVELS.items()),
    ],
)
def test_a_level_is_read_as_staff_type_it(typed: str, level: int) -> None:
    assert parse_level(typed) == level


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("避難勧告", "避難指示(警戒レベル4)"),
        ("避難準備・高齢者等避難開始", "高齢者等避難(警戒レベル3)"),
        ("避難指示（緊急）", "避難指示(警戒レベル4)"),
        ("災害発生情報", "緊急安全確保(警戒レベル5)"),
        ("2", "気象庁"),
        ("6", "3(高齢者等避難)、4(避難指示)、5(緊急安全確保)"),
        ("", "3(高齢者等避難)"),
        ("四", "4(避難指示)"),
    ],
)
def test_what_is_no_level_is_refused_with_the_right_one(typed: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_level(typed)
    assert told in str(refused.value)


@given(st.text(max_size=40), st.sampled_from(sorted(ABOLISHED)), st.text(max_size=40))
def test_an_abolished_name_is_found_wherever_it_stands(before: str, term: str, after: str) -> None:
    with pytest.raises(InvalidInputError):
        refuse_abolished(before + term + after)


def test_todays_names_are_not_refused() -> None:
    for name in (*LEVELS.values(), "避難の準備", "避難指示が出ました"):
        refuse_abolished(name)
    for level in LEVELS:
        for hazard in SHELTER_COLUMNS:
            if hazard != "津波":
                require_hazard(level, hazard)
    require_hazard(4, "津波")
    for level, hazard in ((3, "津波"), (5, "津波"), (4, "洪水害"), (4, "")):
        with pytest.raises(InvalidInputError):
            require_hazard(level, hazard)


def test_only_hazards_with_levels_have_them_in_the_title() -> None:
    assert order().title == "警戒レベル4 避難指示"
    assert order(hazard="地震").title == "避難指示"


@pytest.mark.parametrize(
    ("other", "conflicts", "rest"),
    [
        (order(3, id=2), "", ()),
        (order(3, "溝延", "北谷地", id=2), "", ("北谷地",)),
        (order(3, "北谷地", id=2), "", None),
        (order(4, "溝延", id=2), "refused", None),
        (order(5, "溝延", id=2), "refused", None),
        (order(5, "北谷地", id=2), "", None),
        (order(5, hazard="土砂災害", id=2), "", None),
        (order(3, hazard="土砂災害", id=2), "", None),
        (order(5, drill=True, id=2), "", None),
        (order(3, drill=True, id=2), "", None),
    ],
)
def test_a_higher_order_takes_the_place_and_any_other_is_refused(
    other: Order, conflicts: str, rest: tuple[str, ...] | None
) -> None:
    if conflicts:
        with pytest.raises(RefusedError, match="machi order lift 2"):
            refuse_conflicts(order(), [other])
    else:
        refuse_conflicts(order(), [other])
    assert superseded_parts(order(), [other]) == ([] if rest is None else [(other, rest)])


def test_narrowing_keeps_some_of_the_districts() -> None:
    assert remaining(order(), ["西里"]) == ("西里",)
    for keep in (["北谷地"], ["西里", "溝延"], ["西里", "北谷地"]):
        with pytest.raises(InvalidInputError):
            remaining(order(), keep)


def test_the_phrase_must_be_typed_whatever_the_width_and_spaces() -> None:
    words = phrase(order(), Deed.ISSUE)
    assert "避難指示" in words
    assert "発令" in words
    assert is_phrase(f" {words.replace('1', '１')} ", order(), Deed.ISSUE)
    for wrong in ("", "はい", words[:-1], phrase(order(), Deed.LIFT), phrase(order(5), Deed.ISSUE)):
        assert not is_phrase(wrong, order(), Deed.ISSUE)


@pytest.mark.parametrize(
    "audience", [None, Told((1, 2)), Told(()), Told((1,), released=(("溝延", 2),)), Staff(), Staff("当直\"'")]
)
def test_an_audience_is_stored_and_read_alike(audience: Any) -> None:
    assert from_json(to_json(audience)) == audience


def test_distances_are_those_of_a_sphere() -> None:
    """A degree of a great circle is 111.195 km; at 60 degrees north a degree of longitude is half of that."""
    assert metres(Place(38, 140), Place(39, 140)) == pytest.approx(111_195, rel=1e-4)
    assert metres(Place(0, 0), Place(0, 180)) == pytest.approx(180 * 111_195, rel=1e-4)
    assert metres(Place(60, 140), Place(60, 140.01)) == pytest.approx(555.97, rel=1e-4)
    assert metres(Place(38, 140), Place(38, 140)) == 0
    assert (
        map_link(Place(38.4, 140)) == "https://www.google.com/maps/search/?api=1&query=38.400000,140.000000"
    )


PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


@given(PLACES, PLACES, PLACES)
def test_distance_is_a_distance(one: Place, two: Place, three: Place) -> None:
    assert metres(one, two) == pytest.approx(metres(two, one), abs=1)
    assert metres(one, three) <= metres(one, two) + metres(two, three) + 1


def test_only_the_hazards_that_have_levels_are_named_by_one() -> None:
    assert title_of(4, "洪水") == "警戒レベル4 避難指示"
    assert title_of(4, "地震") == "避難指示"
