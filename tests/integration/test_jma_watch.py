"""From JMA's feeds to broadcasts: a real HTTP server, both databases, the real rules and templates."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.domain.broadcasts import Broadcast, Priority, State
from bot.domain.clock import SystemClock
from bot.domain.residents import Fact, Resident
from bot.jma.values import Hazard
from bot.store.store import Store, open_database
from bot.telegrams.present import look_up
from bot.telegrams.watch import JmaWatch
from bot.town import load, templates_for
from bot.town.model import Disaster, DisasterRule, Town
from tests.clock import HandClock
from tests.integration.delivering import conduct, no_answer
from tests.jma_telegrams import Jma, cancelled, earthquake, flood, rain, shaking, warnings
from tests.settling import claimed
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TEMPLATES = templates_for(TOWN)


class Night:
    """The watch at work, minute by minute, beside residents and a conductor."""

    def __init__(self, store: Store, clock: HandClock, jma: Jma, session: aiohttp.ClientSession) -> None:
        self.store, self.clock, self.jma, self.session = store, clock, jma, session
        self.town: Town = TOWN
        self.watch = self.another()
        self.conductor = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)

    def another(self) -> JmaWatch:
        return JmaWatch(self.store, self.town, TEMPLATES, self.clock, self.jma.base, poll=60, seconds=2)

    async def minute(self, minutes: float = 1) -> None:
        """Time goes on, and both feeds are looked at."""
        self.clock.advance(minutes=minutes)
        for name in ("extra", "eqvol"):
            await self.watch.look(self.session, name)

    async def begin(self) -> None:
        """The first look, at a calm sky."""
        await self.minute()

    async def broadcasts(self) -> list[Broadcast]:
        return list(reversed(await self.store.broadcasts.newest(100)))

    async def titles(self) -> list[str]:
        return [b.title for b in await self.broadcasts() if b.state is not State.CANCELLED]

    async def said(self, number: int, language: str = "ja") -> str:
        payloads = await self.store.broadcasts.payloads(number)
        return "\n".join(message["text"] for message in payloads[language])

    async def got(self, number: int) -> set[str]:
        """Who of the residents 1 to 3 is among the recipients of a broadcast."""
        of_one = self.store.reports.of_one
        return {each for each in "123" if await of_one(number, f"U{each * 32}") is not None}

    async def deliver(self) -> None:
        """Put audiences into batches, and take the batches as a sender does."""
        await conduct(self.conductor)
        await claimed(self.store)

    async def residents(self) -> None:
        people = [
            Resident("U" + "1" * 32, facts={Fact.TOPIC: ("disaster",)}),
            Resident("U" + "2" * 32, facts={Fact.TOPIC: ("tax",)}),
        ]
        await self.store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in people])


@pytest.fixture
async def night(store: Store, clock: HandClock) -> AsyncIterator[Night]:
    async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
        yield Night(store, clock, jma, session)


async def test_what_rises_is_told_once_and_louder_and_what_falls_quietly(night: Night) -> None:
    await night.begin()
    for level in (2, 3, 3, 4, 5, 4, 3, 0):
        night.clock.advance(minutes=2)
        status = {4: "特別警報から危険警報"}.get(level, "発表")
        night.jma.add("VPWW55", rain(night.clock.now(), level, status))
        await night.minute()
        await conduct(night.conductor)
    told = [(b.title, b.segment, b.priority) for b in await night.broadcasts()]
    assert told == [
        ("気象庁: レベル３大雨警報 発表(河北町)", "topic = disaster", Priority.URGENT),
        ("気象庁: レベル４大雨危険警報 発表(河北町)", "all", Priority.EMERGENCY),
        ("気象庁: レベル５大雨特別警報 発表(河北町)", "all", Priority.EMERGENCY),
        (
            "気象庁: レベル４大雨危険警報 切り替え(河北町)",
            "配信 1・2・3 を受け取った人、または all",
            Priority.NORMAL,
        ),
        (
            "気象庁: レベル３大雨警報 切り替え(河北町)",
            "配信 1・2・3・4 を受け取った人、または topic = disaster",
            Priority.NORMAL,
        ),
        ("気象庁: レベル３大雨警報 解除(河北町)", "配信 1・2・3・4・5 を受け取った人", Priority.NORMAL),
    ]
    words = await night.said((await night.broadcasts())[1].id)
    assert "【気象庁の情報】レベル４大雨危険警報" in words
    assert "警戒レベル4相当" in words
    assert "出典:気象庁(山形地方気象台)" in words
    for broadcast in await night.broadcasts():
        for language in ("ja", "ja-easy", "en"):
            assert "安全" not in (await night.said(broadcast.id, language)).replace("身の安全を確保", "")


async def test_a_telegram_is_fetched_once_and_an_unchanged_feed_not_at_all(night: Night) -> None:
    await night.begin()
    path = night.jma.add("VPWW55", rain(night.clock.now(), 3))
    for _ in range(5):
        await night.minute()
    assert [asked for asked, _ in night.jma.requests].count(path) == 1
    assert [tag for asked, tag in night.jma.requests if asked == "feed/extra.xml"][-2:] != [None, None]
    assert len(await night.broadcasts()) == 1


async def test_other_offices_and_types_are_not_even_fetched(night: Night) -> None:
    await night.begin()
    now = night.clock.now()
    skipped = [
        night.jma.add("VPWW55", rain(now, 5), sender="040000"),
        night.jma.add("VPWP50", rain(now, 5)),
        night.jma.add("VPFD51", rain(now, 5)),
    ]
    await night.minute()
    assert not {asked for asked, _ in night.jma.requests} & set(skipped)
    assert await night.broadcasts() == []


@pytest.mark.parametrize("status", ["訓練", "試験"])
async def test_a_drill_of_jma_reaches_nobody(night: Night, status: str) -> None:
    await night.begin()
    night.jma.add(
        "VPWW55",
        rain(night.clock.now(), 5, status="発表").replace(b"\xe9\x80\x9a\xe5\xb8\xb8", status.encode()),
    )
    await night.minute()
    assert await night.broadcasts() == []
    assert [kept.outcome for kept in await night.store.telegrams.newest(5)] == ["drill"]
    known = (await look_up(night.store, night.clock, night.jma.base)).known
    assert known is not None
    assert known.present(night.clock.now()) == []


async def test_what_was_there_at_the_first_look_is_known_and_not_sent(night: Night) -> None:
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    night.jma.add(
        "VXSE53", earthquake("20261124090000", night.clock.now(), "<MaxInt>5+</MaxInt>"), sender="010000"
    )
    await night.minute()
    assert await night.broadcasts() == []
    known = (await look_up(night.store, night.clock, night.jma.base)).known
    assert known is not None
    assert [each.claim.hazard for each in known.present(night.clock.now())] == [
        Hazard.EARTHQUAKE,
        Hazard.HEAVY_RAIN,
    ]


async def test_after_a_gap_the_long_feed_tells_what_is_still_news(night: Night) -> None:
    await night.begin()
    night.jma.broken |= {"extra", "extra_l"}
    night.jma.add("VPWW55", rain(night.clock.now(), 3))
    await night.minute(2)
    night.jma.add("VPWW61", warnings("VPWW61", night.clock.now(), ("24", "霜注意報", "発表")))
    for _ in range(13):
        await night.minute()
    assert await night.broadcasts() == []
    feed = await night.store.telegrams.feed(f"{night.jma.base}/feed/extra.xml")
    assert feed is not None
    assert feed.failures == 14
    night.jma.broken.clear()
    await night.minute()
    assert await night.titles() == ["気象庁: レベル３大雨警報 発表(河北町)"]
    assert [asked for asked, _ in night.jma.requests].count("feed/extra_l.xml") >= 2


async def test_what_is_old_after_a_gap_is_a_draft_for_staff_and_no_push(night: Night) -> None:
    await night.begin()
    night.jma.broken |= {"extra", "extra_l"}
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    await night.minute(45)
    night.jma.broken.clear()
    await night.minute()
    (draft,) = await night.broadcasts()
    assert (draft.state, draft.approver) == (State.DRAFT, None)
    night.jma.add("VPWW55", rain(night.clock.now(), 0))
    await night.minute()
    assert [b.state for b in await night.broadcasts()] == [State.CANCELLED]


async def test_a_batch_of_telegrams_tells_where_things_stand_and_no_step_between(night: Night) -> None:
    await night.begin()
    for minutes, level in ((0, 2), (1, 3), (2, 4)):
        night.jma.add("VPWW55", rain(night.clock.now(), level), at=night.clock.now())
        night.clock.advance(minutes=1 if minutes < 2 else 0)
    await night.minute()
    assert await night.titles() == ["気象庁: レベル４大雨危険警報 発表(河北町)"]


async def test_a_retraction_goes_to_exactly_those_who_got_the_wrong_one(night: Night) -> None:
    await night.residents()
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 3))
    await night.minute()
    await night.deliver()
    await night.store.residents.save_all(
        [
            ("U" + "1" * 32, lambda r: replace(r, facts={})),
            ("U" + "3" * 32, lambda _: Resident("U" + "3" * 32)),
        ]
    )
    night.jma.add("VPWW55", cancelled("VPWW55", night.clock.now()))
    await night.minute()
    await night.deliver()
    wrong, right = await night.broadcasts()
    assert right.title == "気象庁: レベル３大雨警報 取り消し(河北町)"
    assert await night.got(right.id) == await night.got(wrong.id) == {"1"}
    assert "誤りとして取り消されました" in await night.said(right.id)
    assert right.priority is Priority.URGENT


async def test_what_nobody_got_yet_is_withdrawn_and_not_taken_back(night: Night) -> None:
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 3))
    await night.minute()
    night.jma.add("VPWW55", cancelled("VPWW55", night.clock.now()))
    await night.minute()
    assert [b.state for b in await night.broadcasts()] == [State.CANCELLED]


async def test_a_retraction_after_a_raise_says_what_is_in_force_now(night: Night) -> None:
    await night.residents()
    await night.begin()
    for level in (3, 4):
        night.jma.add("VPWW55", rain(night.clock.now(), level))
        await night.minute()
        await night.deliver()
    night.jma.add("VPWW55", cancelled("VPWW55", night.clock.now()))
    await night.minute()
    await night.deliver()
    third = (await night.broadcasts())[2]
    assert await night.got(third.id) == {"1", "2"}
    assert "「レベル３大雨警報」" in await night.said(third.id)


async def test_one_earthquake_is_one_thread(night: Night) -> None:
    await night.begin()
    event = "20261124090100"
    eq = lambda body, type_: night.jma.add(type_, body, sender="010000")  # noqa: E731
    eq(shaking(event, night.clock.now(), "4"), "VXSE51")
    await night.minute()
    await conduct(night.conductor)
    eq(earthquake(event, night.clock.now(), "<MaxInt>4</MaxInt>"), "VXSE53")
    await night.minute()
    await conduct(night.conductor)
    eq(earthquake(event, night.clock.now(), "<MaxInt>4</MaxInt>", serial="2"), "VXSE53")
    await night.minute()
    eq(
        earthquake(
            event,
            night.clock.now(),
            "<MaxInt>4</MaxInt><Condition>震度５弱以上未入電</Condition>",
            serial="3",
        ),
        "VXSE53",
    )
    await night.minute()
    told = [(b.title, b.segment, b.priority) for b in await night.broadcasts()]
    assert told == [
        ("気象庁: 震度4 発表(河北町)", "topic = disaster", Priority.URGENT),
        ("気象庁: 震度4 続報(河北町)", "topic = disaster", Priority.URGENT),
        ("気象庁: 震度5弱以上(未入電) 発表(河北町)", "all", Priority.EMERGENCY),
    ]
    first, second, _ = await night.broadcasts()
    assert "調査中" in await night.said(first.id)
    assert "宮城県沖" in await night.said(second.id)


async def test_a_river_is_lifted_for_those_its_warning_named(night: Night) -> None:
    await night.begin()
    night.jma.add("VXKO52", flood(night.clock.now(), "40", "レベル４氾濫危険警報"), sender="JPDD")
    await night.minute()
    await conduct(night.conductor)
    night.jma.add(
        "VXKO52", flood(night.clock.now(), "10", "氾濫注意報解除", towns=(), serial="2"), sender="JPDD"
    )
    await night.minute()
    night.jma.add(
        "VXKO52",
        flood(night.clock.now(), "51", "レベル５氾濫特別警報", towns=("0620100",), event="820211030701"),
    )
    await night.minute()
    assert await night.titles() == [
        "気象庁: レベル４氾濫危険警報 発表(河北町)",
        "気象庁: レベル４氾濫危険警報 解除(河北町)",
    ]
    assert "下野では危険な水位です。" in await night.said((await night.broadcasts())[0].id)


async def test_the_towns_own_rule_comes_first(night: Night) -> None:
    frost = DisasterRule("frost", 2, "topic = events", frozenset({Hazard.FROST}), priority=Priority.NORMAL)
    quiet = DisasterRule("no-rain", 3, "all", frozenset({Hazard.HEAVY_RAIN}), how="none")
    night.town = replace(TOWN, disaster=Disaster((frost, quiet, *TOWN.disaster.rules)))
    night.watch = night.another()
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 5))
    night.jma.add(
        "VPWW61",
        warnings("VPWW61", night.clock.now(), ("24", "霜注意報", "発表"), ("14", "雷注意報", "発表")),
    )
    await night.minute()
    assert [(b.title, b.segment) for b in await night.broadcasts()] == [
        ("気象庁: 霜注意報 発表(河北町)", "topic = events")
    ]


async def test_a_telegram_that_cannot_be_read_changes_nothing_and_is_told_to_staff(night: Night) -> None:
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 3))
    await night.minute()
    night.jma.add("VPWW55", warnings("VPWW55", night.clock.now(), ("99", "レベル６大雨", "発表")))
    await night.minute()
    known = (await look_up(night.store, night.clock, night.jma.base)).known
    assert known is not None
    assert known.is_partial
    assert [each.claim.rank for each in known.present(night.clock.now())] == [3]
    assert len(await night.broadcasts()) == 1
    night.jma.add("VPWW55", rain(night.clock.now(), 3, "継続"))
    await night.minute()
    known = (await look_up(night.store, night.clock, night.jma.base)).known
    assert known is not None
    assert not known.is_partial


async def test_a_telegram_that_cannot_be_had_is_asked_for_again(night: Night) -> None:
    await night.begin()
    path = night.jma.add("VPWW55", rain(night.clock.now(), 4))
    night.jma.broken.add(path)
    await night.minute()
    feed = await night.store.telegrams.feed(f"{night.jma.base}/feed/extra.xml")
    assert feed is not None
    assert (feed.failures, feed.etag) == (1, None)
    night.jma.broken.clear()
    await night.minute()
    assert await night.titles() == ["気象庁: レベル４大雨危険警報 発表(河北町)"]


async def test_a_telegram_of_a_later_day_does_not_block_those_of_today(night: Night) -> None:
    await night.begin()
    night.clock.advance(days=400)
    later = rain(night.clock.now(), 0)
    night.clock.advance(days=-400)
    night.jma.add("VPWW55", later)
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    await night.minute()
    assert len(await night.titles()) == 1


async def test_several_machines_tell_once(night: Night) -> None:
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    night.clock.advance(minutes=1)
    others = [night.another() for _ in range(4)]
    await asyncio.gather(*(each.look(night.session, "extra") for each in others))
    assert len(await night.broadcasts()) == 1
    assert [asked for asked, _ in night.jma.requests].count("feed/extra.xml") == 2


async def test_a_stop_before_the_commit_tells_later_and_once(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await night.begin()
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    take = night.store.telegrams.take

    async def killed(*arguments: Any) -> int:
        await take(*arguments)
        raise asyncio.CancelledError  # after the commit, before the feed's success is noted

    monkeypatch.setattr(type(night.store.telegrams), "take", lambda _self, *arguments: killed(*arguments))
    with pytest.raises(asyncio.CancelledError):
        await night.minute()
    monkeypatch.undo()
    await night.minute()
    assert len(await night.broadcasts()) == 1


async def test_a_held_lowering_is_overtaken_by_what_comes_next(night: Night) -> None:
    night.clock.set("2026-11-24T22:00:00")
    await night.begin()
    for level, status in ((4, "発表"), (3, "危険警報から警報"), (4, "発表")):
        night.jma.add("VPWW55", rain(night.clock.now(), level, status))
        await night.minute()
        await conduct(night.conductor)
    assert [(b.state, b.title) for b in await night.broadcasts()] == [
        (State.DONE, "気象庁: レベル４大雨危険警報 発表(河北町)"),
        (State.CANCELLED, "気象庁: レベル３大雨警報 切り替え(河北町)"),
        (State.DONE, "気象庁: レベル４大雨危険警報 発表(河北町)"),
    ]


async def test_the_audit_says_who_and_the_state_is_small(night: Night) -> None:
    await night.begin()
    for number in range(30):
        night.jma.add("VXSE53", earthquake(f"202611240{number:05}", night.clock.now(), ""), sender="010000")
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    await night.minute()
    (told,) = await night.broadcasts()
    assert (told.author, told.approver) == ("jma", "town folder")
    state = (await night.store.telegrams.state()).state
    assert len(state) < 40_000
    assert len(json.loads(state)) == 31


async def test_a_telegram_that_cannot_be_had_is_asked_for_also_when_the_feed_names_it_no_more(
    night: Night,
) -> None:
    await night.begin()
    path = night.jma.add("VPWW55", rain(night.clock.now(), 4))
    night.jma.broken.add(path)
    for _ in range(15):
        await night.minute()
    feed = await night.store.telegrams.feed(f"{night.jma.base}/feed/extra.xml")
    assert feed is not None
    assert feed.failures == 15
    night.jma.broken.clear()
    await night.minute()
    assert await night.titles() == ["気象庁: レベル４大雨危険警報 発表(河北町)"]


async def test_a_look_begins_when_it_is_due_and_not_at_some_time_after(database_url: str) -> None:
    """Waking every second, it would come to a look that is due after 2.5 s at the third.

    A busy machine delays some looks, not the shortest wait of several by half a second.
    """
    poll, looks, clock = 2.5, list[float](), SystemClock()
    database = await open_database(database_url, clock)
    await database.upgrade()
    async with Jma(clock.now) as jma, asyncio.timeout(30):
        watch = JmaWatch(Store.over(database, clock), TOWN, TEMPLATES, clock, jma.base, poll=poll)
        watch.start()
        while len(looks) < 5:
            if [path for path, _ in jma.requests].count("feed/extra.xml") > len(looks):
                looks.append(time.monotonic())
            await asyncio.sleep(0.002)
        await watch.stop()
    await database.close()
    shortest = min(later - earlier for earlier, later in pairwise(looks))
    assert poll - 0.1 < shortest < 2.95
