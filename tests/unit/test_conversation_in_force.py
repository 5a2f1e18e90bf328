"""「今の警報」: what is in force, that nothing is, or that nobody can know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.residents import Resident
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
