"""Templates become messages that LINE takes, or an error that says what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidInputError
from bot.line.limits import ALT_TEXT, TEXT, utf16_length
from bot.rendering import RenderError, Templates, check, text_messages
from bot.rendering.drill import MARK

TOWN = {
    "name": "河北町",
    "office": {"phone": "0237-73-2111"},
    "labels": {"西里": {"en": "Nishisato"}, "溝延": {"en": "Mizonobe", "ja-easy": "溝延(みぞのべ)"}},
}
FLEX = """{"type": "bubble", "body": {"type": "box", "layout": "vertical",
 "contents": [{"type": "text", "text": {{ body | tojson }}}]}}"""


def made(tmp_path: Path, **files: str) -> Templates:
    """Templates of one folder `x`; `ja="…"` is its `ja.txt.j2`, other names are given in full."""
    folder = tmp_path / "templates" / "x"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / (name if "." in name else f"{name}.txt.j2")).write_text(text, "utf-8")
    return Templates([tmp_path / "templates"], TOWN, base=tmp_path)


def text(templates: Templates, language: str = "ja", **context: str) -> str:
    (message,) = templates.render("x", language, context)
    return str(message["text"])


def test_a_language_that_is_not_written_gets_japanese(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="{{ town.name }}です", en="Town")
    assert templates.languages("x") == ("ja", "en")
    assert [text(templates, language) for language in ("ja", "en", "vi")] == [
        "河北町です",
        "Town",
        "河北町です",
    ]
    assert list(templates.render_all("x", {})) == ["ja", "en"]


def test_blank_lines_that_conditions_leave_are_taken_out(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="\n a \n\n{% if false %}\nb\n{% endif %}\n\n\nc\n\n")
    assert text(templates) == "a\n\nc"


def test_a_line_of_three_dashes_begins_a_new_message_but_not_one_in_a_value(tmp_path: Path) -> None:
    messages = made(tmp_path, ja="a\n---\n{{ body }}").render("x", "ja", {"body": "b\n---\nc"})
    assert [message["text"] for message in messages] == ["a", "b\n---\nc"]


def test_more_messages_than_one_request_takes_are_refused(tmp_path: Path) -> None:
    assert len(made(tmp_path, ja="\n---\n".join("abcde")).render("x", "ja", {})) == 5
    with pytest.raises(RenderError, match="1〜5通"):
        made(tmp_path, ja="\n---\n".join("abcdef")).render("x", "ja", {})


@pytest.mark.parametrize(("character", "fits"), [("あ", TEXT), ("😀", TEXT // 2), ("𠮷", TEXT // 2)])
def test_lengths_are_counted_as_line_counts_them_in_utf16(tmp_path: Path, character: str, fits: int) -> None:
    templates = made(tmp_path, ja="{{ body }}")
    assert utf16_length(text(templates, body=character * fits)) == TEXT
    with pytest.raises(RenderError, match="減らしてください") as caught:
        text(templates, body=character * fits + "x")
    assert caught.value.shown == "templates/x/ja.txt.j2"


def test_an_empty_message_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="空"):
        text(made(tmp_path, ja="{{ body }}"), body=" \n ")


def test_all_missing_variables_are_named_with_the_place_of_the_first(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="x\n{{ b }}\n{{ a }}")
    with pytest.raises(RenderError, match="「b」「a」") as caught:
        templates.render("x", "ja", {})
    assert (caught.value.shown, caught.value.line) == ("templates/x/ja.txt.j2", 2)
    assert list(templates.required("x")) == ["b", "a"]


def test_variables_that_are_asked_for_are_optional(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="x{% if note is defined %}{{ note }}{% endif %}{{ more | default('y') }}")
    assert templates.required("x") == {}
    assert (text(templates), text(templates, note="!", more="?")) == ("xy", "x!?")


@pytest.mark.parametrize(
    "source", ["{{ town.nmae }}", "{{ town.office.fax }}", "{{ 'a'.b }}", "{{ [1][3] }}"]
)
def test_what_is_not_there_is_an_error_even_inside_a_value(tmp_path: Path, source: str) -> None:
    with pytest.raises(RenderError, match=r"決まっていません|使える値|has no") as caught:
        text(made(tmp_path, ja=f"x\n{source}"))
    assert caught.value.line == 2


def test_given_variables_cannot_be_replaced(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="「town」"):
        text(made(tmp_path, ja="x"), town="大阪")


def test_an_unknown_template_offers_the_nearest(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "tax_due"
    folder.mkdir(parents=True)
    (folder / "ja.txt.j2").write_text("x", "utf-8")
    with pytest.raises(InvalidInputError, match="「tax_due」ではありませんか"):
        Templates([tmp_path / "templates"], TOWN).render("taxdue", "ja", {})


def test_a_flex_message_stands_behind_the_text_that_is_its_alternative(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="{{ body }}", **{"ja.flex.json.j2": FLEX})
    words = '引用符"と\n改行\\' + "あ" * 1_600
    first, flex = templates.render("x", "ja", {"body": words})
    assert (first["type"], flex["type"]) == ("text", "flex")
    assert flex["contents"]["body"]["contents"][0]["text"] == words
    assert utf16_length(flex["altText"]) <= ALT_TEXT
    assert flex["altText"].endswith("…")


@pytest.mark.parametrize(
    ("flex", "words"),
    [
        ("{", "JSONになっていません"),
        ('{"type": "bubble"}', "中身がありません"),
        ('{"type": "card"}', "bubble か carousel"),
        (FLEX.replace('"text", "text"', '"txet", "text"'), "置けません"),
    ],
)
def test_a_flex_message_that_line_would_refuse_is_refused_here(tmp_path: Path, flex: str, words: str) -> None:
    templates = made(tmp_path, ja="x", **{"ja.flex.json.j2": flex})
    with pytest.raises(RenderError, match=words):
        templates.render("x", "ja", {"body": "x"})


def test_a_drill_is_marked_at_the_start_and_end_of_every_bubble(tmp_path: Path) -> None:
    templates = made(
        tmp_path, ja="a\n---\nb", **{"ja.flex.json.j2": FLEX.replace("{{ body | tojson }}", '"c"')}
    )
    *texts, flex = templates.render("x", "ja", {}, drill=True)
    assert [message["text"] for message in texts] == [f"{MARK}\n{word}\n{MARK}" for word in "ab"]
    assert flex["altText"] == f"{MARK}a{MARK}"
    parts = flex["contents"]["body"]["contents"]
    assert [parts[number]["contents"][0]["text"] for number in (0, -1)] == [MARK, MARK]
    assert text_messages("c", drill=True)[0]["text"] == f"{MARK}\nc\n{MARK}"


def test_the_mark_of_a_drill_counts_towards_the_limit(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="{{ body }}")
    assert text(templates, body="x" * TEXT)
    with pytest.raises(RenderError, match="減らしてください"):
        templates.render("x", "ja", {"body": "x" * TEXT}, drill=True)


def test_plain_words_of_staff_are_checked_too() -> None:
    for words in ("", " \n", "x" * (TEXT + 1)):
        with pytest.raises(RenderError):
            text_messages(words)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_value_is_never_read_as_a_template(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    templates = made(tmp_path_factory.mktemp("t"), ja="[{{ body }}]", **{"ja.flex.json.j2": FLEX})
    messages = templates.render("x", "ja", {"body": "{{ 7*7 }}{% raw %}" + body})
    assert "{{ 7*7 }}{% raw %}" in messages[0]["text"]
    assert messages[-1]["contents"]["body"]["contents"][0]["text"] == "{{ 7*7 }}{% raw %}" + body


@pytest.mark.parametrize(
    ("source", "ja", "easy", "en"),
    [
        ("{{ '2026/1/5' | date }}", "1月5日(月)", "1月5日(月曜日)", "Jan 5 (Mon)"),
        (
            "{{ '2026-01-05T09:00' | date(year=true) }}",
            "2026年1月5日(月)",
            "2026年1月5日(月曜日)",
            "Jan 5, 2026 (Mon)",
        ),
        ("{{ 'R8.3' | month }}", "2026年3月", "2026年3月", "Mar 2026"),
        ("{{ '2026-03' | month(year=false) }}", "3月", "3月", "Mar"),
        ("{{ '0:05' | time }}", "0時5分", "午前0時5分", "12:05 a.m."),
        ("{{ '12:00' | time }}", "12時", "午後0時", "12:00 p.m."),
        ("{{ '12' | age }}", "1歳", "1歳", "1 year"),
        ("{{ '0' | age }}", "0か月", "0か月", "0 months"),
        ("{{ '13' | age }}", "1歳1か月", "1歳1か月", "1 year 1 month"),
        ("{{ '2019' | fiscal_year }}", "令和元年度", "令和元年度(2019年度)", "fiscal 2019"),
        ("{{ '1234567' | number }}", "1,234,567", "1,234,567", "1,234,567"),
        ("{{ '西里、溝延' | label }}", "西里、溝延", "西里、溝延(みぞのべ)", "Nishisato, Mizonobe"),
        ("{{ '町外' | label }}", "町外", "町外", "町外"),
    ],
)
def test_filters_write_as_each_language_does(
    tmp_path: Path, source: str, ja: str, easy: str, en: str
) -> None:
    templates = made(tmp_path, ja=source, en=source, **{"ja-easy": source})
    assert [text(templates, language) for language in ("ja", "ja-easy", "en")] == [ja, easy, en]


@pytest.mark.parametrize(
    "source",
    [
        "{{ '2026-02-30' | date }}",
        "{{ '13月' | month }}",
        "{{ '24:00' | time }}",
        "{{ '二' | age }}",
        "{{ 'x' | number }}",
    ],
)
def test_a_value_that_a_filter_cannot_write_is_told(tmp_path: Path, source: str) -> None:
    with pytest.raises(RenderError, match="ではありません") as caught:
        text(made(tmp_path, ja=f"\n{source}"))
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"ja": "x", "sample.toml": ""}, []),
        ({"ja": "x"}, [("sample.toml", 0)]),
        ({"en": "x", "sample.toml": ""}, [("ja.txt.j2", 0)]),
        ({"ja": "x\n{{ a }}", "sample.toml": ""}, [("ja.txt.j2", 2)]),
        ({"ja": "x\n{% if %}", "sample.toml": ""}, [("ja.txt.j2", 2)]),
        ({"ja": "x\n\n避難勧告", "sample.toml": ""}, [("ja.txt.j2", 3)]),
        ({"ja": "x", "sample.toml": "a = ["}, [("sample.toml", 0)]),
        ({"ja": "x", "sample.toml": "a = 09:00:00"}, [("sample.toml", 0)]),
        ({"ja": "x{{ a[0].b ~ c[1] }}", "sample.toml": "c = [1, '2']\n[[a]]\nb = 1"}, []),
        ({"ja": "x", "fr.txt.j2": "x", "sample.toml": ""}, [("fr.txt.j2", 0)]),
        ({"ja": "x", "en.flex.json.j2": FLEX, "sample.toml": "body = 'x'"}, [("en.flex.json.j2", 0)]),
        (
            {"ja": "x", "ja.flex.json.j2": FLEX.replace(" | tojson", ""), "sample.toml": "body = '1'"},
            [("ja.flex.json.j2", 2)],
        ),
        ({"ja": "{{ 'x' * 2 }}", "sample.toml": ""}, [("ja.txt.j2", 1)]),
        ({"ja": "{% include 'y/ja.txt.j2' %}", "sample.toml": ""}, [("ja.txt.j2", 1)]),
        ({"ja": "x", "en": "\n{% include 'x/en.txt.j2' %}", "sample.toml": ""}, [("en.txt.j2", 2)]),
        ({"ja": "x" * 4_995, "sample.toml": ""}, [("ja.txt.j2", 0)]),  # no room for the mark of a drill
    ],
    ids=range(16),
)
def test_check_names_file_and_line(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    found = check(made(tmp_path, **files))
    assert {(fault.file, fault.line) for fault in found} == {
        (f"templates/x/{file}", line) for file, line in expected
    }, found


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    templates = made(tmp_path, ja="x", **{"sample.toml": ""})
    (tmp_path / "templates" / "x" / "en.txt.j2").write_bytes("日本".encode("cp932"))
    templates = Templates([tmp_path / "templates"], TOWN, base=tmp_path)
    assert [(fault.file, fault.line) for fault in check(templates)] == [("templates/x/en.txt.j2", 0)]


SCRAPS = [
    "{%", "%}", "{{", "}}", " if ", " for x in ", " endif ", " endfor ", "range(9)", "|", "'", '"', "x", "town", ".", "[", "]",
    "(", ")", " include ", "'x/ja.txt.j2'", "'_p/a'", "{#", "#}", "\n", "---\n", "*", "~", "loop", " set ", "=", " macro m()",
    "resident", "resident.taxes", " endmacro ", " block b ", " endblock ", " extends ", " import ", " as y ", "date", "label", "tojson", "{", "}", ":", "9" * 30,
]  # fmt: skip


@given(st.lists(st.sampled_from(SCRAPS), max_size=25).map("".join))
def test_check_lists_the_faults_of_any_scraps(tmp_path_factory: pytest.TempPathFactory, scraps: str) -> None:
    templates = made(
        tmp_path_factory.mktemp("t"), ja=scraps, **{"ja.flex.json.j2": scraps, "sample.toml": "x = 1"}
    )
    for fault in check(templates):
        assert fault.file.startswith("templates/x/")
        assert 0 <= fault.line <= scraps.count("\n") + 1


@pytest.mark.parametrize(
    "source", ["{{ none }}", "{{ true }}", "{{ [1] }}", "{{ {'a': 1} }}", "{{ town.office }}", "{{ [x.y] }}"]
)
def test_only_text_and_numbers_are_written(tmp_path: Path, source: str) -> None:
    with pytest.raises(RenderError) as caught:
        text(made(tmp_path, ja=f"a\n{source}"), x="")
    assert caught.value.line == 2
