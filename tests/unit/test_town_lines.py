"""The line of every value of a TOML document, whatever its layout."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from bot.town.toml_lines import line_of, lines

TEXT = '''# comment with = and [brackets]
name = "a = [b"      # 2
long = """
not = 4
[nor.this]
"""
list = [             # 7
  "x = 1",
  { y = 2 },
]
a.b = 1              # 11

[table]              # 13
'quoted key' = 1
[[array]]            # 15
key = 1
[array.sub]          # 17
key = 2
[[array]]            # 19
key = 3
[[array.inner]]      # 21
[[array.inner]]
key = 4
'''


def test_every_layout_keeps_its_lines() -> None:
    tomllib.loads(TEXT)
    found = lines(TEXT)
    expected = {
        ("name",): 2,
        ("long",): 3,
        ("list",): 7,
        ("a", "b"): 11,
        ("table",): 13,
        ("table", "quoted key"): 14,
        ("array", 0): 15,
        ("array", 0, "key"): 16,
        ("array", 0, "sub"): 17,
        ("array", 0, "sub", "key"): 18,
        ("array", 1): 19,
        ("array", 1, "key"): 20,
        ("array", 1, "inner", 0): 21,
        ("array", 1, "inner", 1): 22,
        ("array", 1, "inner", 1, "key"): 23,
    }
    assert found == expected


def test_a_value_without_a_line_of_its_own_has_its_tables() -> None:
    found = lines(TEXT)
    assert line_of(found, ("array", 1, "missing")) == 19
    assert line_of(found, ("list", 1, "y")) == 7
    assert line_of(found, ("missing",)) == 0


values = st.one_of(
    st.integers().map(str),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.sampled_from(
        ['"""\n[x]\ny = 1\n"""', "'''\n= \"\n'''", "[\n1,\n# ]\n2]", '{ a = "}" }', "2026-11-30"]
    ),
)


@given(st.lists(st.tuples(values, st.sampled_from(["\n", "\n\n", " # x = [\n", "\n# [t]\n"])), max_size=12))
def test_keys_stand_where_they_were_written(parts: list[tuple[str, str]]) -> None:
    text, expected = "", {}
    for number, (value, end) in enumerate(parts):
        expected[(f"k{number}",)] = text.count("\n") + 1
        text += f"k{number} = {value}{end}"
    tomllib.loads(text)
    assert lines(text) == expected
