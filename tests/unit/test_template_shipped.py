"""Every message the project brings along, in every language it is written in."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from bot.line import limits
from bot.rendering import RenderError, Templates, check
from bot.rendering.drill import MARK
from bot.town import load, templates_for
from bot.town.loader import SHARED_TEMPLATES
from tests.unit.town_folders import KAHOKU

LANGUAGES = ("ja", "ja-easy", "en")
NAMES = sorted(path.name for path in SHARED_TEMPLATES.iterdir() if not path.name.startswith("_"))
EVACUATION = {
    "3": ("高齢者等避難", "Evacuation of the Elderly, Etc."),
    "4": ("避難指示", "Evacuation Instruction"),
    "5": ("緊急安全確保", "Emergency Safety Measures"),
}


@pytest.fixture(scope="module")
def templates() -> Templates:
    return templates_for(load(KAHOKU))


def words(templates: Templates, name: str, language: str, **changes: str) -> str:
    messages = templates.render(name, language, {**templates.sample(name), **changes})
    return "\n".join(message["text"] for message in messages if message["type"] == "text")


def test_no_shipped_template_has_a_fault(templates: Templates) -> None:
    assert check(templates) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_written_in_three_languages(templates: Templates, name: str) -> None:
    assert templates.languages(name) == LANGUAGES
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
    japanese, english = EVACUATION[level]
    for name in ("evacuation", "evacuation_lifted"):
        for language in ("ja", "ja-easy"):
            text = words(templates, name, language, level=level)
            assert f"警戒レベル{level} {japanese}" in text
            assert all(other not in text for key, (other, _) in EVACUATION.items() if key != level)
        text = words(templates, name, "en", level=level)
        assert (english in text, f"Alert Level {level}" in text) == (True, True)


@pytest.mark.parametrize("level", ["1", "2", "6", "４", "避難指示"])
def test_only_the_three_levels_the_mayor_issues_can_be_sent(templates: Templates, level: str) -> None:
    with pytest.raises(RenderError, match="3・4・5"):
        words(templates, "evacuation", "ja", level=level)


def test_lifting_an_order_never_says_that_it_is_safe(templates: Templates) -> None:
    for language in LANGUAGES:
        text = words(templates, "evacuation_lifted", language)
        assert not re.search("安全になりました|もう安全|is safe now", text)


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
