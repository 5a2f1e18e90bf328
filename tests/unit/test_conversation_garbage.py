"""What residents ask about garbage, and how they choose when to be told."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import TOKYO
from bot.domain.residents import Fact
from bot.schedule.garbage import Named
from bot.town.model import GarbageItem
from handlers.garbage_search import find, plain
from tests.unit.conversation_partner import TOWN, Partner


def followed() -> Partner:
    partner = Partner()
    partner.follow()
    return partner


def of_yachi() -> Partner:
    partner = followed()
    partner.say("谷地A")
    return partner


def test_after_the_area_the_time_is_asked_and_can_be_tapped_and_typed() -> None:
    partner = followed()
    partner.tap("ごみ")
    partner.tap("谷地A")
    partner.tap("当日の朝(06:30)")
    assert partner.facts(Fact.GARBAGE_TIME) == ("morning",)
    assert "谷地A、当日の朝(06:30)" in partner.say("登録内容")
    partner.say("ごみ")
    partner.tap("お知らせの時間")
    partner.say("前の日の夜")
    assert partner.facts(Fact.GARBAGE_TIME) == ("evening",)


@pytest.mark.parametrize(
    ("typed", "time"),
    [("朝", "morning"), ("夜", "evening"), ("当日の朝", "morning"), ("Same morning (06:30)", "morning")],
)
def test_a_short_answer_is_enough_while_the_question_is_open(typed: str, time: str) -> None:
    partner = of_yachi()
    partner.say(typed)
    assert partner.facts(Fact.GARBAGE_TIME) == (time,)
    stranger = followed()
    stranger.say(typed)
    assert stranger.facts(Fact.GARBAGE_TIME) == ()


def test_who_chose_nothing_is_told_the_evening_before_and_sees_it() -> None:
    assert "谷地A、前の日の夜(19:00)" in of_yachi().say("登録内容")


def test_leaving_garbage_takes_the_time_along() -> None:
    partner = of_yachi()
    partner.say("朝")
    partner.say("ごみをやめる")
    assert partner.resident is not None
    assert partner.resident.facts == {}


def test_garbage_alone_shows_the_coming_days_of_the_area_or_asks_for_it() -> None:
    partner = followed()
    assert "地区を選んで" in partner.say("ごみの日")
    assert partner.facts(Fact.TOPIC) == ()
    assert "地区を選んで" in partner.say("ゴミ")
    partner.tap("谷地A")
    partner.now = datetime(2026, 12, 29, 7, tzinfo=TOKYO)
    for words in ("ごみ", "ごみの日", "ごみ いつ", "収集日"):
        said = partner.say(words)
        assert "・あす 12月30日(水): もやせるごみ" in said
        assert "・1月4日(月): もやせるごみ" in said
        assert "・1月5日(火): びん・缶" in said
        assert "12月31日" not in said
        assert "8:00までに" in said


def test_today_is_told_as_too_late_after_the_deadline() -> None:
    partner = of_yachi()
    partner.now = datetime(2026, 11, 26, 7, 59, tzinfo=TOKYO)
    assert "きょう 11月26日(木): もやせるごみ" in partner.say("ごみの日")
    assert "次の収集: きょう" in partner.say("ごみ 生ごみ")
    partner.wait(minutes=1)
    assert "過ぎました" in partner.say("ごみの日")
    assert "次の収集: 11月30日(月)" in partner.say("ごみ 生ごみ")


@pytest.mark.parametrize(
    "words",
    ["ごみ 空き缶", "空き缶 ごみ", "ゴミ　空缶", "ごみ あきかん", "ゴミ アキカン", "ｺﾞﾐ ｱｷｶﾝ", "空き缶の捨て方", "ごみ空き缶", "ごみ 空きカン",
     "空き缶は？ ごみ", "garbage empty can", "EMPTY CAN trash", "分別 空き缶"],
)  # fmt: skip
def test_a_thing_is_found_however_it_is_spelled(words: str) -> None:
    partner = of_yachi()
    if "カン" in words and "空" in words:
        assert "空き缶" in partner.say(words) + " ".join(partner.labels)
        return
    said = partner.say(words)
    assert "「空き缶」は「びん・缶」です。" in said
    assert "中を洗ってください。" in said
    assert "次の収集: 12月1日(火)" in said


def test_without_an_area_how_to_see_the_next_day_is_said() -> None:
    said = followed().say("ごみ 生ごみ")
    assert "「生ごみ」は「もやせるごみ」です。" in said
    assert "地区を登録" in said
    assert "次の収集:" not in said


def test_a_thing_called_garbage_itself_is_a_thing() -> None:
    assert "水をよく切って" in followed().say("生ごみ")


def test_what_the_town_does_not_collect_has_no_next_day() -> None:
    said = of_yachi().say("ごみ テレビ")
    assert "町では集めないもの" in said
    assert "次の収集:" not in said


def test_other_things_of_that_name_can_be_tapped() -> None:
    partner = of_yachi()
    assert "「ペットボトル」は「ペットボトル」です。" in partner.say("ゴミ　ペットボトル")
    assert "「ペットボトルのふた」は「プラスチック」です。" in partner.tap("ペットボトルのふた")


def test_too_many_are_asked_about_with_candidates() -> None:
    partner = of_yachi()
    assert "下から選ぶか" in partner.say("ごみ ん")
    candidates = [
        label for label in partner.labels if label not in ("受信設定", "登録内容", "言語", "ヘルプ")
    ]
    assert len(candidates) == 8
    assert f"「{candidates[0]}」は" in partner.tap(candidates[0])


def test_what_is_near_is_offered_and_what_is_not_is_said_with_whom_to_ask() -> None:
    partner = of_yachi()
    assert "この中にありますか" in partner.say("ごみ 単三電池")
    assert "乾電池" in partner.labels
    assert "0237-73-2111" in partner.say("ごみ 宇宙船")
    assert partner.facts(Fact.TOPIC) == ("garbage",)


@pytest.mark.parametrize(
    ("language", "words", "said"),
    [
        ("English", "garbage battery", '"Button battery" goes to: Batteries and fluorescent tubes.'),
        ("English", "ごみ 乾電池", "Next collection: Wed, Dec 23"),
        ("English", "garbage days", "- Thu, Nov 26: Burnable garbage"),
        ("English", "trash spaceship", "Try another word"),
        ("やさしい日本語", "ごみ 茶わん", "つぎに 出す日: 12月9日(水曜日)"),
        ("やさしい日本語", "ごみの日", "・11月26日(木曜日): もやせるごみ"),
    ],
)
def test_every_language_answers(language: str, words: str, said: str) -> None:
    partner = of_yachi()
    partner.say(language)
    assert said in partner.say(words)


@pytest.mark.parametrize("words", ["ごみ 助けて", "ごみ置き場が火事です"])
def test_an_emergency_goes_before_garbage(words: str) -> None:
    assert "119" in of_yachi().say(words)


def test_a_question_about_garbage_leaves_everything_registered_as_it_was() -> None:
    partner = Partner()
    partner.say("ごみ 電池")
    assert partner.resident is None
    known = of_yachi()
    before = known.resident and known.resident.facts
    for words in ("ごみ 電池", "ごみの日", "garbage-days", "ごみ ？", "ごみ  "):
        known.say(words)
        assert known.resident is not None
        assert known.resident.facts == before


@pytest.mark.parametrize(
    "data", ["dispose", "dispose ", "dispose " + "あ" * 300, "dispose \x00", "garbage-days x", "garbage-time"]
)
def test_odd_data_is_answered(data: str) -> None:
    for partner in (Partner(), of_yachi()):
        assert partner.send(data)


@settings(deadline=None)
@given(st.sampled_from(["ごみ {}", "{} ごみ", "ごみ{}", "{}の捨て方"]), st.text(max_size=40))
def test_anything_may_be_asked(form: str, thing: str) -> None:
    assert of_yachi().say(form.format(thing))


KATAKANA = {ord(kana): ord(kana) + 0x60 for kana in "".join(map(chr, range(ord("ぁ"), ord("ゖ") + 1)))}


@given(
    st.sampled_from(TOWN.garbage.items if TOWN.garbage else []),
    st.sampled_from([str.upper, str.title, lambda t: t.translate(KATAKANA), " ".join]),
)
def test_every_thing_of_the_town_is_found_by_every_name_it_has(item: GarbageItem, spell: object) -> None:
    for name in (item.name.name, *item.name.labels.values(), *item.readings):
        assert item in find(TOWN.garbage.items, spell(name)).items, name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("バッテリー", "ばってり"),
        ("ﾌｨﾙﾑ", "フイルム"),
        ("佐々木", "佐佐木"),
        ("ガラス瓶", "ガラスびん"),
        ("ＣＤ－Ｒ", "cdr"),
    ],
)
def test_small_differences_of_spelling_do_not_count(one: str, other: str) -> None:
    assert plain(one) == plain(other)


def test_words_that_hold_a_name_find_it_but_not_by_two_kana() -> None:
    things = [
        GarbageItem(Named(name), "x", Named(""), readings)
        for name, readings in (("傘", ("かさ",)), ("電池", ()))
    ]
    assert [item.name.name for item in find(things, "使った電池です").items] == ["電池"]
    assert not find(things, "かさばるもの").is_sure


def test_okurigana_may_be_left_out_or_written() -> None:
    things = [
        GarbageItem(Named(name), "x", Named("")) for name in ("折りたたみ傘", "使い捨てカイロ", "空きびん")
    ]
    assert find(things, "使捨てカイロ").items[0].name.name == "使い捨てカイロ"
    assert find(things, "空瓶").items[0].name.name == "空きびん"
    assert find(things, "折たたみ傘").items[0].name.name == "折りたたみ傘"
