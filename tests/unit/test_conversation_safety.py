"""「安否」: how somebody is, and where, by tapping or typing, at any time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.residents import Fact, Resident
from bot.domain.safety import PLACE_LENGTH, SafetyAnswer, SafetyState
from bot.domain.shelters import Place
from bot.line.events import LineEvent
from handlers.conversation import Turn
from tests.unit.conversation_partner import USER, Partner


class Answering(Partner):
    """A partner that notes what was said of oneself."""

    said: SafetyAnswer | None = None

    def hear(self, event: LineEvent) -> str:
        answer = self.conversation.answer

        def noting(*arguments: object) -> Turn:
            turn = answer(*arguments)  # type: ignore[arg-type]
            self.said = turn.safety
            return turn

        self.conversation.answer = noting  # type: ignore[method-assign,assignment]
        try:
            return super().hear(event)
        finally:
            self.conversation.answer = answer  # type: ignore[method-assign]


def someone(language: str = "ja") -> Answering:
    return Answering(Resident(USER, language))


@pytest.mark.parametrize(
    ("language", "label", "state"),
    [
        ("ja", "無事", SafetyState.SAFE),
        ("ja", "助けが必要", SafetyState.HELP),
        ("ja", "避難した", SafetyState.EVACUATED),
        ("ja-easy", "無事(ぶじ)", SafetyState.SAFE),
        ("ja-easy", "助けが必要(たすけてほしい)", SafetyState.HELP),
        ("ja-easy", "避難した(にげた)", SafetyState.EVACUATED),
        ("en", "I am safe", SafetyState.SAFE),
        ("en", "I need help", SafetyState.HELP),
        ("en", "I have evacuated", SafetyState.EVACUATED),
    ],
)
def test_an_answer_is_tapped_or_typed_at_any_time(language: str, label: str, state: SafetyState) -> None:
    tapping, typing = someone(language), someone(language)
    assert tapping.say("安否")
    assert tapping.said is None
    tapped = tapping.tap(label)
    assert tapping.said == SafetyAnswer(state)
    assert typing.say(label) == tapped
    assert typing.said == SafetyAnswer(state)
    assert ("119" in tapped) == (state is SafetyState.HELP)


def test_where_is_told_in_words_or_by_a_place_and_may_be_left_open() -> None:
    resident = someone()
    resident.say("助けが必要")
    assert [a["label"] for a in resident.actions if a["type"] == "location"] == ["位置情報を送る"]
    assert "「西里の家の2階」と記録" in resident.say("西里の家の2階")
    assert resident.said == SafetyAnswer(words="西里の家の2階")
    resident.say("無事")
    resident.hear(LineEvent("message", message_type="location", place=Place(38.4, 140.3), address="公民館"))
    assert resident.said == SafetyAnswer(words="公民館", place=Place(38.4, 140.3))
    resident.hear(LineEvent("message", message_type="location", place=Place(38.4, 140.3)))
    assert resident.said is None, "the question is answered: this asks for shelters"
    resident.say("無事")
    resident.tap("おわる")
    assert resident.said is None
    assert resident.facts(Fact.DISTRICT) == ()


def test_words_that_are_the_name_of_something_are_where_somebody_is_only_while_that_is_asked() -> None:
    resident = someone()
    resident.say("無事")
    resident.say("谷地西部")
    assert resident.said == SafetyAnswer(words="谷地西部")
    assert resident.facts(Fact.DISTRICT) == ()
    resident.say("谷地西部")
    assert resident.said is None
    assert resident.facts(Fact.DISTRICT) == ("谷地西部",)


def test_commands_go_before_the_place_and_cries_for_help_get_the_numbers_with_it() -> None:
    resident = someone()
    resident.say("無事")
    assert "避難場所" in resident.say("避難所")
    resident.say("無事")
    assert "119" in resident.say("屋根の上です、助けて")
    assert resident.said == SafetyAnswer(words="屋根の上です、助けて")


def test_a_stranger_who_answers_is_registered_and_one_who_only_asks_is_not() -> None:
    stranger = Answering()
    stranger.say("安否")
    assert stranger.resident is None
    stranger.say("助けが必要")
    assert stranger.resident is not None
    assert stranger.said == SafetyAnswer(SafetyState.HELP)


def test_it_is_said_how_long_an_answer_is_kept() -> None:
    assert "14日" in someone().say("安否")


@pytest.mark.parametrize("data", ["safety-is", "safety-is well", "safety-at", "safety-at  "])
def test_an_action_that_means_nothing_keeps_nothing(data: str) -> None:
    resident = someone()
    assert "古くなって" in resident.send(data)
    assert resident.said is None


@given(st.text(max_size=1000))
def test_whatever_is_typed_for_a_place_is_kept_within_bounds(words: str) -> None:
    resident = someone()
    resident.say("無事")
    resident.say(words)
    if resident.said is not None and resident.said.state is None:
        assert resident.said.words == words.strip()[:PLACE_LENGTH]


def test_after_the_place_on_the_map_words_are_kept_too_and_another_place_asks_for_shelters() -> None:
    resident = someone()
    resident.say("助けが必要")
    here = LineEvent("message", message_type="location", place=Place(38.4, 140.3))
    resident.hear(here)
    resident.say("自宅の2階、足が悪い")
    assert resident.said == SafetyAnswer(words="自宅の2階、足が悪い")
    resident.say("助けが必要")
    resident.hear(here)
    resident.hear(here)
    assert resident.said is None


@pytest.mark.parametrize(
    "words", ["避難所どこ", "近くの避難所を教えて", "ひなんじょ どこですか", "where is the shelter"]
)
def test_a_question_for_shelters_is_no_place(words: str) -> None:
    resident = someone()
    resident.say("無事")
    resident.say(words)
    assert resident.said is None
    resident.say("無事")
    resident.say("避難所の体育館にいます")
    assert resident.said == SafetyAnswer(words="避難所の体育館にいます")


@pytest.mark.parametrize("words", ["家がつぶれた", "閉じこめられた", "けがをした", "I am trapped"])
def test_words_of_people_in_ruins_get_the_numbers(words: str) -> None:
    assert "119" in someone().say(words)
    assert "119" not in someone().say("おでかけが好き")
