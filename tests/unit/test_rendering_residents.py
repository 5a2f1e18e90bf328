"""Templates may say what the receiving resident registered, and nothing else of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.residents import Fact
from bot.rendering import Personal, RenderError, Templates, check, example
from bot.rendering.residents import ATTRIBUTES
from bot.town import load, templates_for
from tests.unit.town_folders import KAHOKU, PROJECT, copied, write_templates

TOWN = {"name": "河北町", "labels": {"西里": {"en": "Nishisato"}}}
DAY = date(2026, 12, 1)
ANNA = Personal(
    {
        Fact.DISTRICT: ("西里",),
        Fact.GARBAGE_AREA: ("北",),
        Fact.BUS_STOP: ("役場前", "駅前"),
        Fact.TAX: ("固定資産税",),
        Fact.TOPIC: ("bus", "tax"),
        Fact.BIRTH_MONTH: ("2027-02", "2025-06", "2026-12"),
    },
    DAY,
)
NOBODY = Personal({}, DAY)
EVERYTHING = """d={{ resident.district }} g={{ resident.garbage_area }} b={{ resident.bus_stops | join(',') }}
t={{ resident.taxes | join(',') }} o={{ resident.topics | join(',') }}
{% for child in resident.children %}
{{ child.birth_month }} {{ child.age_months }} {{ child.age_years }}
{% endfor %}
"""
LINES = {
    "district": "d={{ resident.district }}",
    "garbage_area": "g={{ resident.garbage_area }}",
    "bus_stops": "b={{ resident.bus_stops | join(',') }}",
    "taxes": "t={{ resident.taxes | join(',') }}",
    "topics": "o={{ resident.topics | join(',') }}",
    "children": "{% for c in resident.children %}{{ c.birth_month }}={{ c.age_months }}={{ c.age_years }} {% endfor %}",
    "expected": "{% for c in resident.expected %}{{ c.birth_month }} {% endfor %}",
}


def made(tmp_path: Path, files: dict[str, str], **options: Personal) -> Templates:
    write_templates(tmp_path, files)
    return Templates([tmp_path / "templates"], TOWN, base=tmp_path, **options)


def one(tmp_path: Path, source: str) -> Templates:
    return made(tmp_path, {"x/ja.txt.j2": source, "x/sample.toml": ""})


def words(templates: Templates, resident: Personal | None, language: str = "ja") -> str:
    return str(templates.render("x", language, {}, resident=resident)[0]["text"])


def test_every_fact_can_be_written_in_the_order_registered(tmp_path: Path) -> None:
    assert words(one(tmp_path, EVERYTHING), ANNA).splitlines() == [
        "d=西里 g=北 b=役場前,駅前",
        "t=固定資産税 o=bus,tax",
        "2025-06 18 1",
        "2026-12 0 0",
    ]


def test_what_is_not_registered_is_empty(tmp_path: Path) -> None:
    assert words(one(tmp_path, EVERYTHING), NOBODY).splitlines() == ["d= g= b=", "t= o="]


def test_ages_are_those_of_the_day_the_message_is_for(tmp_path: Path) -> None:
    source = "x{% for c in resident.children %} {{ c.age_months }}={{ c.age_years }}{% endfor %}"
    templates, child = one(tmp_path, source), {Fact.BIRTH_MONTH: ("2025-06",)}
    days = [date(2025, 5, 31), date(2025, 6, 1), date(2026, 5, 31), date(2026, 6, 1), date(2027, 5, 31)]
    assert [words(templates, Personal(child, day)) for day in days] == [
        "x",
        "x 0=0",
        "x 11=0",
        "x 12=1",
        "x 23=1",
    ]


def test_facts_are_labelled_in_each_language_and_stand_in_cards_too(tmp_path: Path) -> None:
    flex = """{"type": "bubble", "body": {"type": "box", "layout": "vertical",
     "contents": [{"type": "text", "text": {{ resident.district | label | tojson }}}]}}"""
    source = "{{ resident.district | label }}"
    files = {"x/ja.txt.j2": "x", "x/en.txt.j2": source, "x/en.flex.json.j2": flex}
    text, card = made(tmp_path, files).render("x", "en", {}, resident=ANNA)
    assert text["text"] == card["contents"]["body"]["contents"][0]["text"] == "Nishisato"


def test_facts_are_found_in_every_language_and_in_what_is_included(tmp_path: Path) -> None:
    files = {
        "x/ja.txt.j2": "x",
        "x/en.txt.j2": "{% include '_parts/a' %}{% if false %}{{ resident.taxes[0] }}{% endif %}",
        "x/en.flex.json.j2": '{"type": "{{ resident.children[0].age_years }}"}',
        "_parts/a": "{% include '_parts/b' %}",
        "_parts/b": "{{ resident.district }}",
        "y/ja.txt.j2": "{{ town.name }}{# resident.topics #}{% raw %}{{ resident.topics }}{% endraw %}",
    }
    templates = made(tmp_path, files)
    assert templates.resident_facts("x") == (Fact.DISTRICT, Fact.BIRTH_MONTH, Fact.TAX)
    assert templates.resident_facts("y") == ()
    with pytest.raises(RenderError, match="「z」はありません"):
        templates.resident_facts("z")


REFUSED = [
    "{% set r = resident %}{{ r.district }}",
    "{{ resident }}",
    "{{ resident['district'] }}",
    "{{ resident[town.name] }}",
    "{{ resident | attr('district') }}",
    "{{ [resident][0].district }}",
    "{{ [resident] | map(attribute='district') | join }}",
    "{% for name in resident %}{{ name }}{% endfor %}",
    "{% with r = resident %}{{ r.district }}{% endwith %}",
    "{% macro m(who) %}{{ who.district }}{% endmacro %}{{ m(resident) }}",
    "{% macro m(who=resident) %}{{ who.district }}{% endmacro %}{{ m() }}",
    "{% if resident is defined %}x{% endif %}",
    "{{ resident | default('x') }}",
    "{{ resident | tojson }}",
    "{{ resident.items() }}",
    "{{ resident.user_id }}",
    "{{ resident.__class__ }}",
    "{% set resident = town %}{{ resident.district }}",
    "{% set resident %}x{% endset %}x",
    "{% set resident.district = 'x' %}x",
    "{% for resident in [town] %}x{% endfor %}",
    "{% with resident = town %}x{% endwith %}",
    "{% macro resident() %}{% endmacro %}x",
    "{% macro m(resident) %}{% endmacro %}x",
    "{% import '_parts/m' as resident %}x",
    "{% from '_parts/m' import m as resident %}x",
    "{% from '_parts/m' import resident %}x",
]


@pytest.mark.parametrize("source", REFUSED)
def test_any_other_use_of_resident_is_refused_with_its_line(tmp_path: Path, source: str) -> None:
    parts = {"_parts/m": "{% macro m() %}{% endmacro %}"}
    templates = made(tmp_path, {**parts, "x/ja.txt.j2": f"a\n{source}", "x/sample.toml": ""})
    for ask in (templates.resident_facts, templates.required, templates.frozen):
        with pytest.raises(RenderError, match="resident") as caught:
            ask("x")
        assert (caught.value.shown, caught.value.line) == ("templates/x/ja.txt.j2", 2)
    with pytest.raises(RenderError, match="resident"):
        words(templates, ANNA)
    assert {(fault.file, fault.line) for fault in check(templates)} == {("templates/x/ja.txt.j2", 2)}


def test_check_names_every_misuse_and_the_nearest_attribute(tmp_path: Path) -> None:
    source = "{{ resident.distric }}\n{{ resident.busstops }}\n{{ resident }}"
    found = [str(fault) for fault in check(one(tmp_path, source))]
    assert len(found) == 3
    assert found[0].startswith("templates/x/ja.txt.j2:1: 「resident.distric」")
    assert found[0].endswith("「district」ではありませんか。")
    assert found[1].endswith("「bus_stops」ではありませんか。")
    assert found[2].startswith("templates/x/ja.txt.j2:3: ")


def test_a_misuse_in_a_part_is_named_there(tmp_path: Path) -> None:
    files = {"x/ja.txt.j2": "{% include '_parts/a.j2' %}", "_parts/a.j2": "\n{{ resident.age }}"}
    with pytest.raises(RenderError) as caught:
        words(made(tmp_path, files), ANNA)
    assert (caught.value.shown, caught.value.line) == ("templates/_parts/a.j2", 2)


def test_resident_cannot_be_set(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="「resident」"):
        one(tmp_path, "x").render("x", "ja", {"resident": "x"})


@pytest.mark.parametrize(
    "source",
    [
        "{{ resident.bus_stops.append('x') }}",
        "{{ resident.children.clear() }}",
        "{{ resident.children[0].update({'age_years': '9'}) }}",
        "{{ resident.children[0].__class__ }}",
        "{{ resident.district.__class__ }}",
        "{{ resident.taxes.__len__ }}",
        "{{ resident.children[0].name }}",
    ],
)
def test_facts_are_read_only_and_lead_nowhere(tmp_path: Path, source: str) -> None:
    templates = one(tmp_path, f"\n{source}")
    with pytest.raises(RenderError) as caught:
        words(templates, Personal({**ANNA.facts, Fact.BIRTH_MONTH: ("2025-06",)}, DAY))
    assert caught.value.line == 2


def test_without_a_resident_the_example_is_rendered(tmp_path: Path) -> None:
    source = (
        "{{ resident.district }}{{ resident.bus_stops | join(',') }} {{ resident.children[0].age_months }}"
    )
    files = {"x/ja.txt.j2": source}
    assert words(made(tmp_path, files), None) == "18"
    chosen = example({Fact.DISTRICT: ("西里",)})
    assert words(made(tmp_path, files, example=chosen), None) == "西里 18"
    assert made(tmp_path, files).render_all("x", {}, resident=chosen)["ja"][0]["text"] == "西里 18"


def test_a_town_is_its_own_example(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    write_templates(folder, {"x/ja.txt.j2": EVERYTHING, "x/sample.toml": ""})
    town = load(folder)
    names = {fact: [choice.name for choice in choices] for fact, choices in town.choices.items()}
    lines = words(templates_for(town), None).splitlines()
    stops = ",".join(names[Fact.BUS_STOP][:2])
    assert lines[0] == f"d={names[Fact.DISTRICT][0]} g={names[Fact.GARBAGE_AREA][0]} b={stops}"
    assert lines[1] == f"t={names[Fact.TAX][0]} o={town.topics[0].key}"
    assert lines[2].endswith(" 18 1")


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x{{ resident.district }}", []),
        ("x\n{% if resident.bus_stops %}{{ resident.bus_stops[0] }}{% endif %}", []),
        ("x\n{{ resident.bus_stops[0] }}", [2]),
        ("x\n{% if resident.bus_stops %}\n{{ resident.bus_stops[1] }}{% endif %}", [3]),
        ("x\n{% if resident.district %}{{ resident.taxes[0] }}{% endif %}", [2]),
        ("x\n{% if not resident.district and resident.taxes %}{{ resident.topics[9] }}{% endif %}", [2]),
        ("x{% for child in resident.children %}\n{{ child.age }}{% endfor %}", [2]),
        ("{{ resident.district }}", [0]),
        ("x{% if not resident.district %}{{ 'あ' * 2 }}{% endif %}", [1]),
    ],
)
def test_check_renders_for_residents_who_registered_all_less_and_nothing(
    tmp_path: Path, source: str, lines: list[int]
) -> None:
    chosen = example({**ANNA.facts, Fact.TAX: ("固定資産税",)})
    files = {"x/ja.txt.j2": "x", "x/sample.toml": "", "x/en.txt.j2": source}
    found = check(made(tmp_path, files, example=chosen))
    assert [(fault.file, fault.line) for fault in found] == [("templates/x/en.txt.j2", n) for n in lines]


def test_check_says_that_it_is_those_without_entries_who_break_it(tmp_path: Path) -> None:
    chosen = example({Fact.BUS_STOP: ("役場前",)})
    files = {"x/sample.toml": "", "x/ja.txt.j2": "{{ resident.bus_stops[0] }}{{ resident.bus_stops[1] }}"}
    (both,) = check(made(tmp_path, files, example=chosen))
    assert "登録のない人" not in both.message
    (fault,) = check(made(tmp_path, {"x/ja.txt.j2": "{{ resident.bus_stops[0] }}"}, example=chosen))
    assert "登録のない人" in fault.message


def test_check_leaves_room_for_the_mark_of_a_drill_whoever_reads_it(tmp_path: Path) -> None:
    source = "x{% if not resident.district %}{% for n in range(99) %}" + "x" * 50 + "{% endfor %}"
    full = source + "x" * 49 + "{% endif %}"
    files = {"x/ja.txt.j2": full, "x/sample.toml": ""}
    chosen = example({Fact.DISTRICT: ("西里",)})
    assert len(words(made(tmp_path, files), NOBODY)) == 5_000
    assert len(check(made(tmp_path, files, example=chosen))) == 1


VALUES = st.lists(st.text("あaZ1、", min_size=1, max_size=3), max_size=3, unique=True).map(tuple)
MONTHS = st.sampled_from(["2020-04", "2025-06", "2026-12", "2027-01"])
FACTS = st.fixed_dictionaries(
    {},
    optional={
        fact: st.lists(MONTHS, max_size=3).map(tuple) if fact is Fact.BIRTH_MONTH else VALUES for fact in Fact
    },
)


@given(st.sets(st.sampled_from(sorted(ATTRIBUTES))), FACTS, FACTS, st.sampled_from(["ja", "en", "vi"]))
def test_only_the_facts_a_template_uses_can_change_its_message(
    tmp_path_factory: pytest.TempPathFactory,
    used: set[str],
    mine: Mapping[Fact, tuple[str, ...]],
    others: Mapping[Fact, tuple[str, ...]],
    language: str,
) -> None:
    source = "\n".join(["x", *(LINES[name] for name in sorted(used))])
    templates = made(tmp_path_factory.mktemp("t"), {"x/ja.txt.j2": source, "x/en.txt.j2": f"en {source}"})
    facts = templates.resident_facts("x")
    assert facts == tuple(fact for fact in Fact if fact in {ATTRIBUTES[name] for name in used})
    same = {**others, **{fact: mine.get(fact, ()) for fact in facts}}
    first = words(templates, Personal(mine, DAY), language)
    assert first == words(templates, Personal(same, DAY), language)
    for value in (value for fact in facts if fact is Fact.TAX for value in mine.get(fact, ())):
        assert value in first


def test_the_example_of_the_documentation_reads_as_meant(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "templates.md").read_text("utf-8")
    section = text.partition("## 受け取る人に合わせる")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\w+ (\S+)\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    folder = copied(tmp_path)
    write_templates(folder, dict(blocks))
    templates = templates_for(load(folder))
    assert check(templates) == []
    assert set(re.findall(r"`resident\.(\w+)`", section)) == set(ATTRIBUTES)
    sample = templates.sample("snow_bus")
    reader = Personal({Fact.BUS_STOP: ("役場前", "駅前"), Fact.BIRTH_MONTH: ("2020-10", "2025-06")}, DAY)
    told, plain = (
        templates.render("snow_bus", "ja", sample, resident=resident)[0]["text"]
        for resident in (reader, NOBODY)
    )
    assert told.startswith(plain)
    assert "役場前、駅前" in told
    assert re.findall(r".+生まれ\(.+?\)", told) == ["2020年10月生まれ(6歳2か月)"]


def test_no_template_of_the_town_is_personal_by_accident() -> None:
    templates = templates_for(load(KAHOKU))
    personal = {name: facts for name in templates.names() if (facts := templates.resident_facts(name))}
    assert personal == {
        "child_stages": (Fact.BIRTH_MONTH,),
        "garbage_day": (Fact.GARBAGE_AREA,),
        "health_checks": (Fact.BIRTH_MONTH,),
    }


def test_a_child_who_is_expected_stands_apart_from_those_who_are_born(tmp_path: Path) -> None:
    source = "{% for c in resident.expected + resident.children %}{{ c.birth_month }} {% endfor %}"
    assert words(one(tmp_path, source), ANNA) == "2027-02 2025-06 2026-12"
