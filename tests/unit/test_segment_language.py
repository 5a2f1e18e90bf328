from __future__ import annotations

import unicodedata
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import segments
from bot.domain.residents import Fact, Resident
from segments import SegmentError, Vocabulary
from segments.parser import DEPTH, LENGTH
from tests.unit.segment_strategies import VALUES, VOCABULARY, expressions, residents

TODAY = date(2026, 11, 23)


def parse(text: str) -> segments.Expression:
    return segments.parse(text, VOCABULARY)


def fits(text: str, **facts: tuple[str, ...]) -> bool:
    named = {Fact(key.replace("child_", "child.")): values for key, values in facts.items()}
    return segments.matches(parse(text), Resident("U" + "0" * 32, "ja", facts=named), TODAY)


def fault(text: str, vocabulary: Vocabulary = VOCABULARY) -> SegmentError:
    with pytest.raises(SegmentError) as caught:
        segments.parse(text, vocabulary)
    return caught.value


def test_the_examples_of_the_reference() -> None:
    assert fits("all")
    assert fits("topic = bus and district in (谷地中部, 西里)", topic=("bus",), district=("西里",))
    assert not fits("topic = bus and district in (谷地中部, 西里)", topic=("bus",), district=("溝延",))
    between = "topic = childcare and child.age_months between 3 and 5"
    for month, expected in (("2026-05", False), ("2026-06", True), ("2026-08", True), ("2026-09", False)):
        assert fits(between, topic=("childcare",), child_birth_month=(month,)) is expected
    assert fits("child.birth_month = 2026-03", child_birth_month=("2023-11", "2026-03"))
    assert fits("child.age_years >= 3", child_birth_month=("2023-11",))
    assert not fits("child.age_years >= 3", child_birth_month=("2023-12",))
    assert fits("not topic = tax")
    assert fits("language != en")
    assert fits(
        '(tax = 固定資産税 or tax = 軽自動車税) and district = "溝延"',
        tax=("軽自動車税",),
        district=("溝延",),
    )
    assert fits("bus_stop = 河北町役場前", bus_stop=("河北町役場前",))
    assert fits("garbage_area = 谷地A", garbage_area=("谷地A",))


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert (
        str(parse("topic = bus or topic = tax and not topic = bus"))
        == "topic = bus or topic = tax and topic != bus"
    )
    assert str(parse("(topic = bus or topic = tax) and not (topic = bus or all)")) == (
        "(topic = bus or topic = tax) and not (topic = bus or all)"
    )


def test_not_equal_means_no_such_value_but_for_children_another_child() -> None:
    assert not fits("tax != 固定資産税", tax=("固定資産税", "軽自動車税"))
    assert fits("child.birth_month != 2026-03", child_birth_month=("2026-03", "2023-11"))
    assert not fits("child.birth_month != 2026-03", child_birth_month=("2026-03",))
    assert not fits("child.birth_month != 2026-03")


def test_a_child_that_is_not_born_yet_has_no_age() -> None:
    assert not fits("child.age_months < 3", child_birth_month=("2027-01",))
    assert fits("child.age_months < 3", child_birth_month=("2026-11",))
    assert not fits("child.age_years != 5", child_birth_month=("2027-01",))
    assert not fits("child.age_months < 0", child_birth_month=("2026-11",))


def test_full_width_signs_letters_and_digits_are_read() -> None:
    typed = (
        "（ｔｏｐｉｃ＝ｂｕｓ　ａｎｄ　ｄｉｓｔｒｉｃｔ　in（谷地中部、西里））ｏｒ　child.age_months≧１２"
    )
    assert str(parse(typed)) == "topic = bus and district in (谷地中部, 西里) or child.age_months >= 12"
    assert str(parse("garbage_area = 谷地Ａ")) == "garbage_area = 谷地A"
    assert str(parse("child.birth_month = 令和８年３月")) == "child.birth_month = 2026-03"
    assert str(parse("TOPIC = Bus AND NOT Topic = “tax”")) == "topic = bus and topic != tax"


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "対象が空です"),
        ("  \n", 0, "対象が空です"),
        ("topic = buss", 8, "「bus」ではありませんか"),
        ("topic = 子育て", 8, "childcare"),
        ("district = 谷地中央", 11, "「谷地中部」ではありませんか"),
        ("topik = bus", 0, "「topic」ではありませんか"),
        ("topic bus", 6, "= != in"),
        ("topic = ", 7, "分野が必要です"),
        ("topic = bus and", 15, "条件が必要です"),
        ("topic = bus district = 西里", 12, "and か or"),
        ("topic > bus", 6, "大小がありません"),
        ("topic between bus and tax", 6, "大小がありません"),
        ("(topic = bus", 12, "「)」が必要です"),
        ("topic = bus)", 11, "and か or"),
        ("topic in bus", 9, "かっこの中"),
        ("topic in (bus tax)", 14, "「,」"),
        ("topic in ()", 10, "分野が必要です"),
        ('topic = "bus', 8, "引用符が閉じていません"),
        ("topic = not", 8, "囲んでください"),
        ("child.age_months = 三", 19, "0 から 1300"),
        ("child.age_years = 131", 18, "0 から 130"),
        ("child.age_months between 5 and 3", 31, "小さくなっています"),
        ("child.age_months between 5 or 3", 27, "between 3 and 5"),
        ("child.birth_month = 2026-13", 20, "年月ではありません"),
        ("child.birth_month ~ 2026-03", 18, "= != < <="),
        ("谷地中部", 0, "項目はありません"),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(text: str, position: int, words: str) -> None:
    error = fault(text)
    assert (error.position, words in error.reason) == (position, True), str(error)
    assert len(str(error).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "suggestion", "expected"),
    [
        ("topic = buss", "bus", "分野"),
        ("topic = 子育て", "childcare", "分野"),
        ("topic = 子そだて", "childcare", "分野"),
        ("topic = 札幌", None, "分野"),
        ("district = 谷地", "谷地中部", "地区"),
        ("地区 = 西里", "district", "項目"),
        ("topic = bus topic = tax", None, "終わりか and か or"),
        ("topic < bus", None, "= != in"),
    ],
)
def test_a_fault_tells_programs_what_was_expected_and_the_nearest_name(
    text: str, suggestion: str | None, expected: str
) -> None:
    error = fault(text)
    assert (error.suggestion, error.expected) == (suggestion, expected)
    assert suggestion is None or suggestion in error.reason


def test_a_name_that_resembles_none_is_answered_with_the_known_ones() -> None:
    assert "使えるのはchildcare・disaster・bus・taxです。" in fault("topic = 札幌").reason
    many = Vocabulary({"bus_stop": [f"停留所{number}" for number in range(40)]})
    assert "停留所11などです。" in fault("bus_stop = X", many).reason


def test_a_long_line_is_shown_around_the_fault() -> None:
    shown, caret = str(fault("topic = bus or " * 100 + "topic = 税金")).splitlines()[1:]
    assert len(shown) < 80
    assert shown[caret.index("^") :] == "税金"


def test_a_name_is_the_towns_own_spelling_whatever_was_typed() -> None:
    town = Vocabulary({"bus_stop": ("㈱河北前", "ＪＡ前", "A", "a")})
    for typed, meant in (
        ("㈱河北前", "㈱河北前"),
        ("(株)河北前", "㈱河北前"),
        ("ja前", "ＪＡ前"),
        ("a", "a"),
        ("A", "A"),
    ):
        parsed = segments.parse(f'bus_stop = "{typed}"', town)
        assert parsed == segments.parse(f"bus_stop = {segments.quote(meant)}", town)
        assert segments.parse(str(parsed), town) == parsed
    assert str(segments.parse("bus_stop = ㈱河北前", town)) == 'bus_stop = "㈱河北前"'


def test_the_caret_stands_below_the_fault_also_behind_full_width_characters() -> None:
    lines = str(fault("district = 西里 and\ndistrict = 西里 and topic = buss")).splitlines()
    assert lines[1] == "  district = 西里 and topic = buss"
    column = lines[2].index("^")
    width = sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in "  district = 西里 and topic = "
    )
    assert column == width


def test_a_field_the_town_has_no_values_for_says_so() -> None:
    assert "一覧がありません" in fault("bus_stop = 河北町役場前", Vocabulary({"topic": ("bus",)})).reason


def test_length_and_nesting_are_limited() -> None:
    assert "2000文字まで" in fault("all or " * LENGTH + "all").reason
    assert f"{DEPTH}段" in fault("(" * (DEPTH + 1) + "all" + ")" * (DEPTH + 1)).reason
    assert f"{DEPTH}段" in fault("not " * (DEPTH + 1) + "all").reason
    parse("(" * DEPTH + "all" + ")" * DEPTH)
    parse("(all) and " * 150 + "all")


def test_what_is_accepted_is_accepted_again_in_its_canonical_text() -> None:
    packed = "topic!=bus or " * 140 + "all"
    assert len(packed) <= LENGTH
    assert "書き整えると" in fault(packed).reason
    deepest = "(" * DEPTH + "topic != bus" + ")" * DEPTH
    assert parse(str(parse(deepest))) == parse(deepest)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
@example('topic = "\\')
@example("ﾊﾞ＝㌔")
def test_any_text_is_an_expression_or_a_fault_within_it(text: str) -> None:
    position = 0
    with suppress(SegmentError):
        try:
            segments.parse(text, VOCABULARY)
        except SegmentError as error:
            position = error.position
            raise
    assert 0 <= position <= len(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "topic",
                "=",
                "bus",
                "and",
                "or",
                "not",
                "(",
                ")",
                "in",
                ",",
                "between",
                "3",
                "child.age_months",
                '"',
                "all",
                "!=",
            ]
        ),
        max_size=12,
    )
)
def test_any_row_of_words_is_an_expression_or_a_fault(words: list[str]) -> None:
    try:
        parsed = parse(" ".join(words))
    except SegmentError:
        return
    assert parse(str(parsed)) == parsed


@given(expressions)
def test_the_canonical_text_parses_back_to_the_same_expression(text: str) -> None:
    parsed = parse(text)
    assert parse(str(parsed)) == parsed


@given(expressions, residents())
def test_explaining_and_canonical_text_keep_the_meaning(text: str, resident: Resident) -> None:
    parsed = parse(text)
    assert segments.matches(parse(str(parsed)), resident, TODAY) == segments.matches(parsed, resident, TODAY)
    assert segments.explain(parsed, TODAY).startswith("フォローしている人")


def test_an_explanation_is_a_sentence_with_labels_and_months_of_birth() -> None:
    expression = parse("topic = childcare and child.age_months between 3 and 5 or not district = 西里")
    assert segments.explain(expression, TODAY, {"childcare": "子育て"}) == (
        "フォローしている人のうち、次に当てはまる人: (分野に「子育て」がある、かつ、"
        "子どもの月齢が3〜5か月(2026年6月〜8月生まれ)の子どもがいる)、または、地区が「西里」ではない"
    )
    assert segments.explain(parse("tax != 固定資産税"), TODAY).endswith("税・保険料に「固定資産税」がない")
    assert segments.explain(parse("child.age_years >= 3"), TODAY).endswith(
        "子どもの年齢が3歳以上(2023年11月以前生まれ)の子どもがいる"
    )
    assert segments.explain(parse("all"), TODAY) == "フォローしている人全員"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
@example('" or all or tax = "')
@example("\\")
@example("and")
def test_a_value_filled_in_stays_one_value(value: str) -> None:
    known = unicodedata.normalize("NFKC", value).strip()
    if not known:
        return
    vocabulary = Vocabulary({**VALUES, "tax": (known,)})
    filled = segments.parse(segments.fill("topic = tax and tax = {tax}", {"tax": value}), vocabulary)
    assert filled == segments.parse(f"topic = tax and tax = {segments.quote(known)}", vocabulary)


@given(
    st.text(alphabet=st.one_of(st.sampled_from('"\\“”＂()= ,あa'), st.characters(exclude_categories=["Cs"])))
)
@example('" or all or tax = "')
@example('\\" or all or tax = \\"')
def test_a_value_filled_in_within_quotes_stays_within_them(value: str) -> None:
    known = unicodedata.normalize("NFKC", value).strip()
    if not known:
        return
    vocabulary = Vocabulary({"tax": (known,)})
    filled = segments.parse(segments.fill('tax = "{tax}"', {"tax": value}), vocabulary)
    assert filled == segments.parse(f"tax = {segments.quote(known)}", vocabulary)


def test_a_text_to_fill_in_must_close_its_quotes_and_keep_lists_out_of_them() -> None:
    with pytest.raises(SegmentError, match="引用符が閉じていません") as caught:
        segments.fill('tax = "{tax}', {"tax": "x"})
    assert caught.value.position == 6
    with pytest.raises(SegmentError, match="一覧") as caught:
        segments.fill('tax = "の{taxes}"', {"taxes": ["x"]})
    assert caught.value.position == 8
    with pytest.raises(SegmentError, match=r"\{税\}"):
        segments.fill("tax = {税}", {"tax": "x"})


def test_a_list_is_filled_in_with_commas_and_a_missing_value_is_a_fault() -> None:
    assert segments.fill("tax in ({taxes})", {"taxes": ["固定資産税", "a b"]}) == 'tax in (固定資産税, "a b")'
    with pytest.raises(SegmentError, match="birth_month"):
        segments.fill("child.birth_month = {birth_month}", {})
    with pytest.raises(SegmentError, match="taxes"):
        segments.fill("tax in ({taxes})", {"taxes": []})
