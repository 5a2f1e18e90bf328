"""docs/templates.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.rendering import Templates
from bot.rendering.filters import FILTERS
from bot.town import load, templates_for, town_variables
from tests.unit.town_folders import KAHOKU, PROJECT, write_templates

TEXT = (PROJECT / "docs" / "templates.md").read_text("utf-8")
FILTER_ROWS = re.findall(
    r"^\| `(\{\{ v .+?\}\})` \| `(.+?)` \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE
)
TEMPLATE_ROWS = re.findall(r"^\| `(\w+)` \|[^|]+\|([^|]*)\|([^|]*)\|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("source", "value", "written"), [(row[0], row[1], row[2:]) for row in FILTER_ROWS])
def test_filters_write_as_the_table_shows(
    tmp_path: Path, source: str, value: str, written: tuple[str, ...]
) -> None:
    source = source.replace("\\|", "|")
    write_templates(tmp_path, {f"x/{language}.txt.j2": source for language in ("ja", "ja-easy", "en")})
    templates = Templates([tmp_path / "templates"], town_variables(load(KAHOKU)))
    shown = [templates.render("x", language, {"v": value})[0]["text"] for language in ("ja", "ja-easy", "en")]
    assert tuple(shown) == written


def test_every_filter_is_described() -> None:
    assert {re.split(r"[ |({}\\]+", row[0])[2] for row in FILTER_ROWS} == set(FILTERS)


def test_every_shipped_template_is_described_with_its_variables() -> None:
    templates = templates_for(load(KAHOKU))
    assert [row[0] for row in TEMPLATE_ROWS] == list(templates.names())
    for name, required, optional in TEMPLATE_ROWS:
        named = set(re.findall(r"`(\w+)`", required))
        assert named == set(templates.required(name)), name
        asked = set()
        for key in (file.key for file in templates.files.values() if file.template == name):
            if key.endswith(".j2"):
                asked |= templates._uses(key).optional
        assert set(re.findall(r"`(\w+)`", optional)) == asked, name
