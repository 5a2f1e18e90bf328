"""「避難所」 and a place that is sent: near, told as they are, and never unfit for what is in force."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.orders import ABOLISHED, SHELTER_COLUMNS, Order
from bot.domain.residents import Fact, Resident
from bot.domain.shelters import Place, ShelterState, metres
from bot.domain.situation import Situation
from bot.jma.reading import read
from bot.jma.state import State
from bot.line.events import LineEvent
from bot.town.hazards import Known, Presence
from bot.town.shelters import fit, place_of
from handlers.conversation import Conversation
from tests.jma_telegrams import KAHOKU, earthquake, warnings
from tests.unit.conversation_partner import TOWN, USER, Partner

OFFICE = Place(38.4263, 140.3143)
LANGUAGES = ("ja", "ja-easy", "en")


def orders(*hazards: str) -> tuple[Order, ...]:
    return tuple(Order(4, hazard, ("溝延",), "clerk", {}) for hazard in hazards)


def partner(
    situation: Situation | None = None, language: str = "ja", district: str | None = None, **changes: object
) -> Partner:
    facts = {Fact.DISTRICT: (district,)} if district else {}
    made = Partner(Resident(USER, language, facts=facts))
    town = replace(TOWN, **changes)  # type: ignore[arg-type]
    made.conversation = Conversation(town, situation=lambda: situation or Situation())
    return made


def located(someone: Partner, place: Place = OFFICE, address: str = "") -> str:
    return someone.hear(LineEvent("message", message_type="location", place=place, address=address))


def shown(someone: Partner) -> list[str]:
    """Where the maps of the last reply lead."""
    return [re.split("query=", a["uri"])[1] for a in someone.actions if a["type"] == "uri"]


def degrees(hazards: tuple[str, ...]) -> set[str]:
    """Where the shelters are that are fit for all of these."""
    return {f"{s.latitude:.6f},{s.longitude:.6f}" for s in fit(TOWN.shelters, hazards)}


states = st.dictionaries(st.sampled_from([s.id for s in TOWN.shelters]), st.sampled_from(ShelterState))
hazards = st.lists(st.sampled_from(sorted(SHELTER_COLUMNS)), max_size=3, unique=True)
places = st.builds(Place, st.floats(38.2, 38.6), st.floats(140.1, 140.5)) | st.builds(
    Place, st.floats(-90, 90), st.floats(-180, 180)
)
districts = st.none() | st.sampled_from([choice.name for choice in TOWN.choices[Fact.DISTRICT]])


@settings(max_examples=150, deadline=None)
@given(
    hazards, states, places, districts, st.sampled_from(LANGUAGES), st.lists(st.integers(0, 30), max_size=6)
)
def test_no_shelter_unfit_for_a_hazard_in_force_is_ever_shown_whatever_is_tapped(  # noqa: PLR0917  hypothesis gives them
    in_force: list[str],
    said: dict[str, ShelterState],
    place: Place,
    district: str | None,
    language: str,
    taps: list[int],
) -> None:
    someone = partner(Situation(orders(*in_force), said), language, district)
    allowed = degrees(tuple(in_force))
    barred = {s.id for s in TOWN.shelters if said.get(s.id) in {ShelterState.FULL, ShelterState.CLOSED}}
    open_to_go = {f"{s.latitude:.6f},{s.longitude:.6f}" for s in TOWN.shelters if s.id not in barred}
    for start in (lambda: someone.say("避難所"), lambda: located(someone, place)):
        start()
        for tap in taps:
            assert set(shown(someone)) <= allowed & open_to_go
            offered = [a for a in someone.actions if a.get("data", "").startswith("shelters")]
            if offered:
                someone.send(offered[tap % len(offered)]["data"])
        assert set(shown(someone)) <= allowed & open_to_go


@given(st.sampled_from(sorted(SHELTER_COLUMNS)), st.sampled_from(sorted(SHELTER_COLUMNS)))
def test_a_button_of_calmer_days_does_not_lead_to_the_wrong_shelter(chosen: str, in_force: str) -> None:
    someone = partner(Situation(orders(in_force)))
    for data in (
        f"shelters-for {chosen}",
        f"shelters-for {chosen} 38.42630,140.31430",
        f"shelters-page 1 {chosen}",
    ):
        someone.send(data)
        assert set(shown(someone)) <= degrees((in_force, chosen))


@settings(max_examples=60)
@given(places, states)
def test_the_three_nearest_that_are_not_full_or_closed_come_in_order(
    place: Place, said: dict[str, ShelterState]
) -> None:
    someone = partner(Situation(orders("洪水"), said))
    located(someone, place)
    usable = [s for s in fit(TOWN.shelters, ["洪水"]) if said.get(s.id) in {None, ShelterState.OPEN}]
    nearest = sorted(usable, key=lambda s: (metres(place_of(s), place), s.id))[:3]
    assert shown(someone) == [f"{s.latitude:.6f},{s.longitude:.6f}" for s in nearest]


def test_a_place_is_answered_with_distance_state_address_and_map() -> None:
    nearest = min(fit(TOWN.shelters, ["洪水"]), key=lambda s: metres(place_of(s), OFFICE))
    said = {nearest.id: ShelterState.OPEN}
    text = located(partner(Situation(orders("洪水"), said)))
    assert text.startswith("避難場所\n洪水のときに使える避難場所です。\n")
    assert re.search(rf"・{nearest.name} 約\d+m〔開設〕\n　{nearest.address}", text)
    assert "開いているか未確認" in text
    english = located(partner(Situation(orders("洪水"), said), "en"))
    assert re.search(rf"- {nearest.name}, about \d+ m \[open\]", english)
    easy = located(partner(Situation(orders("洪水"), said), "ja-easy"))
    assert "〔開いています〕" in easy


def test_what_is_nearer_but_full_is_told_to_be_avoided() -> None:
    by_distance = sorted(fit(TOWN.shelters, ["洪水"]), key=lambda s: (metres(place_of(s), OFFICE), s.id))
    someone = partner(Situation(orders("洪水"), {by_distance[0].id: ShelterState.FULL}))
    text = located(someone)
    assert re.search(rf"次の所は、いまは入れません。\n・{by_distance[0].name} 約\d+m〔満員〕", text)
    assert shown(someone)[0] == f"{by_distance[1].latitude:.6f},{by_distance[1].longitude:.6f}"


def test_with_nothing_in_force_the_hazard_is_asked_and_the_place_is_kept() -> None:
    someone = partner()
    assert "どの災害のとき" in located(someone)
    assert "地震" in someone.labels
    assert "高潮" not in someone.labels, "no shelter of this town is fit for it"
    text = someone.tap("土砂災害")
    assert "土砂災害のときに使える" in text
    assert re.search(r"約[\d.]+k?m", text)
    assert set(shown(someone)) <= degrees(("土砂災害",))
    someone = partner()
    someone.say("避難場所")
    assert "位置情報を送る" in someone.labels
    assert re.search("洪水のときに使える", someone.say("洪水")), "a label may be typed"


def test_without_a_place_those_of_the_district_come_first() -> None:
    for district, name in (("西里", "西里"), ("溝延", "溝延小学校"), ("北谷地", "北谷地小学校")):
        text = partner(Situation(orders("洪水")), district=district).say("避難所")
        assert f"{district}から近い順" in text
        assert text.split("・")[1].startswith(name)
        assert "約" not in text.split("距離")[0]


def test_without_place_or_district_all_are_listed_the_open_ones_first_with_a_button_for_the_place() -> None:
    last = fit(TOWN.shelters, ["土砂災害"])[-1]
    someone = partner(Situation(orders("土砂災害"), {last.id: ShelterState.OPEN}))
    text = someone.say("避難所")
    assert text.split("・")[1].startswith(last.name)
    (location,) = [a for a in someone.actions if a["type"] == "location"]
    assert location["label"] == "位置情報を送る"
    seen = set(shown(someone))
    someone.tap("つぎへ")
    assert seen | set(shown(someone)) == degrees(("土砂災害",))
    assert "「＋」" in someone.say("位置情報を送る")


def test_where_no_shelter_is_fit_that_is_said_with_the_offices_telephone() -> None:
    for someone in (partner(Situation(orders("津波"))), partner(Situation(orders("洪水")), shelters=())):
        for text in (someone.say("避難所"), located(someone)):
            assert "見つかりません" in text
            assert TOWN.office.phone in text
            assert shown(someone) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_said_of_shelters_is_in_the_language_and_without_abolished_words(language: str) -> None:
    someone = partner(Situation(orders("洪水", "土砂災害")), language)
    for text in (someone.say("避難所"), located(someone), partner(None, language).say("避難所")):
        assert not any(term in text for term in ABOLISHED)
    words = {"ja": "避難所", "ja-easy": "にげるところ", "en": "Shelters"}[language]
    assert someone.say(words) == someone.say("避難所")


@pytest.mark.parametrize(
    "data",
    ["shelters-for", "shelters-for 洪水害", "shelters-page x", "shelters-page 1 洪水害", "shelters-page -1"],
)
def test_an_action_that_means_nothing_does_no_harm(data: str) -> None:
    assert "古くなって" in partner().send(data)


@pytest.mark.parametrize("where", ["99.0,0.0", "x", "38.4,140.3,1", "nan,1", "38.4"])
def test_a_place_that_is_none_is_left_out(where: str) -> None:
    assert "約" not in partner().send(f"shelters-for 洪水 {where}").split("距離")[0]


def test_while_an_order_is_in_force_shelters_and_safety_stand_first_below_every_reply() -> None:
    someone = partner(Situation(orders("洪水")))
    someone.say("ヘルプ")
    assert someone.labels[:2] == ["避難所", "安否"]
    calm = partner()
    calm.say("ヘルプ")
    assert "避難所" not in calm.labels


def warned(type_: str, body: bytes, situation: Situation, district: str) -> Partner:
    """A resident of a district while a telegram is in force."""
    made = partner(situation, district=district)
    known = Known(State().with_([read(body, type_, KAHOKU)]), made.now, timedelta(minutes=10))  # type: ignore[list-item]
    made.conversation = Conversation(TOWN, situation=lambda: situation, present=lambda: Presence(known))
    return made


@pytest.mark.parametrize("in_force", [(), ("洪水",)])
def test_a_shelter_unfit_for_what_the_agency_warns_of_is_not_offered(in_force: tuple[str, ...]) -> None:
    at = partner().now
    body = warnings("VPWW56", at, ("49", "レベル４土砂災害危険警報", "発表"))
    someone = warned("VPWW56", body, Situation(orders(*in_force)), "西里")
    assert "どの災害" not in located(someone)
    assert set(shown(someone)) <= degrees(("土砂災害", *in_force))
    strong = earthquake("e", at, "<MaxInt>5-</MaxInt>")
    assert "地震" in located(warned("VXSE53", strong, Situation(), "西里"))
    weak = earthquake("e", at, "<MaxInt>4</MaxInt>")
    assert "どの災害" in located(warned("VXSE53", weak, Situation(), "西里"))
    rain_warning = warnings("VPWW56", at, ("29", "レベル２土砂災害注意報", "発表"))
    assert "どの災害" in located(warned("VPWW56", rain_warning, Situation(), "西里"))


def test_an_order_for_another_district_sends_nobody_past_the_shelter_next_to_them() -> None:
    both = (*orders("洪水"), Order(4, "土砂災害", ("西里",), "clerk", {}))
    place = Place(38.405, 140.315)
    near = partner(Situation(orders("洪水")), district="溝延")
    located(near, place)
    for district, same in (("溝延", True), ("西里", False), (None, False)):
        someone = partner(Situation(both), district=district)
        located(someone, place)
        assert (shown(someone) == shown(near)) is same
    elsewhere = partner(Situation(both), district="北谷地")
    located(elsewhere, place)
    assert set(shown(elsewhere)) <= degrees(("洪水", "土砂災害"))
