"""Whoever was told of a danger hears truly how it goes on and ends: at night, late, by mistake, past a silent LINE."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.domain.broadcasts import BatchState, Broadcast, Priority, State
from bot.jma.values import Hazard
from bot.store.outbox import Ending
from bot.store.store import Store
from bot.town.model import Disaster, DisasterRule, StaffMember
from tests.clock import HandClock
from tests.integration.delivering import conduct
from tests.integration.test_jma_watch import TOWN, Night
from tests.jma_telegrams import Jma, cancelled, earthquake, rain, shaking, warnings
from tests.settling import claimed

L3, L4, L5 = "レベル３大雨警報", "レベル４大雨危険警報", "レベル５大雨特別警報"
LANDSLIDE = ("39", "レベル５土砂災害特別警報", "発表")
GOES_ON = ("39", "レベル５土砂災害特別警報", "継続")


class Phones(Night):
    """A night whose LINE answers: 1 chose disaster, 2 did not, 9 is staff."""

    async def after(self, minutes: float, type_: str = "", body: bytes = b"") -> None:
        """After some minutes a telegram is read, and what follows from it reaches the phones."""
        for _ in range(int(minutes // 10)):
            await self.minute(10)
        self.clock.advance(minutes=minutes % 10)
        if body:
            self.jma.add(type_, body)
        await self.minute()
        await self.deliver()

    async def rains(self, minutes: float, level: int, status: str = "発表", **more: str) -> None:
        for _ in range(int(minutes // 10)):
            await self.minute(10)
            await self.deliver()
        self.clock.advance(minutes=minutes % 10)
        self.jma.add("VPWW55", rain(self.clock.now(), level, status, **more))
        await self.minute()
        await self.deliver()

    async def deliver(self) -> None:
        await conduct(self.conductor)
        while batches := await claimed(self.store):
            for batch in batches:
                now_ms = self.clock.now_ms()
                await self.store.outbox.end(
                    Ending(batch.id, batch.retry_key, BatchState.ACCEPTED, now_ms, None, None)
                )
        await conduct(self.conductor)

    async def wait(self, minutes: float) -> None:
        """So long nothing is issued."""
        for _ in range(int(minutes // 10)):
            await self.minute(10)
            await self.deliver()

    async def heard(self, who: str) -> list[str]:
        """The titles that a phone shows, without what is the same in all."""
        found = []
        for each in await self.broadcasts():
            got = await self.store.reports.of_one(each.id, f"U{who * 32}")
            if got is not None and got.state is BatchState.ACCEPTED:
                found.append(each.title.removeprefix("気象庁: ").removesuffix("(河北町)"))
        return found

    async def last(self) -> tuple[Broadcast, str]:
        """The newest broadcast and its words."""
        newest = (await self.broadcasts())[-1]
        return newest, await self.said(newest.id)

    async def notes(self) -> list[Broadcast]:
        """What staff were told of drafts."""
        return [each for each in await self.broadcasts() if each.title.startswith("下書き: ")]


@pytest.fixture
async def night(store: Store, clock: HandClock) -> AsyncIterator[Phones]:
    async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
        night = Phones(store, clock, jma, session)
        night.town = replace(TOWN, staff=(StaffMember("bosai", "U" + "9" * 32),))
        night.watch = night.another()
        await night.residents()
        await night.begin()
        yield night


async def test_a_night_that_is_over_before_morning_is_over_for_everybody(night: Phones) -> None:
    night.clock.set("2026-11-24T22:00:00")
    await night.rains(0, 4)
    await night.rains(180, 3, "危険警報から警報")
    await night.rains(120, 0)
    await night.wait(300)
    assert await night.heard("1") == await night.heard("2") == [f"{L4} 発表", f"{L4} 解除"]
    _, words = await night.last()
    assert f"「{L4}」は、11月25日(水) 3時" in words


@pytest.mark.parametrize("lower", [3, 2])
async def test_who_heard_a_level_fall_hears_its_end(night: Phones, lower: int) -> None:
    await night.rains(2, 4)
    await night.rains(2, lower, "危険警報から警報" if lower == 3 else "危険警報から注意報")
    await night.rains(2, 0)
    name = {3: L3, 2: "レベル２大雨注意報"}[lower]
    assert await night.heard("2") == [f"{L4} 発表", f"{name} 切り替え", f"{name} 解除"]
    assert await night.heard("1") == await night.heard("2")


async def test_who_is_to_hear_of_the_lower_level_hears_of_it_too(night: Phones) -> None:
    other = replace(TOWN.disaster.rules[1], segment="district = 西里")
    night.town = replace(TOWN, disaster=Disaster((other, *TOWN.disaster.rules)))
    assert Hazard.HEAVY_RAIN in other.hazards
    night.watch = night.another()
    await night.rains(2, 4)
    await night.rains(2, 3, "危険警報から警報")
    await night.rains(2, 0)
    assert await night.heard("1") == [f"{L3} 切り替え", f"{L3} 解除"]
    assert await night.heard("2") == []


async def test_the_next_warning_owes_nothing_to_one_that_is_over(night: Phones) -> None:
    for _ in range(2):
        await night.rains(2, 4)
        await night.rains(2, 0)
    await night.rains(2, 3)
    assert await night.heard("1") == [f"{L4} 発表", f"{L4} 解除"] * 2 + [f"{L3} 発表"]
    assert await night.heard("2") == [f"{L4} 発表", f"{L4} 解除"] * 2


async def test_an_end_says_when_and_in_whose_words_it_was_issued(night: Phones) -> None:
    await night.rains(0, 3, headline="大雨に警戒してください。")
    await night.rains(180, 0, headline="大雨警報を解除します。")
    _, words = await night.last()
    assert "12時" in words
    assert "9時" not in words
    assert "大雨警報を解除します。" in words
    assert "大雨に警戒" not in words


@pytest.mark.parametrize("level", [4, 5])
async def test_a_warning_that_came_too_late_wakes_staff_and_the_next_word_of_it_everybody(
    night: Phones, level: int
) -> None:
    at, name = night.clock.now(), {4: L4, 5: L5}[level]
    night.jma.add("VPWW55", rain(at, level))
    await night.minute(31)
    await night.deliver()
    (draft, note) = await night.broadcasts()
    assert (draft.state, draft.title) == (State.DRAFT, f"気象庁: {name} 発表(河北町)")
    assert note.title == f"下書き: {draft.title}"
    assert (note.priority, note.segment) == (Priority.EMERGENCY, "職員")
    assert f"machi broadcast approve {draft.id}" in await night.said(note.id)
    for _ in range(3):
        await night.rains(1, level, "継続")
    assert await night.heard("2") == [f"{name} 発表"]
    assert (await night.broadcasts())[0].state is State.CANCELLED
    newest, _ = await night.last()
    assert newest.priority is Priority.EMERGENCY


async def test_what_goes_on_since_before_the_first_look_is_told_at_its_next_word(
    store: Store, clock: HandClock
) -> None:
    async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
        night = Phones(store, clock, jma, session)
        await night.residents()
        await night.after(0, "VPWW56", warnings("VPWW56", clock.now(), LANDSLIDE))
        assert await night.heard("2") == []
        await night.after(2, "VPWW56", warnings("VPWW56", clock.now(), GOES_ON))
        assert await night.heard("2") == ["レベル５土砂災害特別警報 発表"]


async def test_a_draft_by_the_towns_rule_is_told_to_staff_once(night: Phones) -> None:
    rule = DisasterRule("ask-us", 4, "all", frozenset({Hazard.HEAVY_RAIN}), "draft")
    night.town = replace(night.town, disaster=Disaster((rule, *TOWN.disaster.rules)))
    night.watch = night.another()
    await night.rains(2, 3)
    await night.rains(2, 4)
    await night.rains(2, 4, "継続")
    assert await night.heard("1") == [f"{L3} 発表"]
    (note,) = await night.notes()
    assert "「ask-us」" in await night.said(note.id)


async def test_a_draft_takes_the_place_of_nothing_that_is_true(night: Phones) -> None:
    rule = DisasterRule("ask-us", 4, "all", frozenset({Hazard.HEAVY_RAIN}), "draft")
    night.town = replace(night.town, disaster=Disaster((rule, *TOWN.disaster.rules)))
    night.watch = night.another()
    for level in (3, 4):
        night.jma.add("VPWW55", rain(night.clock.now(), level))
        await night.minute()
    await night.deliver()
    assert await night.heard("1") == [f"{L3} 発表"]


async def test_a_late_end_is_told_all_the_same(night: Phones) -> None:
    await night.rains(2, 4)
    night.clock.advance(minutes=20)
    night.jma.add("VPWW55", rain(night.clock.now(), 0))
    await night.minute(35)
    await night.deliver()
    assert await night.heard("2") == [f"{L4} 発表", f"{L4} 解除"]


async def test_a_held_lowering_does_not_outlive_an_end_that_comes_late(night: Phones) -> None:
    night.clock.set("2026-11-24T22:00:00")
    await night.rains(0, 4)
    await night.rains(60, 3, "危険警報から警報")
    await night.wait(420)
    night.jma.add("VPWW55", rain(night.clock.now(), 0))
    night.jma.broken |= {"extra", "extra_l"}
    await night.wait(40)
    night.jma.broken.clear()
    await night.wait(40)
    assert await night.heard("1") == await night.heard("2") == [f"{L4} 発表", f"{L4} 解除"]


async def test_a_corrected_warning_that_is_cancelled_is_taken_back(night: Phones) -> None:
    await night.rains(2, 4)
    await night.rains(0, 4, info="訂正")
    await night.after(2, "VPWW55", cancelled("VPWW55", night.clock.now()))
    assert await night.heard("2") == [f"{L4} 発表", f"{L4} 取り消し"]


async def test_a_corrected_earthquake_that_is_cancelled_is_taken_back(night: Phones) -> None:
    for info in ("発表", "訂正"):
        body = earthquake("e", night.clock.now(), "<MaxInt>5-</MaxInt>", info=info)
        await night.after(2, "VXSE53", body)
    gone = cancelled("VXSE53", night.clock.now(), event="e")
    await night.after(2, "VXSE53", gone)
    assert await night.heard("2") == ["震度5弱 発表", "震度5弱 取り消し"]


async def test_of_an_earthquake_what_is_cancelled_is_taken_back_and_the_rest_not_told_again(
    night: Phones,
) -> None:
    await night.after(2, "VXSE51", shaking("e", night.clock.now(), "5-"))
    await night.after(2, "VXSE53", earthquake("e", night.clock.now(), "<MaxInt>5-</MaxInt>"))
    await night.after(2, "VXSE53", cancelled("VXSE53", night.clock.now(), event="e"))
    assert await night.heard("2") == ["震度5弱 発表", "震度5弱 続報", "震度5弱 取り消し"]
    newest, words = await night.last()
    assert newest.priority is Priority.URGENT
    assert "山形県村山で「震度5弱」を観測したという発表は、取り消されていません。" in words


async def test_a_correction_that_lowers_takes_back_at_once_also_at_night(night: Phones) -> None:
    night.clock.set("2026-11-24T22:00:00")
    await night.rains(2, 3)
    await night.rains(2, 5, info="訂正")
    await night.rains(2, 5, "継続")
    await night.rains(2, 3, info="訂正")
    assert await night.heard("2") == [f"{L5} 発表", f"{L3} 切り替え"]
    await night.rains(2, 5)
    await night.rains(2, 3, info="訂正")
    newest, words = await night.last()
    assert (await night.heard("2"))[2:] == [f"{L5} 発表", f"{L5} 取り消し"]
    assert newest.priority is Priority.URGENT
    assert f"「{L5}」(大雨)は、誤りとして取り消されました。\nいま河北町に出ているのは「{L3}」です。" in words


async def test_past_a_silent_line_only_the_newest_word_of_a_thread_goes_out(night: Phones) -> None:
    for level, status in ((4, "発表"), (3, "危険警報から警報"), (4, "発表")):
        night.clock.advance(minutes=2)
        night.jma.add("VPWW55", rain(night.clock.now(), level, status))
        await night.minute()
        await conduct(night.conductor)
    await night.deliver()
    assert await night.heard("1") == await night.heard("2") == [f"{L4} 発表"]


async def test_what_line_may_have_accepted_is_not_repeated_behind_newer_word(night: Phones) -> None:
    night.clock.advance(minutes=2)
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    await night.minute()
    await conduct(night.conductor)
    (batch,) = await claimed(night.store)
    await night.store.outbox.retry(batch, "me", night.clock.now_ms(), "no answer")
    await night.rains(2, 3, "危険警報から警報")
    assert await night.heard("1") == await night.heard("2") == [f"{L3} 切り替え"]
    one = await night.store.reports.of_one((await night.broadcasts())[0].id, "U" + "2" * 32)
    assert one is not None
    assert one.state is BatchState.UNKNOWN


async def test_the_days_limit_keeps_no_word_of_a_danger_back(night: Phones) -> None:
    snow, wind = ("VPWW60", "06", "大雪警報"), ("VPWW58", "05", "暴風警報")
    titled = {"title": "気象警報・注意報（Ｒ０６）"}
    await night.rains(2, 4)
    for status in ("発表", "解除", "発表", "解除"):
        for type_, code, name in (snow, wind):
            await night.after(2, type_, warnings(type_, night.clock.now(), (code, name, status), **titled))
    await night.rains(2, 3, "危険警報から警報")
    assert (await night.heard("1"))[-1] == f"{L3} 切り替え"
    assert len(await night.heard("1")) == 10
    assert await night.store.database.fetch("deferred.waiting") == []
