"""Staff are told when JMA cannot be read: once, again after hours, and when it is over; residents never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.domain.audiences import Staff
from bot.domain.broadcasts import Broadcast, Priority, State
from bot.store.store import Store
from bot.telegrams.present import look_up
from bot.telegrams.watch import JmaWatch
from bot.town.model import Disaster, StaffMember
from tests.clock import HandClock
from tests.integration.test_jma_watch import Night
from tests.jma_telegrams import Jma, rain, warnings


@pytest.fixture
async def night(store: Store, clock: HandClock) -> AsyncIterator[Night]:
    async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
        night = Night(store, clock, jma, session)
        night.town = replace(night.town, staff=(StaffMember("bosai", "U" + "9" * 32),))
        night.watch = night.another()
        yield night


async def notes(night: Night) -> list[Broadcast]:
    found = [each for each in await night.broadcasts() if each.author == "machi" and "電文" in each.title]
    for each in found:
        assert (each.audience, each.segment, each.priority) == (Staff(), "職員", Priority.URGENT)
        assert (each.state, each.approver) == (State.SCHEDULED, "machi")
        assert (await night.said(each.id)).startswith("【職員への連絡】\n")
    return found


async def minutes(night: Night, count: int) -> None:
    for _ in range(count):
        await night.minute()


async def test_a_feed_that_fails_for_ten_minutes_is_told_once_again_and_at_its_end(night: Night) -> None:
    await night.begin()
    night.jma.broken |= {"extra", "extra_l"}
    await minutes(night, 10)
    assert await notes(night) == []
    night.jma.add("VPWW55", rain(night.clock.now(), 4))
    await minutes(night, 60)
    (first,) = await notes(night)
    words = await night.said(first.id)
    assert first.title == "気象庁の電文が読めません(extra)"
    assert "警報など(随時))が、09:02から読めません" in words
    assert "警報が出ていないという意味ではありません" in words
    assert "サーバーが 503 を返しました" in words
    night.clock.advance(hours=5)
    await minutes(night, 20)
    assert len(await notes(night)) == 2
    night.jma.broken.clear()
    await minutes(night, 5)
    _, again, back = await notes(night)
    assert again.title == first.title
    words = await night.said(back.id)
    assert back.title == "気象庁の電文がまた読めます(extra)"
    assert "読めなかった間: 09:02から390分" in words
    assert "この間に出ていた、町に関わる電文: 1 通\n・09:11 山形県の情報" in words
    drafts = [each for each in await night.broadcasts() if each.author == "jma"]
    assert [each.state for each in drafts] == [State.DRAFT]


async def test_a_short_failure_is_told_to_nobody(night: Night) -> None:
    await night.begin()
    for _ in range(4):
        night.jma.broken |= {"extra", "extra_l", "eqvol", "eqvol_l"}
        await minutes(night, 9)
        night.jma.broken.clear()
        await minutes(night, 2)
    assert await notes(night) == []


async def test_the_time_the_service_was_down_is_no_failure_of_the_feed(night: Night) -> None:
    await night.begin()
    night.clock.advance(hours=8)
    night.watch = night.another()
    await minutes(night, 15)
    assert await notes(night) == []


async def test_a_feed_that_was_never_readable_is_told_too(night: Night) -> None:
    night.jma.broken |= {"extra", "extra_l"}
    await minutes(night, 12)
    assert [each.title for each in await notes(night)] == ["気象庁の電文が読めません(extra)"]


async def test_a_telegram_that_cannot_be_had_is_told_as_well(night: Night) -> None:
    await night.begin()
    night.jma.broken.add(night.jma.add("VPWW55", rain(night.clock.now(), 4)))
    await minutes(night, 12)
    assert [each.title for each in await notes(night)] == ["気象庁の電文が読めません(extra)"]


async def test_many_machines_tell_once(night: Night) -> None:
    await night.begin()
    night.jma.broken |= {"extra", "extra_l"}
    machines = [night.another() for _ in range(4)]
    for _ in range(15):
        night.clock.advance(minutes=1)
        await asyncio.gather(*(each.look(night.session, "extra") for each in machines))
        feed = f"{night.jma.base}/feed/extra.xml"
        await asyncio.gather(*(each._alarm.check("extra", feed) for each in machines))
    assert len(await notes(night)) == 1
    night.jma.broken.clear()
    night.clock.advance(minutes=1)
    await asyncio.gather(*(each.look(night.session, "extra") for each in machines))
    await asyncio.gather(*(each._alarm.check("extra", feed) for each in machines))
    assert len(await notes(night)) == 2


async def test_a_telegram_that_is_not_understood_is_told_with_its_headline_once_an_hour(
    night: Night,
) -> None:
    await night.begin()

    def strange(type_: str) -> None:
        body = warnings(
            type_,
            night.clock.now(),
            ("99", "レベル６大雨", "発表"),
            headline="【特別】これまでにない雨です。",
        )
        night.jma.add(type_, body)

    strange("VPWW55")
    strange("VPWW55")
    strange("VPWW61")
    await night.minute()
    rainy, other = await notes(night)
    words = await night.said(rainy.id)
    assert (rainy.title, other.title) == (
        "気象庁の電文を読み取れません(VPWW55)",
        "気象庁の電文を読み取れません(VPWW61)",
    )
    assert "VPWW55 山形県の情報)。ほかに 1 通あります。" in words
    assert "見出し: 【特別】これまでにない雨です。" in words
    assert "知らない警報・注意報です: レベル６大雨 99" in words
    for _ in range(11):
        strange("VPWW55")
        await night.minute(5)
    assert len(await notes(night)) == 2
    strange("VPWW55")
    await night.minute(5)
    assert len(await notes(night)) == 3
    assert [each.author for each in await night.broadcasts()] == ["machi"] * 3


async def test_what_is_no_xml_is_told_without_a_headline(night: Night) -> None:
    await night.begin()
    night.jma.add("VPWW55", b"<Report>")
    await night.minute()
    (note,) = await notes(night)
    assert "XML として読めません" in await night.said(note.id)


async def test_a_town_that_names_nobody_has_it_in_the_log(
    night: Night, caplog: pytest.LogCaptureFixture
) -> None:
    night.town = replace(night.town, staff=())
    night.watch = night.another()
    await night.begin()
    night.jma.broken |= {"extra", "extra_l"}
    await minutes(night, 30)
    assert await night.broadcasts() == []
    said = [each for each in caplog.messages if "[[staff]]" in each]
    assert len(said) == 1


async def test_the_town_says_how_often(night: Night) -> None:
    night.town = replace(night.town, disaster=Disaster(night.town.disaster.rules, alarm_hours=1))
    night.watch: JmaWatch = night.another()
    await night.begin()
    night.jma.broken |= {"eqvol", "eqvol_l"}
    await minutes(night, 11 + 125)
    assert len(await notes(night)) == 3


def frozen(night: Night, hours: float) -> bytes:
    """A feed that has not been renewed for so long."""
    at = (night.clock.now() - timedelta(hours=hours)).isoformat()
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><updated>{at}</updated></feed>'.encode()


async def test_a_feed_that_is_not_renewed_any_more_is_no_calm_sky(night: Night) -> None:
    await night.begin()
    stopped = frozen(night, 0)
    night.jma.spoilt = {"extra": stopped, "extra_l": stopped}
    await minutes(night, 170)
    assert await notes(night) == []
    assert not await is_stale(night)
    await minutes(night, 25)
    (note,) = await notes(night)
    assert note.title == "気象庁の電文が読めません(extra)"
    assert "理由: フィードが11月24日 09:01から新しくなっていません。" in await night.said(note.id)
    assert await is_stale(night)
    assert [path for path, _ in night.jma.requests[-20:]].count("feed/extra_l.xml") <= 1
    night.jma.spoilt.clear()
    await minutes(night, 2)
    assert len(await notes(night)) == 2
    assert not await is_stale(night)


async def test_a_quiet_day_without_earthquakes_is_no_alarm(night: Night) -> None:
    await night.begin()
    stopped = frozen(night, 0)
    night.jma.spoilt = {"eqvol": stopped, "eqvol_l": stopped}
    for _ in range(20):
        night.clock.advance(hours=1)
        await minutes(night, 1)
    assert await notes(night) == []


async def is_stale(night: Night) -> bool:
    known = (await look_up(night.store, night.clock, night.jma.base)).known
    assert known is not None
    return known.is_stale(night.clock.now())
