"""「カレンダー」 in the chat: a link for one's own calendar program."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from bot.domain.clock import TOKYO
from bot.domain.residents import Fact, Resident
from handlers.conversation import Conversation
from tests.unit.conversation_partner import TOWN, USER, Partner

BASE = "https://push.example.jp"


def partner(language: str = "ja", **facts: tuple[str, ...]) -> Partner:
    found = Partner(Resident(USER, language, facts={Fact(key): values for key, values in facts.items()}))
    found.conversation = Conversation(TOWN, public_url=BASE)
    return found


def token(words: str) -> str:
    (link,) = set(re.findall(rf"{BASE}/feeds/calendar/([\w-]+)\.ics", words))
    assert f"webcal://push.example.jp/feeds/calendar/{link}.ics" in words
    return str(link)


@pytest.mark.parametrize(
    ("language", "word"), [("ja", "カレンダー"), ("ja-easy", "カレンダー"), ("en", "calendar")]
)
def test_the_link_is_unguessable_and_stays_the_same(language: str, word: str) -> None:
    someone = partner(language, topic=("events",))
    first = token(someone.say(word))
    assert len(first) >= 32
    assert someone.resident is not None
    assert someone.resident.calendar_token == first
    assert token(someone.say(word)) == first
    other = partner(language, topic=("events",))
    assert token(other.say(word)) != first


def test_links_stand_in_a_text_message_of_their_own() -> None:
    someone = partner(topic=("events",))
    someone.say("カレンダー")
    assert someone.messages[0]["type"] == "text"
    assert someone.messages[0]["text"].splitlines()[0].startswith("webcal://")


def test_asking_for_a_new_link_kills_the_old() -> None:
    someone = partner(topic=("events",))
    old = token(someone.say("カレンダー"))
    new = token(someone.tap("新しいリンクにする"))
    assert new != old
    assert someone.resident is not None
    assert someone.resident.calendar_token == new
    assert token(someone.say("カレンダー")) == new


def test_who_registered_nothing_gets_the_whole_calendar_and_is_not_kept() -> None:
    stranger = Partner()
    stranger.conversation = Conversation(TOWN, public_url=BASE)
    assert f"{BASE}/feeds/calendar.ics" in stranger.say("カレンダー")
    assert stranger.resident is None


def test_it_can_be_reached_by_tapping_from_the_help_and_the_summary() -> None:
    for word in ("ヘルプ", "登録内容"):
        someone = partner(topic=("events",))
        someone.say(word)
        assert token(someone.tap("カレンダー"))


def test_a_town_without_an_address_says_so_and_shows_no_button() -> None:
    someone = partner(topic=("events",))
    someone.conversation = Conversation(TOWN)
    said = someone.say("カレンダー")
    assert "お出ししていません" in said
    assert "http" not in said
    someone.say("ヘルプ")
    assert "カレンダー" not in someone.labels


def test_erasing_leaves_no_token() -> None:
    someone = partner(topic=("events",))
    someone.say("カレンダー")
    someone.say("データ削除")
    assert someone.resident is None


def told_at_registration(month: str, language: str = "日本語") -> str:
    partner = Partner()
    partner.follow()
    partner.say(language)
    partner.now = datetime(2026, 11, 25, 12, tzinfo=TOKYO)
    partner.say("子育て")
    return partner.say(month)


def test_who_registers_late_is_told_what_others_were_told_already() -> None:
    toddler = told_at_registration("2025-05")
    assert "・1歳6か月児健診 12月15日(火)" in toddler
    assert "・来年4月入所の申し込み(一次) 12月4日(金)" in toddler
    assert "3歳児健診" not in toddler
    baby = told_at_registration("2026-07")
    assert "・4か月児健診\n" in baby
    assert "ロタ" not in baby, "its first dose is too late for every child of July"
    assert "・B型肝炎" in baby
    assert "Health check at 18 months Tue, Dec 15" in told_at_registration("2025-05", "English")


def test_a_mother_is_told_what_is_before_birth() -> None:
    assert "RSウイルス(妊娠中の方)" in told_at_registration("2027-02")
    assert "RSウイルス" not in told_at_registration("2027-06")
