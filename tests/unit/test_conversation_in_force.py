"""「今の警報」: what is in force, that nothing is, or that nobody can know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.clock import to_ms
from bot.domain.orders import Order, OrderState
from bot.domain.residents import Resident
from bot.domain.situation import Situation
from bot.jma.reading import read
from bot.jma.state import State
from bot.jma.values import Telegram
from bot.town.hazards import Known, Presence
from handlers.conversation import Conversation
from tests.jma_telegrams import KAHOKU, earthquake, rain, warnings
from tests.unit.conversation_partner import TOWN, USER, Partner

FRESH = timedelta(minutes=10)
NOTHING = {
    "ja": "警報・注意報はありません",
    "ja-easy": "警報(けいほう)は ありません",
    "en": "No warnings or advisories",
}


def asking(
    bodies: dict[str, bytes], minutes: float | None = 1, *, language: str = "ja", partial: bool = False
) -> str:
    """The answer to somebody, from telegrams, so many minutes after the last good look (None: never)."""
    partner = Partner(Resident(USER, language=language))
    telegrams = [read(body, type_, KAHOKU) for type_, body in bodies.items()]
    assert all(isinstance(each, Telegram) for each in telegrams)
    at = None if minutes is None else partner.now - timedelta(minutes=minutes)
    known = Known(State().with_(telegrams), at, FRESH, is_partial=partial)  # type: ignore[arg-type]
    partner.conversation = Conversation(TOWN, present=lambda: Presence(known))
    asked = {"ja": "今の警報", "ja-easy": "いまの けいほう", "en": "warnings now"}[language]
    return partner.say(asked)


@pytest.mark.parametrize("language", NOTHING)
def test_nothing_is_in_force_is_said_only_when_that_is_sure(language: str) -> None:
    assert NOTHING[language] in asking({}, language=language)
    for minutes, partial in ((11, False), (None, False), (1, True), (60 * 24, True)):
        assert NOTHING[language] not in asking({}, minutes, language=language, partial=partial)


@pytest.mark.parametrize("language", NOTHING)
def test_what_is_in_force_is_told_with_its_official_name_time_and_source(language: str) -> None:
    at = Partner().now - timedelta(hours=1)
    bodies = {
        "VPWW61": warnings("VPWW61", at, ("24", "霜注意報", "発表")),
        "VPWW55": rain(at, 4),
        "VXSE53": earthquake("e", at, "<MaxInt>3</MaxInt>"),
    }
    words = asking(bodies, language=language)
    assert words.index("レベル４大雨危険警報") < words.index("霜注意報")
    assert "震度3" in words
    assert "08:00" in words
    assert ("Japan Meteorological Agency" if language == "en" else "気象庁") in words
    assert NOTHING[language] not in words


def test_a_level_is_called_an_equivalent() -> None:
    at = Partner().now
    assert "レベル４大雨危険警報(警戒レベル4相当)" in asking({"VPWW55": rain(at, 4)})
    assert "相当" not in asking({"VPWW60": warnings("VPWW60", at, ("06", "大雪警報", "発表"))})


def test_old_information_is_shown_as_old() -> None:
    words = asking({"VPWW55": rain(Partner().now - timedelta(hours=1), 4)}, 30)
    assert "古い内容です" in words
    assert "08:30" in words
    assert "レベル４大雨危険警報" in words


def test_an_earthquake_that_was_not_felt_is_not_told() -> None:
    assert NOTHING["ja"] in asking({"VXSE53": earthquake("e", Partner().now, "")})


def test_a_service_without_telegrams_says_so() -> None:
    words = Partner(Resident(USER)).say("今の警報")
    assert "取り込んでいません" in words
    assert NOTHING["ja"] not in words


def test_asking_registers_nobody() -> None:
    partner = Partner()
    partner.say("今の警報")
    assert partner.resident is None


@pytest.mark.parametrize(
    ("language", "titles", "name"),
    [
        ("ja", ("町の避難情報", "気象庁の情報"), "警戒レベル4 避難指示(洪水)"),
        ("ja-easy", ("町(まち)からの", "気象庁(きしょうちょう)の"), "警戒レベル4 避難指示(ひなんしじ)"),
        (
            "en",
            ("Evacuation orders of the town", "Weather and earthquakes"),
            "Evacuation Instruction (flooding)",
        ),
    ],
)
def test_the_towns_orders_stand_first_and_apart(language: str, titles: tuple[str, str], name: str) -> None:
    partner = Partner(Resident(USER, language=language))
    issued = to_ms(partner.now - timedelta(hours=1))
    three = Order(3, "土砂災害", ("西里",), "clerk", {}, state=OrderState.IN_FORCE, issued_ms=issued)
    four = Order(4, "洪水", ("溝延",), "clerk", {}, state=OrderState.NARROWED, issued_ms=issued)
    situation = Situation((three, four))
    partner.conversation = Conversation(TOWN, situation=lambda: situation)
    words = partner.say({"ja": "今の警報", "ja-easy": "いまの けいほう", "en": "warnings now"}[language])
    three_at = words.index({"ja": "高齢者等避難", "ja-easy": "高齢者等避難", "en": "Elderly"}[language])
    assert words.index(titles[0]) < words.index(name) < three_at < words.index(titles[1])
    assert "08:00" in words
    assert ("Mizonobe" if language == "en" else "溝延") in words
    if language != "en":
        assert "相当" not in words


def test_without_an_order_nothing_is_said_of_orders() -> None:
    assert "避難情報" not in asking({})
