"""「次のバス」 in the chat, with the real timetable of 藤枝 and a town whose residents register its stops."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bot.domain.clock import TOKYO
from bot.domain.residents import Fact
from bot.town import load
from bot.town.bus_stops import BusStops, warnings
from bot.transit import Timetable, read_feed
from handlers.conversation import Conversation
from tests.unit.bus_feeds import FUJIEDA
from tests.unit.conversation_partner import TOWN, Partner
from tests.unit.town_folders import KAHOKU

STOPS = (
    "name,reading,label_en,aliases\n"
    "桂島,かつらしま,Katsurashima,\n"
    "病院,びょういん,City Hospital,藤枝市立総合病院 総合病院\n"
    "空港,くうこう,Airport,富士山静岡空港\n"
    "西里,にしさと,Nishisato,\n"
)
MORNING = datetime(2017, 10, 20, 8, tzinfo=TOKYO)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("town"), STOPS)


def made(folder: Path, stops: str) -> Path:
    shutil.copytree(KAHOKU, folder / "town")
    shutil.copytree(FUJIEDA, folder / "town" / "gtfs")
    (folder / "town" / "bus_stops.csv").write_text(stops, "utf-8")
    text = (folder / "town" / "notices.toml").read_text("utf-8")
    (folder / "town" / "notices.toml").write_text(text.replace("河北町役場前", "桂島"), "utf-8")
    return folder / "town"


@pytest.fixture
def partner(folder: Path) -> Partner:
    return talking(folder)


def talking(folder: Path) -> Partner:
    partner = Partner()
    timetable = read_feed(folder).timetable
    assert timetable
    partner.conversation = Conversation(load(folder), timetable)
    partner.now = MORNING
    partner.follow()
    return partner


def register(partner: Partner, *stops: str) -> None:
    partner.tap("バス")
    for stop in stops:
        partner.say(stop)
    partner.tap("おわる")


@pytest.mark.parametrize(
    "words", ["次のバス", "次のバス?", "つぎのバス", "時刻表", "next bus", "Next Bus", "バスの時刻"]
)
def test_the_next_three_departures_of_the_registered_stop(partner: Partner, words: str) -> None:
    register(partner, "桂島")
    said = partner.say(words).splitlines()
    assert said[:4] == [
        "次のバス: 桂島",
        "・8:12(あと12分) 朝比奈線 小布杉行き",
        "・8:55(あと55分) 朝比奈線 しずてつストア岡部店前行き",
        "・10:03(あと2時間3分) 朝比奈線 小布杉行き",
    ]


def test_each_of_several_stops(partner: Partner) -> None:
    register(partner, "桂島", "びょういん", "空港")
    said = partner.say("次のバス")
    assert [line for line in said.splitlines() if line.startswith("次のバス:")] == [
        "次のバス: 桂島",
        "次のバス: 病院",
        "次のバス: 空港",
    ]
    assert "・8:04(あと4分) 藤枝駅ゆらく線 金吹橋・藤枝駅方面行き 〔藤枝市立総合病院 2番のりば〕" in said
    assert "・11:30(あと3時間30分) 富士山静岡空港アクセスバス 藤枝駅方面行き 〔富士山静岡空港3〕" in said
    assert len(partner.messages) <= 5


def test_without_a_stop_it_asks_and_can_be_answered_by_tapping(partner: Partner) -> None:
    assert "どのバス停から乗りますか" in partner.say("次のバス")
    assert {"桂島", "病院", "空港"} <= set(partner.labels)
    assert "西里" not in partner.labels  # the timetable does not have it
    assert "8:12" in partner.tap("桂島")
    assert partner.facts(Fact.BUS_STOP) == ()
    partner.tap("桂島を登録")
    assert partner.facts(Fact.BUS_STOP) == ("桂島",)


@pytest.mark.parametrize("typed", ["かつらしま", "カツラシマ", "katsurashima", "桂島", "かつら", "桂 島"])
def test_or_by_typing_name_reading_or_a_part(partner: Partner, typed: str) -> None:
    for ask in (True, False):
        if ask:
            partner.say("次のバス")
        assert partner.say(typed).startswith("次のバス: 桂島\n・8:12")
    assert partner.facts(Fact.BUS_STOP) == ()


def test_an_alias_and_the_feeds_own_name_are_the_same_stop(partner: Partner) -> None:
    for typed in ("総合病院", "藤枝市立総合病院", "病院", "hospital"):
        assert partner.say(typed).startswith("次のバス: 病院\n")


def test_a_part_of_several_names_offers_them(partner: Partner) -> None:
    said = partner.say("公民館")
    assert "「公民館」で見つかったものです。" in said
    first = partner.labels[0]
    assert partner.tap(first).startswith(f"次のバス: {first}")


def test_a_stop_nobody_knows_is_asked_for_again(partner: Partner) -> None:
    partner.say("次のバス")
    assert "その名前は見つかりませんでした" in partner.say("よそのまち")
    assert "桂島" in partner.labels


def test_while_the_topics_question_is_open_a_stop_is_registered(partner: Partner) -> None:
    partner.tap("バス")
    partner.say("かつらしま")
    assert partner.facts(Fact.BUS_STOP) == ("桂島",)


def test_a_stop_that_is_called_like_a_district_never_moves_somebody_there(tmp_path: Path) -> None:
    partner = talking(made(tmp_path, STOPS + "溝延,みぞのべ,Mizonobe,桂島\n"))
    for words in ("防災", "西里"):
        partner.say(words)
    assert partner.facts(Fact.DISTRICT) == ("西里",)
    said = partner.say("溝延")
    assert "「溝延」は、どれのことですか。" in said
    assert "いまの登録: 西里" in said
    assert partner.labels[:2] == ["次のバス: 桂島", "地区を溝延にする"]
    assert partner.facts(Fact.DISTRICT) == ("西里",)
    assert partner.say("次のバス: 桂島").startswith("次のバス: 桂島\n・8:12")
    assert partner.facts(Fact.DISTRICT) == ("西里",)
    partner.say("溝延")
    partner.say("地区を溝延にする")
    assert partner.facts(Fact.DISTRICT) == ("溝延",)
    assert "次のバス: 桂島" in partner.say("溝延"), "the district is registered: the bus alone is meant"


def test_without_a_timetable_a_stop_or_a_district_of_one_name_is_asked_for(partner: Partner) -> None:
    partner.conversation = Conversation(TOWN)
    partner.say("溝延")
    assert partner.labels[:2] == ["地区を溝延にする", "バス停を溝延にする"]
    assert partner.facts(Fact.DISTRICT) == ()
    partner.tap("バス停を溝延にする")
    assert partner.facts(Fact.BUS_STOP) == ("溝延",)


def test_an_emergency_goes_before_a_part_of_a_name(partner: Partner) -> None:
    assert "119" in partner.say("助けて")


def test_none_left_today_says_when_the_next_service_day_begins(partner: Partner) -> None:
    partner.now = datetime(2017, 10, 20, 19, 2, tzinfo=TOKYO)
    assert partner.say("桂島").splitlines()[1:3] == [
        "きょうのバスは、もうありません。",
        "次は2017年10月21日(土) 9:17、朝比奈線 しずてつストア岡部店前行きです。",
    ]


def test_an_expired_timetable_is_said_plainly_with_no_guess(partner: Partner) -> None:
    partner.now = datetime(2017, 11, 1, 20, tzinfo=TOKYO)
    assert "このあとのバスは、2017年11月1日までの時刻表にはありません。" in partner.say("桂島")
    partner.now = datetime(2017, 11, 2, 8, tzinfo=TOKYO)
    said = partner.say("桂島")
    assert "この時刻表は2017年11月1日で期限が切れています。" in said
    assert "河北町役場(0237-73-2111)" in said
    assert "8:12" not in said


def test_a_timetable_that_has_not_begun_says_so(partner: Partner) -> None:
    partner.now = datetime(2017, 8, 1, 8, tzinfo=TOKYO)
    said = partner.say("桂島")
    assert "この時刻表は2017年8月4日からのものです。" in said
    assert "次は2017年8月4日(金) 7:25" in said


def test_in_english_and_easy_japanese(partner: Partner) -> None:
    partner.say("English")
    assert partner.say("next bus").startswith("Next bus\nWhich stop do you leave from?")
    assert partner.tap("Katsurashima").startswith(
        "Next bus: Katsurashima\n- 8:12 (in 12 min) 朝比奈線 小布杉行き"
    )
    partner.say("やさしい日本語")
    assert partner.say("桂島").startswith("次(つぎ)の バス: 桂島\n・8:12(あと 12分) 朝比奈線 小布杉行き")
    partner.now = datetime(2017, 11, 2, 8, tzinfo=TOKYO)
    assert "期限(きげん)が 切(き)れています" in partner.say("桂島")


@pytest.mark.parametrize(
    ("language", "words"),
    [("日本語", "時刻表がありません"), ("English", "no bus timetable"), ("やさしい日本語", "ありません")],
)
def test_a_town_without_a_timetable_says_so_and_where_to_ask(language: str, words: str) -> None:
    partner = Partner()
    partner.follow()
    partner.say(language)
    said = partner.say("次のバス")
    assert words in said
    assert TOWN.office.phone in said
    partner.say("役場")  # as ever: a stop that is typed is registered
    assert partner.facts(Fact.BUS_STOP) == ("河北町役場前",)


def test_without_a_list_of_stops_every_stop_of_the_feed_can_be_reached(tmp_path: Path) -> None:
    partner = talking(made(tmp_path, "name\n西里\n"))
    partner.say("次のバス")
    seen: set[str] = set()
    while not seen >= set(partner.labels):
        seen |= set(partner.labels)
        partner.tap("つぎへ")
    names = {
        row["stop_name"] for row in csv.DictReader((FUJIEDA / "stops.txt").read_text("utf-8").splitlines())
    }
    assert len(seen & names) > 60
    partner.say("受信設定")
    register(partner, "西里")
    assert "西里は、時刻表に見つかりません。" in partner.say("次のバス")


def test_staff_are_told_which_stops_the_timetable_does_not_have(folder: Path) -> None:
    feed = read_feed(folder)
    assert isinstance(feed.timetable, Timetable)
    assert [choice.name for choice in BusStops(load(folder), feed.timetable).unlisted] == ["西里"]
    (unlisted,) = warnings(folder, feed, datetime(2017, 9, 1, tzinfo=TOKYO).date())
    assert "西里" in unlisted


WORDS = [
    "次のバス",
    "バス",
    "桂島",
    "びょういん",
    "公民",
    "前",
    "空港",
    "next bus",
    "English",
    "日本語",
    "おわる",
    "あああ",
    "西里",
]


class Riders(RuleBasedStateMachine):
    """Whatever is said and tapped, the answer is sendable, and a label typed does what a tap does."""

    def __init__(self) -> None:
        super().__init__()
        self.partner = Partner()
        self.partner.conversation = CONVERSATION[0]
        self.partner.now = MORNING

    @rule()
    def follow(self) -> None:
        self.partner.follow()

    @rule(words=st.sampled_from(WORDS))
    def say(self, words: str) -> None:
        assert self.partner.say(words)

    @rule(number=st.integers(0, 40))
    def tap_or_type(self, number: int) -> None:
        offered = [a for a in self.partner.actions if a["type"] == "postback"]
        if not offered or self.partner.resident is None:
            return
        action = offered[number % len(offered)]
        typing = Partner(self.partner.resident)
        typing.conversation, typing.now = self.partner.conversation, self.partner.now
        typed = typing.say(action["displayText"])
        assert self.partner.send(action["data"]) == typed
        one, other = self.partner.resident, typing.resident
        assert (one and replace(one, dialogue=None)) == (other and replace(other, dialogue=None))

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.partner.wait(hours=hours)


CONVERSATION: list[Conversation] = []


def test_riders_at_random(folder: Path) -> None:
    CONVERSATION[:] = [Conversation(load(folder), read_feed(folder).timetable)]
    run_state_machine_as_test(
        Riders, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
