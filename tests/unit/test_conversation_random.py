"""Residents who tap and type at random: whatever they do, what is kept is valid and the answer is sendable."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain.months import parse_month
from bot.domain.residents import SINGLE_FACTS, Fact, ResidentState
from tests.unit.conversation_partner import TOWN, Partner

WORDS = st.sampled_from(
    [
        *(
            [
                "受信設定",
                "登録内容",
                "配信停止",
                "データ削除",
                "言語",
                "Language",
                "ヘルプ",
                "子育て",
                "防災",
                "バス",
                "税",
                "ごみ",
                "イベント",
            ]
        ),
        *(
            [
                "2026-03",
                "R8.3",
                "令和８年３月",
                "2099-01",
                "谷地中部",
                "西里",
                "役場",
                "すべて",
                "固定資産税",
                "やさしい日本語",
                "English",
                "日本語",
            ]
        ),
        *(["settings", "help", "stop", "おわる", "あああ", "助けて", "もどる"]),
        *(
            [
                "谷地A",
                "朝",
                "夜",
                "お知らせの時間",
                "ごみの日",
                "ごみ 電池",
                "ごみ ん",
                "ゴミ　ペットボトル",
                "garbage can",
            ]
        ),
    ]
)


class Residents(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.partner = Partner()
        self.old: list[str] = []

    @rule()
    def follow(self) -> None:
        self.partner.follow()

    @rule()
    def unfollow(self) -> None:
        self.partner.unfollow()

    @rule(words=st.one_of(WORDS, st.text(max_size=20)))
    def say(self, words: str) -> None:
        assert self.partner.say(words)

    @rule(number=st.integers(0, 40), day=st.dates())
    def tap_or_type(self, number: int, day: object) -> None:
        """What is offered does the same whether it is tapped or its label typed."""
        offered = [a for a in self.partner.actions if a["type"] == "postback"]
        if not offered or self.partner.resident is None:
            return
        action = offered[number % len(offered)]
        self.old.append(action["data"])
        typing = Partner(self.partner.resident)
        typing.now = self.partner.now
        typing.say(action["displayText"])
        self.partner.send(action["data"])
        tapped, typed = self.partner.resident, typing.resident
        assert (tapped and replace(tapped, dialogue=None)) == (typed and replace(typed, dialogue=None))

    @rule(day=st.dates())
    def pick(self, day: object) -> None:
        self.partner.send("pick", date=str(day))

    @rule(number=st.integers(0, 1000))
    def tap_something_old(self, number: int) -> None:
        if self.old:
            assert self.partner.send(self.old[number % len(self.old)])

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.partner.wait(minutes=minutes)

    @invariant()
    def what_is_kept_is_valid(self) -> None:
        resident = self.partner.resident
        if resident is None:
            return
        vocabulary = TOWN.vocabulary()
        for fact, values in resident.facts.items():
            assert values
            assert len(values) == len(set(values))
            assert fact not in SINGLE_FACTS or len(values) == 1
            if fact is Fact.BIRTH_MONTH:
                assert all(parse_month(value) == value for value in values)
            else:
                assert set(values) <= set(vocabulary[fact])
        assert resident.language in TOWN.languages
        assert resident.state in ResidentState


TestResidents = Residents.TestCase
TestResidents.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
