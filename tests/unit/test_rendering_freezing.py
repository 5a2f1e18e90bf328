"""What staff approved is what is rendered, whatever became of the files meanwhile."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.domain.residents import LANGUAGES, Fact
from bot.rendering import Personal, RenderError, Templates, example
from bot.town import load, templates_for
from bot.town.loader import SHARED_TEMPLATES
from tests.unit.town_folders import KAHOKU, write_templates

NAMES = sorted(path.name for path in SHARED_TEMPLATES.iterdir() if not path.name.startswith("_"))
READER = Personal({Fact.DISTRICT: ("西里",), Fact.BIRTH_MONTH: ("2025-06",)}, date(2026, 12, 1))
PERSONAL = {
    "x/ja.txt.j2": "{% include '_parts/who' %}\n---\n{{ town.name }} {{ body }}",
    "x/en.txt.j2": "{% include ['_parts/missing', '_parts/who'] %}{% include 'y/en.txt.j2' ignore missing %}",
    "x/en.flex.json.j2": """{"type": "bubble", "body": {"type": "box", "layout": "vertical",
     "contents": [{"type": "text", "text": {{ (resident.district or town.name) | label | tojson }}}]}}""",
    "x/sample.toml": "body = 'b'",
    "_parts/who": "{{ resident.district }}{% for c in resident.children %} {{ c.age_months | age }}{% endfor %}!",
    "_parts/other": "x",
    "y/ja.txt.j2": "y",
}
TOWN = {"name": "河北町", "labels": {"西里": {"en": "Nishisato"}}, "z": "1", "a": "2"}


def made(tmp_path: Path, files: dict[str, str]) -> Templates:
    write_templates(tmp_path, files)
    chosen = example({Fact.DISTRICT: ("溝延",)})
    return Templates([tmp_path / "templates"], TOWN, base=tmp_path, example=chosen)


@pytest.fixture(scope="module")
def kahoku() -> Templates:
    return templates_for(load(KAHOKU))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_template_thaws_as_it_was(kahoku: Templates, name: str) -> None:
    thawed, sample = Templates.thawed(kahoku.frozen(name)), kahoku.sample(name)
    assert thawed.languages(name) == kahoku.languages(name)
    assert thawed.required(name) == kahoku.required(name)
    for language in LANGUAGES:
        for drill in (False, True):
            assert thawed.render(name, language, sample, drill=drill) == kahoku.render(
                name, language, sample, drill=drill
            )


@pytest.mark.parametrize("resident", [READER, Personal({}, READER.today), None])
@pytest.mark.parametrize("drill", [False, True])
def test_a_personal_template_thaws_as_it_was_though_its_files_are_gone(
    tmp_path: Path, resident: Personal | None, *, drill: bool
) -> None:
    templates = made(tmp_path, PERSONAL)
    before = {
        language: templates.render("x", language, {"body": "b"}, resident=resident, drill=drill)
        for language in ("ja", "en", "vi")
    }
    text = templates.frozen("x")
    shutil.rmtree(tmp_path / "templates")
    thawed = Templates.thawed(text)
    assert thawed.resident_facts("x") == (Fact.DISTRICT, Fact.BIRTH_MONTH)
    for language, messages in before.items():
        assert thawed.render("x", language, {"body": "b"}, resident=resident, drill=drill) == messages


def test_it_holds_what_the_template_uses_and_no_other_file(tmp_path: Path) -> None:
    files = json.loads(made(tmp_path, PERSONAL).frozen("x"))["files"]
    assert set(files) == {"x/ja.txt.j2", "x/en.txt.j2", "x/en.flex.json.j2", "_parts/who"}


def test_an_edit_or_a_new_file_changes_nothing_that_is_frozen(tmp_path: Path) -> None:
    text = made(tmp_path, PERSONAL).frozen("x")
    later = made(
        tmp_path, {"x/vi.txt.j2": "moi", "_parts/who": "new", "_parts/missing": "found", "y/en.txt.j2": "y"}
    )
    thawed = Templates.thawed(text)
    for language in ("ja", "en", "vi"):
        frozen = thawed.render("x", language, {"body": "b"}, resident=READER)
        assert "西里" in frozen[0]["text"]
        assert frozen != later.render("x", language, {"body": "b"}, resident=READER)


def test_freezing_what_was_thawed_gives_the_same_text(tmp_path: Path) -> None:
    text = made(tmp_path, PERSONAL).frozen("x")
    assert Templates.thawed(text).frozen("x") == text


def test_the_town_keeps_its_order(tmp_path: Path) -> None:
    templates = made(tmp_path, {"x/ja.txt.j2": "{{ town | join(',') }}"})
    (message,) = Templates.thawed(templates.frozen("x")).render("x", "ja", {})
    assert message["text"] == "name,labels,z,a"


def test_errors_still_name_the_file_and_line_staff_wrote(tmp_path: Path) -> None:
    templates = made(
        tmp_path, {"x/ja.txt.j2": "x\n{% include '_parts/a' %}", "_parts/a": "\n\n{{ body | date }}"}
    )
    for each in (templates, Templates.thawed(templates.frozen("x"))):
        with pytest.raises(RenderError) as caught:
            each.render("x", "ja", {"body": "x"})
        assert (caught.value.shown, caught.value.line) == ("templates/_parts/a", 3)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {"x": 1}, "town": {}, "example": {}}'])
def test_what_was_not_frozen_cannot_be_thawed(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expected|missing|truncated"):
        Templates.thawed(text)


@pytest.mark.parametrize("source", ["{% if %}", "{% include body %}", "{{ resident }}"])
def test_what_cannot_be_read_cannot_be_frozen(tmp_path: Path, source: str) -> None:
    templates = made(tmp_path, {"x/ja.txt.j2": "x", "x/en.txt.j2": f"\n{source}"})
    with pytest.raises(RenderError) as caught:
        templates.frozen("x")
    assert (caught.value.shown, caught.value.line) == ("templates/x/en.txt.j2", 2)
