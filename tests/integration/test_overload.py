"""A day's limit of messages, and the digest of the rest, through the real conductor and sender, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from bot.broadcasts import overload
from bot.broadcasts.notices import NoticeClock
from bot.broadcasts.overload import DigestClock, context
from bot.domain.broadcasts import Event, Priority, State
from bot.domain.overload import Overload
from bot.domain.residents import Resident, ResidentState
from bot.line import limits
from bot.schedule.rules import CalendarEntry, FromDates
from bot.store.deferred import Digested
from bot.store.store import Store
from bot.town import templates_for
from bot.town.model import Notice
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import LIMITED, Desk, conduct
from tests.integration.running import user
from tests.settling import settle

A, B, C = user(0), user(1), user(2)


@pytest.fixture
async def desk(line: Simulator, store: Store, clock: HandClock) -> AsyncIterator[Desk]:
    async with Desk(line, store, clock, LIMITED) as desk:
        yield desk


async def three_of_the_day(desk: Desk, count: int = 3, **changes) -> None:
    """Residents who have had all the messages a day brings."""
    await desk.residents(count, **changes)
    await desk.start()
    for number in range(3):
        await desk.broadcast(text=f"{number + 1}通目")
    await desk.until(3 * count)


def digests(desk: Desk) -> DigestClock:
    return DigestClock(desk.store, LIMITED, templates_for(LIMITED), desk.clock)


async def deferred(desk: Desk, number: int) -> int:
    return (await desk.store.reports.of(number)).deferred


async def ended(desk: Desk, number: int) -> None:
    await conduct(desk.conductor)
    assert (await desk.store.broadcasts.find(number)).state is State.DONE


def said(desk: Desk, who: str) -> list[str]:
    bulk = ("multicast", "push")
    sent = [e for e in desk.line.chats.entries if e.via in bulk and e.user_id == who]
    return [e.message["text"] for e in sent if e.message["type"] == "text"]


async def test_the_fourth_and_fifth_of_a_day_come_together_in_the_evening_once(desk: Desk) -> None:
    assert LIMITED.overload == Overload(3)
    await three_of_the_day(desk)
    spared = [await desk.broadcast(text=text) for text in ("四つめ", "五つめ")]
    for number in spared:
        await ended(desk, number)
        assert await deferred(desk, number) == 3
    assert set(desk.heard().values()) == {3}
    clock = digests(desk)
    await clock.tick()
    await conduct(desk.conductor)
    assert set(desk.heard().values()) == {3}, "it is not 18:00 yet"
    desk.clock.advance(hours=9)
    for _ in range(3):
        await clock.tick()
        await digests(desk).tick()
        await conduct(desk.conductor)
    await desk.until(12)
    assert set(desk.heard().values()) == {4}
    text = said(desk, A)[-1]
    assert "残りの2件" in text
    assert text.index("■ 四つめ\n四つめ") < text.index("■ 五つめ\n五つめ")
    assert len({r.body for r in desk.sent()[-1:]}) == 1
    newest = (await desk.store.broadcasts.newest(1))[0]
    assert newest.digest
    assert await desk.store.deferred.audience(newest.id) == 3


async def test_equal_digests_share_a_request_and_languages_do_not(desk: Desk) -> None:
    await desk.residents(2)
    await settle(desk.store, Resident(C, "en"))
    desk.line.add_user(C)
    await desk.start()
    for number in range(4):
        last = await desk.broadcast(text=f"{number + 1}通目")
    await desk.until(9)
    await ended(desk, last)
    before = len(desk.sent())
    desk.clock.advance(hours=9)
    await digests(desk).tick()
    await conduct(desk.conductor)
    await desk.until(12)
    assert len(desk.sent()) == before + 2
    assert "4通目" in said(desk, A)[-1]
    assert "■ No water" in said(desk, C)[-1]
    assert said(desk, C)[-1].startswith("[Today's digest]")


@pytest.mark.parametrize("priority", [Priority.URGENT, Priority.EMERGENCY])
async def test_what_is_urgent_neither_waits_nor_counts(desk: Desk, priority: Priority) -> None:
    await desk.residents(2)
    await desk.start()
    for _ in range(4):
        await desk.broadcast(priority)
    await desk.until(8)
    for _ in range(3):
        await desk.broadcast()
    await desk.until(14)
    urgent = await desk.broadcast(priority)
    await desk.until(16)
    assert await deferred(desk, urgent) == 0
    assert set(desk.heard().values()) == {8}


async def test_only_who_has_had_enough_is_spared(desk: Desk) -> None:
    await three_of_the_day(desk, 2)
    await settle(desk.store, Resident(C))
    desk.line.add_user(C)
    fourth = await desk.broadcast()
    await desk.until(7)
    assert await deferred(desk, fourth) == 2
    assert desk.heard() == {A: 3, B: 3, C: 1}


async def test_a_new_day_begins_at_nought(desk: Desk) -> None:
    await three_of_the_day(desk, 2)
    desk.clock.advance(days=1)
    fourth = await desk.broadcast()
    await desk.until(8)
    assert await deferred(desk, fourth) == 0


async def test_what_is_spared_after_the_digest_comes_the_next_day(desk: Desk) -> None:
    await three_of_the_day(desk, 2)
    desk.clock.advance(hours=9, minutes=1)
    clock = digests(desk)
    await clock.tick()
    late = await desk.broadcast(text="夜の")
    await ended(desk, late)
    desk.clock.advance(hours=1)
    await clock.tick()
    await conduct(desk.conductor)
    assert set(desk.heard().values()) == {3}
    desk.clock.advance(hours=23)
    await clock.tick()
    await conduct(desk.conductor)
    await desk.until(8)
    assert "夜の" in said(desk, A)[-1]


async def test_who_has_stopped_or_was_erased_gets_no_digest(desk: Desk) -> None:
    await three_of_the_day(desk)
    await ended(desk, await desk.broadcast())
    await settle(desk.store, Resident(A, state=ResidentState.STOPPED))
    await desk.store.residents.erase(B)
    desk.clock.advance(hours=9)
    await digests(desk).tick()
    await conduct(desk.conductor)
    await desk.until(10)
    assert desk.heard() == {A: 3, B: 3, C: 4}


async def test_what_was_taken_back_is_not_told(desk: Desk) -> None:
    await three_of_the_day(desk, 2)
    desk.clock.advance(hours=9)
    await desk.stop()
    await settle(desk.store, Resident(C))
    desk.line.add_user(C)
    number = await desk.broadcast()
    await conduct(desk.conductor)
    await desk.store.broadcasts.change(number, Event.CANCEL, "chief")
    await digests(desk).tick()
    assert await deferred(desk, number) == 2
    assert not (await desk.store.broadcasts.newest(1))[0].digest


async def test_a_digest_is_one_whoever_makes_it_and_goes_on_after_a_stop_at_any_page(desk: Desk) -> None:
    await three_of_the_day(desk, 2)
    await ended(desk, await desk.broadcast())
    desk.clock.advance(hours=9)
    await desk.stop()
    await asyncio.gather(*(digests(desk).tick() for _ in range(4)))
    fresh = Desk(desk.line, desk.store, desk.clock, LIMITED)
    await conduct(fresh.conductor)
    await conduct(Desk(desk.line, desk.store, desk.clock, LIMITED).conductor)
    async with fresh:
        await fresh.start()
        await fresh.until(2)
    assert [b.digest for b in await desk.store.broadcasts.newest(9)].count(True) == 1
    assert set(desk.heard().values()) == {4}


async def test_a_digest_goes_on_where_it_was_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overload, "_SPAN", 1)
    await three_of_the_day(desk)
    await ended(desk, await desk.broadcast())
    desk.clock.advance(hours=9)
    await digests(desk).tick()
    whole, pages = overload.DigestAudience.gather, []

    async def stopped(self, session, broadcast) -> None:
        if len(pages) == 1:
            raise ConnectionError
        pages.append(broadcast.audience_upto)
        await whole(self, session, broadcast)

    with monkeypatch.context() as half:
        half.setattr(overload.DigestAudience, "gather", stopped)
        with pytest.raises(ConnectionError):
            await conduct(desk.conductor)
    assert pages == [0]
    await desk.until(12)
    assert set(desk.heard().values()) == {4}


def taxes(desk: Desk, at: time) -> NoticeClock:
    """Four taxes are due on November 30th; each has its reminder on the day."""
    row = {"fiscal_year": "2026", "period": "1", "period_name": "第1期", "base_date": "2026-11-30"}
    entries = tuple(
        CalendarEntry(date(2026, 11, 30), f"{tax}/2026/1", {"tax": tax, **row})
        for tax in ("固定資産税", "町県民税", "国民健康保険税", "介護保険料")
    )
    notice = Notice(
        "tax", "{tax}", "tax_due", "all", FromDates(entries, (-1, 0), at), timedelta(), until="date"
    )
    town = replace(LIMITED, notices=(notice,))
    return NoticeClock(desk.store, town, templates_for(town), desk.clock)


@pytest.mark.parametrize("day", ["2026-11-29", "2026-11-30"])
async def test_what_counts_days_does_not_wait_for_another_days_digest(desk: Desk, day: str) -> None:
    desk.clock.set(f"{day}T17:00")
    await desk.residents(2)
    await desk.start()
    clock = taxes(desk, time(18, 30))
    await clock.tick()
    desk.clock.set(f"{day}T18:40")
    await clock.tick()
    await conduct(desk.conductor)
    await desk.until(8)
    assert [len(said(desk, who)) for who in (A, B)] == [4, 4]
    desk.clock.set("2026-12-01T18:00")
    await digests(desk).tick()
    assert not any(each.digest for each in await desk.store.broadcasts.newest(9))


async def told_of_taxes_at_nine(desk: Desk) -> None:
    """Two residents have had as many of the day's tax reminders as a day may have; the others wait for the digest."""
    desk.clock.set("2026-11-30T08:00")
    await desk.residents(2)
    await desk.start()
    clock = taxes(desk, time(9))
    await clock.tick()
    desk.clock.set("2026-11-30T09:00")
    await clock.tick()
    await conduct(desk.conductor)
    await desk.until(6)


async def test_what_counts_days_waits_for_the_digest_of_its_day(desk: Desk) -> None:
    await told_of_taxes_at_nine(desk)
    desk.clock.set("2026-11-30T18:00")
    await digests(desk).tick()
    await conduct(desk.conductor)
    await desk.until(8)
    assert "きょうが納期限です" in said(desk, A)[-1]


@pytest.mark.parametrize("start", ["2026-11-30T22:00", "2026-12-01T08:00"])
async def test_no_digest_tells_what_is_over_and_staff_find_who_missed_it(desk: Desk, start: str) -> None:
    await told_of_taxes_at_nine(desk)
    desk.clock.set(start)  # down at 18:00
    await digests(desk).tick()
    desk.clock.set("2026-12-01T18:00")
    for _ in range(2):
        await digests(desk).tick()
        await conduct(desk.conductor)
    assert [len(said(desk, who)) for who in (A, B)] == [3, 3]
    trail = [deed for deed in await desk.store.audit.since(0) if deed.action == "broadcast.lapse"]
    assert [deed.detail for deed in trail] == ["2 residents: the digest comes too late"]
    report = await desk.store.reports.of(int(trail[0].subject))
    assert (report.deferred, report.lapsed) == (0, 2)


async def test_a_town_without_a_limit_sends_everything(desk: Desk) -> None:
    desk.conductor._town = replace(LIMITED, overload=None)
    await three_of_the_day(desk, 2)
    await desk.broadcast()
    await desk.until(8)
    assert set(desk.heard().values()) == {4}


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_however_much_there_is_to_tell_it_fits(count: int) -> None:
    told = [Digested(f"題{n}", ["あ" * 4990, "い" * 3000]) for n in range(count)]
    for language in ("ja", "en"):
        messages = templates_for(LIMITED).render("digest", language, context(told, language))
        assert limits.faults([dict(message) for message in messages]) == []
        assert messages[0]["text"].count("■") == count
