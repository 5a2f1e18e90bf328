"""Every message the project brings along, in every language it is written in."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from bot.domain.orders import ABOLISHED, LEVELLED, SHELTER_COLUMNS
from bot.line import limits
from bot.rendering import RenderError, Templates, check
from bot.rendering.drill import MARK
from bot.town import load, templates_for
from bot.town.loader import SHARED_TEMPLATES
from tests.unit.town_folders import KAHOKU

LANGUAGES = ("ja", "ja-easy", "en")
NAMES = sorted(path.name for path in SHARED_TEMPLATES.iterdir() if not path.name.startswith("_"))
EVACUATION = {
    "3": ("高齢者等避難", "Evacuation of the Elderly, Etc.", "高龄者等避难", "고령자 등 피난"),
    "4": ("避難指示", "Evacuation Instruction", "避难指示", "피난 지시"),
    "5": ("緊急安全確保", "Emergency Safety Measures", "紧急安全确保", "긴급 안전 확보"),
}
ORDERS = ("evacuation", "evacuation_narrowed", "evacuation_lifted")


@pytest.fixture(scope="module")
def templates() -> Templates:
    return templates_for(load(KAHOKU))


def words(templates: Templates, name: str, language: str, /, **changes: str) -> str:
    messages = templates.render(name, language, {**templates.sample(name), **changes})
    return "\n".join(message["text"] for message in messages if message["type"] == "text")


def test_no_shipped_template_has_a_fault(templates: Templates) -> None:
    assert check(templates) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_written_in_three_languages(templates: Templates, name: str) -> None:
    more = ("zh", "ko") if name.startswith("evacuation") else ()
    assert templates.languages(name) == (*LANGUAGES, *more)
    assert templates.render(name, "vi", templates.sample(name)) == templates.render(
        name, "ja", templates.sample(name)
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_template_renders_within_lines_limits_with_all_and_with_only_its_needed_variables(
    templates: Templates, name: str, language: str
) -> None:
    sample = templates.sample(name)
    needed = {key: sample[key] for key in templates.required(name)}
    for context in (sample, needed):
        messages = templates.render(name, language, context)
        assert limits.faults(messages) == []
        assert messages[0]["type"] == "text"
        assert not re.search(r"\n{3}|[ \t]\n|\{\{|None|Undefined", messages[0]["text"])
        for message in templates.render(name, language, context, drill=True):
            shown = message.get("text") or message["altText"]
            assert shown.startswith(MARK)
            assert shown.endswith(MARK)
            assert json.dumps(message, ensure_ascii=False).count(MARK) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_english_has_no_japanese_but_names_in_the_sample(templates: Templates, name: str) -> None:
    text = words(templates, name, "en")
    values = sorted(_texts(templates.sample(name)), key=len, reverse=True)
    for value in values:
        text = text.replace(value, "")
    for part in re.findall(r"\S*[ぁ-んァ-ン一-龥]\S*", text):
        assert any(part.strip("、.,") in value for value in values), part


def _texts(sample: Any) -> Iterator[str]:
    """Every text of a sample, also within lists and tables."""
    match sample:
        case dict():
            for value in sample.values():
                yield from _texts(value)
        case list():
            for value in sample:
                yield from _texts(value)
        case _:
            yield str(sample)


@pytest.mark.parametrize("name", NAMES)
def test_easy_japanese_is_in_short_sentences(templates: Templates, name: str) -> None:
    text = words(templates, name, "ja-easy")
    sentences = [sentence for line in text.splitlines() for sentence in re.split(r"(?<=。)", line)]
    assert max(len(sentence) for sentence in sentences) <= 75
    assert not re.search(
        r"ください(?:ませ|ますよう)|いただ|ござい|くださいますよう|なさ[いり]|ざるを|なければ|なくては", text
    )


@pytest.mark.parametrize("name", NAMES)
def test_dates_and_times_are_never_written_as_data(templates: Templates, name: str) -> None:
    for language in LANGUAGES:
        text = words(templates, name, language).replace("8:30〜17:15", "")
        assert not re.search(r"20\d\d-\d\d|\d:\d\d(?! [ap]\.m\.)", text)


@pytest.mark.parametrize("level", EVACUATION)
def test_evacuation_uses_the_names_of_the_law(templates: Templates, level: str) -> None:
    japanese, english, chinese, korean = EVACUATION[level]
    for name in ORDERS:
        for language in ("ja", "ja-easy"):
            text = words(templates, name, language, level=level, still=[])
            assert f"警戒レベル{level} {japanese}" in text
            assert all(other not in text for key, (other, *_) in EVACUATION.items() if key != level)
        for language, mark, named in (
            ("en", "Alert Level", f"- {english}"),
            ("zh", "警戒级别", chinese),
            ("ko", "경계 레벨", korean),
        ):
            text = words(templates, name, language, level=level)
            assert re.search(rf"{mark} ?{level} {named}", text), (name, language)


@pytest.mark.parametrize("hazard", SHELTER_COLUMNS)
@pytest.mark.parametrize("language", ["ja", "ja-easy", "en", "zh", "ko"])
def test_only_hazards_with_levels_speak_of_them_and_no_abolished_word_is_said(
    templates: Templates, hazard: str, language: str
) -> None:
    mark = {"en": "Alert Level", "zh": "警戒级别", "ko": "경계 레벨"}.get(language, "警戒レベル")
    for name, level in product(ORDERS, EVACUATION):
        messages = templates.render(
            name, language, {**templates.sample(name), "hazard": hazard, "level": level, "still": []}
        )
        said = json.dumps(messages, ensure_ascii=False)
        assert (mark in said) == (hazard in LEVELLED)
        assert not any(term in said for term in ABOLISHED)
        assert not re.search("注意報|警報", said), (
            "what the Meteorological Agency says is not the town's order"
        )


def test_the_parts_of_an_order_stand_in_the_order_of_the_guideline(templates: Templates) -> None:
    text = words(templates, "evacuation", "ja")
    parts = [
        "避難情報】緊急",
        "警戒レベル4 避難指示",
        "対象: 谷地中部",
        "災害: 洪水",
        "最上川の水位",
        "全員避難",
    ]
    parts += [
        "＜警戒レベル４までに必ず避難＞",
        "・谷地中部小学校",
        "https://www.google.com/maps",
        "近づかないで",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    for level, said in (("3", True), ("5", False)):
        assert ("必ず避難＞" in words(templates, "evacuation", "ja", level=level)) == said


def test_the_card_of_an_order_has_the_colour_of_its_level_and_speaks_for_the_resident(
    templates: Templates,
) -> None:
    for language, (level, colour) in product(
        ("ja", "ja-easy", "en", "zh", "ko"), (("3", "#FF2800"), ("4", "#AA00AA"), ("5", "#0C000C"))
    ):
        *_, card = templates.render(
            "evacuation", language, {**templates.sample("evacuation"), "level": level}
        )
        assert card["contents"]["header"]["backgroundColor"] == colour
        said = [button["action"]["text"] for button in card["contents"]["footer"]["contents"]]
        assert said == ["避難所", "安否"]


@pytest.mark.parametrize("level", ["1", "2", "6", "４", "避難指示"])
def test_only_the_three_levels_the_mayor_issues_can_be_sent(templates: Templates, level: str) -> None:
    with pytest.raises(RenderError, match="3・4・5"):
        words(templates, "evacuation", "ja", level=level)


def test_lifting_an_order_never_says_that_it_is_safe(templates: Templates) -> None:
    for language in LANGUAGES:
        text = words(templates, "evacuation_lifted", language)
        assert not re.search("安全になりました|もう安全|is safe now", text)


@pytest.mark.parametrize(
    ("language", "way"), [("ja", "「安否」"), ("ja-easy", "「安否」"), ("en", "Safety check")]
)
def test_a_strong_earthquake_tells_the_way_to_shelters_and_to_say_how_one_is(
    templates: Templates, language: str, way: str
) -> None:
    for name, strong in (("震度4", False), ("震度5弱", True), ("震度7", True)):
        text = words(templates, "jma_earthquake", language, name=name, before="", magnitude="Ｍ７．２")
        assert ((way in text), ("119" in text)) == (strong, strong), text
    assert way in words(templates, "jma_earthquake", language, name="震度4", missing="1")


def test_a_tax_tells_how_many_days_are_left(templates: Templates) -> None:
    told = {left: words(templates, "tax_due", "ja", days_left=left) for left in ("7", "1", "0")}
    assert "あと7日です。" in told["7"]
    assert "あすが納期限です。" in told["1"]
    assert "きょうが納期限です。" in told["0"]
    assert "全期分" in words(templates, "tax_due", "ja", period="全期", period_name="全期")
    assert "instalment" not in words(templates, "tax_due", "en", period="全期", period_name="全期")


def test_several_kinds_of_garbage_are_told_in_one_sentence_with_their_remarks(templates: Templates) -> None:
    assert words(templates, "garbage_day", "ja") == (
        "あす11月24日(火)は、燃やすごみ・資源物の日です。\n朝8時までに、決められた場所に出してください。\n"
        "※ 資源物: びんと缶は、別の袋に入れてください。"
    )
    assert words(templates, "garbage_day", "ja", days_left="0").startswith("きょう11月24日(火)は、")
    assert "※ Recyclables" not in words(templates, "garbage_day", "en")
    assert "* Recyclables: Put bottles" in words(templates, "garbage_day", "en")
    assert "\n13時までに" in words(templates, "garbage_day", "ja", deadline="13:00")


def test_cards_hold_what_their_text_says(templates: Templates) -> None:
    for name in ("tax_due", "health_check"):
        for language in LANGUAGES:
            text, card = templates.render(name, language, templates.sample(name))
            assert card["type"] == "flex"
            assert card["altText"] == limits.cut(text["text"])
            action = card["contents"]["footer"]["contents"][0]["action"]
            assert action["uri"] == "tel:0237-73-2111"


def test_no_template_holds_characters_that_phones_cannot_show(templates: Templates) -> None:
    for file in templates.files.values():
        odd = {c for c in file.text if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cn"}} - {"\n"}
        assert odd == set(), file.shown
