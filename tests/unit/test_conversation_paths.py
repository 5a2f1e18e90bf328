from __future__ import annotations

import pytest

from bot.domain.residents import Fact, Resident, ResidentState
from bot.line.events import LineEvent
from tests.unit.conversation_partner import TOWN, USER, Partner

TAXES = tuple(choice.name for choice in TOWN.choices[Fact.TAX])


def followed() -> Partner:
    partner = Partner()
    partner.follow()
    return partner


def test_a_new_friend_is_greeted_and_can_choose_language_and_topics_by_tapping() -> None:
    partner = Partner()
    greeting = partner.follow()
    assert "河北町" in greeting
    assert {"日本語", "やさしい日本語", "English", "子育て", "防災", "バス", "税", "ごみ", "イベント"} <= set(
        partner.labels
    )
    assert partner.resident == Resident(
        USER, dialogue=partner.resident.dialogue if partner.resident else None
    )


def test_childcare_by_tapping_alone() -> None:
    partner = followed()
    partner.tap("子育て")
    assert partner.facts(Fact.TOPIC) == ("childcare",)
    partner.tap("生まれた月を選ぶ", date="2026-03-15")
    said = partner.tap("生まれた月を選ぶ", date="2023-11-01")
    assert partner.facts(Fact.BIRTH_MONTH) == ("2026-03", "2023-11")
    assert "2026年3月" in said
    partner.tap("2026年3月を消す")
    assert partner.facts(Fact.BIRTH_MONTH) == ("2023-11",)
    partner.tap("おわる")
    partner.say("子育て")
    partner.tap("子育てをやめる")
    assert partner.resident is not None
    assert partner.resident.facts == {}


@pytest.mark.parametrize(
    "typed",
    ["2026-03", "2026年3月", "R8.3", "令和8年3月", "２０２６－０３", "Ｒ８．３", "令和８年３月", " 2026/3 "],
)
def test_a_month_may_be_typed_in_any_of_the_usual_ways(typed: str) -> None:
    partner = followed()
    partner.say("子育て")
    partner.say(typed)
    assert partner.facts(Fact.BIRTH_MONTH) == ("2026-03",)


@pytest.mark.parametrize("typed", ["2027-10", "1999-01", "2026-13", "三月", "来月", "12"])
def test_a_month_that_cannot_be_is_explained_and_asked_again(typed: str) -> None:
    partner = followed()
    partner.say("子育て")
    said = partner.say(typed)
    assert partner.facts(Fact.BIRTH_MONTH) == ()
    assert "登録でき" in said
    assert "読み取れません" in said or "登録できません" in said
    partner.say("2026-03")
    assert partner.facts(Fact.BIRTH_MONTH) == ("2026-03",)


def test_a_child_that_is_expected_can_be_registered() -> None:
    partner = followed()
    partner.say("子育て")
    partner.say("2027-06")
    assert partner.facts(Fact.BIRTH_MONTH) == ("2027-06",)


def test_a_district_replaces_the_one_before() -> None:
    partner = followed()
    partner.tap("防災")
    partner.tap("谷地中部")
    partner.say("防災")
    partner.say("西里")
    assert partner.facts(Fact.DISTRICT) == ("西里",)
    assert partner.facts(Fact.TOPIC) == ("disaster",)


def test_a_district_that_nobody_asked_for_replaces_another_only_by_a_tap() -> None:
    partner = followed()
    partner.say("谷地中部")
    assert partner.facts(Fact.DISTRICT) == ("谷地中部",)
    said = partner.say("谷地南部")
    assert "地区: いまの登録: 谷地中部" in said
    assert partner.facts(Fact.DISTRICT) == ("谷地中部",)
    partner.tap("地区を谷地南部にする")
    assert partner.facts(Fact.DISTRICT) == ("谷地南部",)


def test_taxes_one_by_one_all_at_once_and_away_again() -> None:
    partner = followed()
    partner.tap("税")
    partner.tap("軽自動車税")
    partner.say("国保")
    assert partner.facts(Fact.TAX) == ("軽自動車税", "国民健康保険税")
    partner.tap("すべて")
    assert partner.facts(Fact.TAX) == TAXES
    for tax in TAXES:
        partner.tap(f"{tax}を消す")
    assert partner.facts(Fact.TAX) == ()
    assert partner.facts(Fact.TOPIC) == ("tax",)


def test_a_bus_stop_is_found_by_a_part_of_its_name_and_by_turning_pages() -> None:
    partner = followed()
    partner.tap("バス")
    partner.say("役場")
    assert partner.facts(Fact.BUS_STOP) == ("河北町役場前",)
    partner.say("ゆ")
    assert "ひなの湯前" in partner.labels
    partner.tap("ひなの湯前")
    seen: set[str] = set()
    for _ in range(3):
        seen |= set(partner.labels)
        if "つぎへ" in partner.labels:
            partner.tap("つぎへ")
    assert {choice.name for choice in TOWN.choices[Fact.BUS_STOP]} - seen <= {"河北町役場前", "ひなの湯前"}


def test_a_topic_without_a_question_is_done_at_once() -> None:
    partner = followed()
    assert "登録しました" in partner.tap("イベント")
    assert partner.facts(Fact.TOPIC) == ("events",)
    assert "イベントをやめる" in partner.labels


def test_typing_a_name_without_being_asked_registers_it_with_its_topic() -> None:
    partner = followed()
    partner.say("谷地Ａ")
    assert (partner.facts(Fact.TOPIC), partner.facts(Fact.GARBAGE_AREA)) == (("garbage",), ("谷地A",))


def test_what_is_registered_can_be_read_in_the_chosen_language() -> None:
    partner = followed()
    partner.tap("English")
    partner.say("Children")
    partner.say("2026-03")
    partner.say("disasters")
    partner.tap("Mizonobe")
    summary = partner.say("my settings")
    assert "Mar 2026" in summary
    assert "Mizonobe" in summary
    partner.say("Language")
    partner.tap("やさしい日本語")
    assert "防災(ぼうさい): 溝延(みぞのべ)" in partner.say("登録内容")


def test_stopping_takes_hold_at_once_keeps_everything_and_is_told_later() -> None:
    partner = followed()
    partner.say("防災")
    partner.say("配信停止")
    assert partner.resident is not None
    assert partner.resident.state is ResidentState.STOPPED
    assert "配信を再開" in partner.say("バス")
    assert partner.facts(Fact.TOPIC) == ("disaster", "bus")
    assert partner.resident.state is ResidentState.STOPPED
    partner.tap("配信を再開")
    assert partner.resident.state is ResidentState.FOLLOWING


def test_the_typed_word_erases_at_once() -> None:
    partner = followed()
    partner.say("防災")
    said = partner.say("データ削除")
    assert partner.resident is None
    assert "消しました" in said
    partner.say("ありがとう")
    assert partner.resident is None


def test_a_button_asks_before_it_erases_and_an_old_confirmation_does_nothing() -> None:
    partner = followed()
    partner.say("登録内容")
    partner.tap("データを消す")
    assert partner.resident is not None
    confirm = next(a["data"] for a in partner.actions if a["label"] == "はい、消します")
    partner.tap("やめる")
    partner.wait(minutes=11)
    assert "何も消していません" in partner.send(confirm)
    assert partner.resident is not None
    partner.tap("データを消す")
    partner.say("はい、消します")
    assert partner.resident is None


def test_blocking_and_coming_back_keeps_what_was_registered() -> None:
    partner = followed()
    partner.say("防災")
    partner.say("西里")
    assert partner.unfollow() == ""
    assert partner.resident is not None
    assert partner.resident.state is ResidentState.BLOCKED
    assert "おかえりなさい" in partner.follow()
    assert partner.resident.state is ResidentState.FOLLOWING
    assert partner.facts(Fact.DISTRICT) == ("西里",)


def test_a_stranger_is_kept_only_when_something_is_registered() -> None:
    for text in ("ヘルプ", "こんにちは", "登録内容", "受信設定", "言語", "助けて", "2026-03"):
        partner = Partner()
        assert partner.say(text)
        assert partner.resident is None, text
    for text in ("防災", "谷地西部", "English", "配信停止"):
        partner = Partner()
        partner.say(text)
        assert partner.resident is not None, text
    assert Partner().unfollow() == ""


@pytest.mark.parametrize(
    "data",
    [
        "",
        "x",
        "add",
        "add tax",
        "add tax 消費税",
        "add topic bus",
        "add nothing x",
        "add child.birth_month 2026-03",
        "born",
        "born 2026-99",
        "born ２０２６-03",
        "topic parks",
        "quit bus",
        "remove tax 固定資産税",
        "page tax x",
        "page tax ９",
        "page child.birth_month 0",
        "find tax zzz",
        "add-all district",
        "add-all child.birth_month",
        "set-language zh",
        "set-language xx",
        "confirm-erase",
        "confirm-erase -5",
        "retry nothing",
        "pick",
        "\x00",
        "あ" * 300,
    ],
)
def test_data_of_old_or_strange_buttons_does_no_harm_and_gets_an_answer(data: str) -> None:
    partner = followed()
    assert partner.send(data)
    assert partner.resident is not None
    assert partner.resident.facts in ({}, {Fact.TOPIC: ("childcare",)})
    assert partner.resident.language == "ja"


def test_nonsense_gets_what_can_be_done_here_and_an_emergency_gets_the_telephone() -> None:
    partner = followed()
    assert "受信設定" in partner.say("あああ")
    assert "0237-73-2111" in partner.say("あああ")
    assert "119" in partner.say("火事です！！")
    partner.say("バス")
    assert "119" in partner.say("たすけて")


def test_stickers_get_a_word_and_what_needs_none_gets_none() -> None:
    partner = followed()
    assert "ボタン" in partner.hear(LineEvent("message", message_type="sticker"))
    for event in (
        LineEvent("unsend"),
        LineEvent("hologram"),
        LineEvent("postback", postback_params={"newRichMenuAliasId": "x"}),
    ):
        assert partner.hear(event) == ""
    assert partner.resident is not None


def test_a_dialogue_that_cannot_be_read_is_as_none() -> None:
    for dialogue in ({"asks": 5}, {"offers": 3}, {"offers": {"a": 1}}, {"x": []}, {"asks": "nothing"}):
        partner = Partner(Resident(USER, dialogue=dialogue))
        assert partner.say("あああ")
        partner = Partner(Resident(USER, dialogue=dialogue))
        partner.say("防災")
        assert partner.facts(Fact.TOPIC) == ("disaster",)


def test_very_long_words_are_answered() -> None:
    assert followed().say("あ" * 5000)
    assert followed().say("")
