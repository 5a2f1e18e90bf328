"""A template can read its variables and nothing else, and cannot run or grow for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.rendering import RenderError, Templates, check
from tests.unit.town_folders import write_templates


def render(tmp_path: Path, source: str) -> str:
    write_templates(tmp_path, {"x/ja.txt.j2": source, "x/sample.toml": 'value = "a"'})
    templates = Templates([tmp_path / "templates"], {"name": "河北町", "labels": {}})
    (message,) = templates.render("x", "ja", {"value": "a"})
    assert check(templates) == []
    return str(message["text"])


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ value | attr('__class__') }}",
    "{{ (value | map(attribute='__class__') | list)[0] }}",
    "{{ [value] | map(attribute='__class__') | list }}",
    "{{ [value] | sum(attribute='__class__') }}",
    "{{ [value] | groupby('__class__') }}",
    "{{ range.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ joiner }}",
    "{{ namespace().__class__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{{ '{0.__class__}'.format(value) }}",
    "{{ '{0.__class__}'.format_map({}) }}",
    "{{ '%s' | format(value) }}",
    "{{ town.update({'name': 'x'}) }}",
    "{{ [1].append(2) }}",
    "{% set _ = town.pop('name') %}x",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../etc/passwd' %}",
    "{% import 'os' as os %}x",
    "{{ open('/etc/passwd') }}",
    "{{ (1).__add__(2) }}",
    "{% for x in (1).real.__dir__() %}{{ x }}{% endfor %}",
]

EXPLOSIONS = [
    "{{ 'x' * 999999999 }}",
    "{{ [1] * 999999999 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ 'x'.center(999999999) }}",
    "{{ 'x' | center(999999999) }}",
    "{{ '\t'.expandtabs(999999999) }}",
    "{{ '1'.zfill(999999999) }}",
    "{{ range(999999999) | list }}",
    "{% for a in range(100) %}{% for b in range(100) %}{{ 'xxxxxxxxxx' }}{% endfor %}{% endfor %}",
    "{% include 'x/ja.txt.j2' %}",
    "{% include ['missing', 'x/ja.txt.j2'] %}",
    "{% set name = 'x/ja.txt.j2' %}{% include name %}",
    "{% extends 'x/ja.txt.j2' %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{{ 'x' | indent(999999999) }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_what_leads_out_of_the_sandbox_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(tmp_path, source)
    assert "/root" not in str(caught.value)


@pytest.mark.parametrize("source", EXPLOSIONS)
def test_what_would_run_or_grow_for_ever_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(RenderError):
        render(tmp_path, source)


def test_a_value_changed_in_one_rendering_does_not_reach_the_next(tmp_path: Path) -> None:
    write_templates(tmp_path, {"x/ja.txt.j2": "{% set town = {'name': 'x'} %}{{ town.name }}"})
    write_templates(tmp_path, {"y/ja.txt.j2": "{{ town.name }}"})
    templates = Templates([tmp_path / "templates"], {"name": "河北町", "labels": {}})
    assert [templates.render(name, "ja", {})[0]["text"] for name in "xyx"] == ["x", "河北町", "x"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ 2 * 3 }}", "6"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
        ("{{ 'a,b'.split(',') | join('・') }}", "a・b"),
        ("{{ value | upper }}", "A"),
    ],
)
def test_plain_work_is_allowed(tmp_path: Path, source: str, words: str) -> None:
    assert render(tmp_path, source) == words
