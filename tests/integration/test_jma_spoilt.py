"""Telegrams and feeds that are spoilt on the way, through the whole watch: nobody is told, nothing stops."""

from __future__ import annotations

import asyncio
import re
import tempfile
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.store.store import Store, open_database
from bot.telegrams.present import look_up
from bot.telegrams.watch import JmaWatch
from bot.town import load, templates_for
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import conduct, first_looks, no_answer
from tests.integration.running import Running, town_folder, user
from tests.jma_telegrams import Jma, earthquake, flood, moment, rain, warnings
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TEMPLATES = templates_for(TOWN)
AT = moment("2026-11-24T09:00:00")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

GRAVE = {
    "VPWW55": rain(AT, 5),
    "VPWW56": warnings("VPWW56", AT, ("39", "レベル５土砂災害特別警報", "発表")),
    "VXKO52": flood(AT, "51", "レベル５氾濫特別警報"),
    "VXSE53": earthquake("20261124090000", AT, "<MaxInt>7</MaxInt>"),
}
"""What would wake the whole town."""
CALM = {
    "VPWW55": rain(AT, 0),
    "VPWW56": warnings("VPWW56", AT, ("29", "レベル２土砂災害注意報", "解除")),
    "VPWW61": warnings("VPWW61", AT),
    "VXSE53": earthquake("20261124090001", AT, ""),
}
"""What says that nothing is in force."""


def bombed(body: bytes) -> bytes:
    return body.replace(b"<Report", f'<!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]><Report'.encode(), 1)


def in_utf_16(body: bytes) -> bytes:
    return body.decode().encode("utf-16")


def in_shift_jis(body: bytes) -> bytes:
    return body.decode().encode("cp932", "replace")


@st.composite
def ruined(draw: st.DrawFn) -> tuple[str, bytes]:
    """A grave telegram that nobody may believe any more."""
    type_ = draw(st.sampled_from(sorted(GRAVE)))
    body = GRAVE[type_]
    how = draw(st.sampled_from(["cut", "bomb", "utf-16", "shift-jis", "code", "drill", "other type"]))
    if how == "cut":
        return type_, body[: draw(st.integers(0, body.rindex(b"</Report>")))]
    if how == "code":
        junk = draw(
            st.text("0123456789AZあ", min_size=1, max_size=4).filter(lambda t: not KNOWN.fullmatch(t))
        )
        return type_, re.sub(
            rb"(<Code>|<MaxInt>)(33|39|51|7|0632100|820211000101)<", b"\\g<1>" + junk.encode() + b"<", body
        )
    if how == "drill":
        return type_, body.replace("<Status>通常".encode(), draw(st.sampled_from(DRILLS)).encode())
    if how == "other type":
        return draw(
            st.sampled_from([t for t in ("VPWW60", "VPHW51", "VPBS50", "VXSE51") if t != type_])
        ), body
    return type_, {"bomb": bombed, "utf-16": in_utf_16, "shift-jis": in_shift_jis}[how](body)


KNOWN = re.compile(r"[0-7]|[0-5]\d")
"""Codes that may mean something: of a river, the tens of a code say its level."""
DRILLS = ["<Status>訓練", "<Status>試験", "<Status>", "<Status>通信"]


@st.composite
def disturbed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A telegram of calm with bytes of it gone, changed or in another order."""
    type_ = draw(st.sampled_from(sorted(CALM)))
    body = CALM[type_]
    how = draw(st.sampled_from(["bytes", "order", "text"]))
    if how == "order":
        root = ET.fromstring(body)
        random = draw(st.randoms(use_true_random=False))
        for parent in list(root.iter()):
            children = list(parent)
            random.shuffle(children)
            parent[:] = children
        return type_, ET.tostring(root, "utf-8")
    if how == "text":
        places = list(re.finditer(rb">([^<>]+)<", body))
        place = draw(st.sampled_from(places))
        junk = draw(st.text("0123456789０５<&;レベル特別警報発表解除", max_size=8)).encode()
        return type_, body[: place.start(1)] + junk + body[place.end(1) :]
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 300)))
    return type_, body[:start] + draw(st.binary(max_size=20)) + body[end:]


class Watch:
    """The watch on a store, and what follows from each look."""

    def __init__(self, store: Store, clock: HandClock, jma: Jma, session: aiohttp.ClientSession) -> None:
        self.store, self.clock, self.jma, self.session = store, clock, jma, session
        self.watch = JmaWatch(store, TOWN, TEMPLATES, clock, jma.base, poll=60, seconds=5)
        self.conductor = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)

    async def minute(self) -> None:
        self.clock.advance(minutes=1)
        for name in ("extra", "eqvol"):
            await self.watch.look(self.session, name)
        await conduct(self.conductor)

    async def titles(self) -> list[str]:
        return [each.title for each in reversed(await self.store.broadcasts.newest(500))]

    def add(self, type_: str, body: bytes) -> None:
        nationwide = type_.startswith(("VXSE", "VXKO"))
        self.jma.add(type_, body, sender="010000" if nationwide else "060000")

    async def tells_after_all(self) -> None:
        """A telegram as it should be is told at the next look."""
        self.add("VPWW60", warnings("VPWW60", self.clock.now(), ("06", "大雪警報", "発表")))
        before = await self.titles()
        await self.minute()
        assert await self.titles() == [*before, "気象庁: 大雪警報 発表(河北町)"]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ruined() | disturbed(), min_size=15, max_size=30))
def test_whatever_happens_to_telegrams_nobody_is_told_and_the_next_good_one_is(
    telegrams: list[tuple[str, bytes]],
) -> None:
    async def run(folder: Path) -> None:
        clock = HandClock("2026-11-24T09:00:00")
        database = await open_database(f"sqlite:///{folder / 'machi.db'}", clock)
        await database.upgrade()
        async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
            watch = Watch(Store.over(database, clock), clock, jma, session)
            await watch.minute()
            for type_, body in telegrams:
                watch.add(type_, body)
            await watch.minute()
            assert await watch.titles() == []
            known = (await look_up(watch.store, clock, jma.base)).known
            assert known is not None
            assert [e for e in known.present(clock.now()) if e.claim.rank] == []
            await watch.tells_after_all()
        await database.close()

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))


@pytest.fixture
async def watch(store: Store, clock: HandClock) -> Any:
    async with Jma(clock.now) as jma, aiohttp.ClientSession() as session:
        yield Watch(store, clock, jma, session)


FEEDS = {
    "nothing": b"",
    "a page": "<html><body>しばらくお待ちください</body></html>".encode(),
    "a cut": b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http',
    "a billion laughs": f'<!DOCTYPE feed [<!ENTITY l0 "lol">{LAUGHS}]><feed>&l9;</feed>'.encode(),
    "UTF-16": '<feed xmlns="http://www.w3.org/2005/Atom"/>'.encode("utf-16"),
    "Shift_JIS": '<feed xmlns="http://www.w3.org/2005/Atom"><title>気象</title></feed>'.encode("cp932"),
    "no entries that are known": b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/><entry><id>x</id></entry></feed>',
    "another host": b"<feed><entry><id>http://127.0.0.1:1/data/20261124000000_0_VPWW55_060000.xml</id></entry></feed>",
    "deep": b"<feed>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</feed>",
    "zeros": bytes(9_000_000),
}


@pytest.mark.parametrize("name", FEEDS)
async def test_a_spoilt_feed_is_a_failed_look_at_most(watch: Watch, name: str) -> None:
    await watch.minute()
    watch.jma.spoilt = {"extra": FEEDS[name], "extra_l": FEEDS[name]}
    watch.add("VPWW55", rain(watch.clock.now(), 5))
    await watch.minute()
    assert await watch.titles() == []
    watch.jma.spoilt.clear()
    await watch.minute()
    assert await watch.titles() == ["気象庁: レベル５大雨特別警報 発表(河北町)"], "what was hidden meanwhile"


async def test_what_was_not_understood_is_kept_as_it_came_with_the_reason(watch: Watch) -> None:
    """On both databases, whatever the bytes; staff can look at it, and it is not fetched again."""
    await watch.minute()
    spoilt = [
        bombed(GRAVE["VPWW55"]),
        in_utf_16(GRAVE["VPWW55"]),
        in_shift_jis(GRAVE["VPWW55"]),
        b"",
        b"\x00\xff" * 9,
    ]
    for body in spoilt:
        watch.add("VPWW55", body)
    await watch.minute()
    kept = await watch.store.telegrams.unread(0)
    assert [each.outcome for each in kept] == ["not_understood"] * len(spoilt)
    assert all(each.reason for each in kept)
    asked = len([path for path, _ in watch.jma.requests if path.startswith("data/")])
    await watch.tells_after_all()
    assert len([path for path, _ in watch.jma.requests if path.startswith("data/")]) == asked + 1


async def test_the_order_of_what_stands_in_a_telegram_changes_nothing_that_is_told(watch: Watch) -> None:
    await watch.minute()
    root = ET.fromstring(rain(watch.clock.now(), 4))
    for parent in list(root.iter()):
        parent[:] = reversed(list(parent))
    watch.add("VPWW55", ET.tostring(root, "utf-8"))
    await watch.minute()
    assert await watch.titles() == ["気象庁: レベル４大雨危険警報 発表(河北町)"]


async def test_the_service_lives_through_all_of_it(line: Simulator, tmp_path: Path) -> None:
    line.add_user(user(1))
    running = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_TOWN=str(town_folder(tmp_path)))
    now = lambda: datetime.fromisoformat(running.environment["MACHI_CLOCK"])  # noqa: E731
    async with Jma(now) as jma:
        running.configure(MACHI_JMA_BASE=jma.base, MACHI_JMA_POLL="0.2")
        await running.residents({"user_id": user(1), "topics": ["disaster"]})
        async with running:
            await first_looks(running)
            for body in FEEDS.values():
                jma.spoilt = {"extra": body, "extra_l": body, "eqvol": body, "eqvol_l": body}
                await asyncio.sleep(0.3)
            jma.spoilt.clear()
            for body in (bombed(rain(now(), 5)), in_utf_16(rain(now(), 5)), rain(now(), 5)[:-300]):
                jma.add("VPWW55", body)
            await asyncio.sleep(1)
            assert line.heard(user(1)) == []
            jma.add("VPWW55", rain(now(), 4))
            await line.arrived(lambda entry: entry.user_id == user(1), timeout=20)
    assert [e.message["text"].splitlines()[0] for e in line.heard(user(1))] == [
        "【気象庁の情報】レベル４大雨危険警報"
    ]
    assert "Traceback" not in running.log
