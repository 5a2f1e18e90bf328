"""Alerts of others from a real HTTP server to drafts: once each, from the list only, and never sent by themselves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cap.intake import CapDesk, Taken
from bot.domain.broadcasts import Priority, State
from bot.domain.errors import InvalidInputError
from bot.store.store import Store
from bot.town import load
from bot.town.model import CapSource, StaffMember
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import eventually
from tests.integration.running import Running, line_simulator, town_folder, user
from tests.unit.test_cap_reading import GOOD
from tests.unit.town_folders import KAHOKU

KAHOKU_TOWN = load(KAHOKU)


def numbered(number: int, **changes: str) -> str:
    text = GOOD.replace("river-1", f"river-{number}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


class Office:
    """The river office: a feed that leads to alerts, each a file."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.asked: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        if name == "feed.xml":
            entries = "".join(
                f'<entry><id>{file}</id><link type="application/cap+xml" href="{file}"/></entry>'
                for file in reversed(self.files)
            )
            return web.Response(
                text=f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>',
                content_type="application/atom+xml",
            )
        if not self.files.get(name):
            raise web.HTTPNotFound
        return web.Response(text=self.files[name], content_type="application/cap+xml")


class Town:
    """The town's side, and what it made of the alerts."""

    def __init__(
        self, store: Store, clock: HandClock, session: aiohttp.ClientSession, office: Office, address: str
    ) -> None:
        self.store, self.clock, self.session, self.office = store, clock, session, office
        self.source = CapSource("river", "river.example.jp", "河川事務所", "topic = disaster", address)
        staff = (StaffMember("bosai", "U" + "9" * 32),)
        self.desk = CapDesk(store, replace(KAHOKU_TOWN, cap=(self.source,), staff=staff), clock)

    async def look(self, later: float = 10) -> list[Taken] | None:
        self.clock.advance(minutes=later)
        return await self.desk.look(self.session, self.source)

    async def outcomes(self) -> list[str]:
        return [each.outcome for each in reversed(await self.store.cap_alerts.newest(100))]

    async def drafts(self) -> list[tuple[str, str]]:
        found = [each for each in await self.store.broadcasts.newest(100) if each.author != "machi"]
        assert all(each.state is State.DRAFT and each.scheduled_ms is None for each in found)
        return [(each.author, each.title) for each in reversed(found)]

    async def notes(self) -> list[tuple[str, Priority]]:
        """What staff were told."""
        found = [each for each in await self.store.broadcasts.newest(100) if each.author == "machi"]
        return [(each.title, each.priority) for each in reversed(found)]


@pytest.fixture
async def town(store: Store, clock: HandClock) -> AsyncIterator[Town]:
    office, app = Office(), web.Application()
    app.router.add_get("/{name}", office.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Town(store, clock, session, office, str(server.make_url("/feed.xml")))


async def test_each_alert_of_a_feed_becomes_one_draft_and_is_fetched_once(town: Town) -> None:
    town.office.files["1.cap"] = numbered(1)
    assert len(await town.look() or []) == 1
    assert await town.drafts() == [("cap:river", "ダムの放流を始めます")]
    town.office.files["2.cap"] = numbered(2, ダムの放流を始めます="放流を増やします")
    assert len(await town.look() or []) == 1
    assert await town.look() == []
    assert await town.drafts() == [("cap:river", "ダムの放流を始めます"), ("cap:river", "放流を増やします")]
    assert [title for title, _ in await town.notes()] == [
        "下書き: ダムの放流を始めます",
        "下書き: 放流を増やします",
    ]
    assert [name for name in town.office.asked if name.endswith(".cap")] == ["1.cap", "2.cap"]
    assert [deed.action for deed in await town.store.audit.since(0)] == ["broadcast.new"] * 2


async def test_a_feed_is_not_looked_at_before_it_is_due(town: Town) -> None:
    assert await town.look() == []
    assert await town.look(9) is None
    assert town.office.asked == ["feed.xml"]


async def test_who_is_not_on_the_list_is_refused_and_on_record(town: Town) -> None:
    town.office.files["1.cap"] = numbered(1, **{"<sender>river.example.jp": "<sender>liar.example.com"})
    town.office.files["2.cap"] = "<html/>"
    town.office.files["3.cap"] = numbered(3, Actual="Draft")
    await town.look()
    assert await town.outcomes() == ["refused"] * 3
    first, second, third = reversed(await town.store.cap_alerts.newest(9))
    assert "liar.example.com" in str(first.reason)
    assert "CAP(1.2 か 1.1)の警報ではありません" in str(second.reason)
    assert "status が Draft" in str(third.reason)
    assert await town.drafts() == []
    await town.look()
    assert town.office.asked.count("1.cap") == 1


async def test_what_has_expired_becomes_no_draft(town: Town) -> None:
    town.clock.set("2026-11-25T09:00:00")
    town.office.files["1.cap"] = numbered(1)
    await town.look()
    assert (await town.outcomes(), await town.drafts()) == (["old"], [])


async def test_the_same_identifier_from_elsewhere_makes_no_second_draft(town: Town) -> None:
    taken = await town.desk.take_file(numbered(1).encode(), "clerk")
    assert taken.is_new
    assert await town.notes() == []
    again = await town.desk.take_file(numbered(1).encode(), "clerk")
    assert (again.is_new, again.record.broadcast_id) == (False, taken.record.broadcast_id)
    town.office.files["1.cap"] = numbered(1)
    await town.look()
    await town.look()
    assert town.office.asked.count("1.cap") == 1
    assert await town.drafts() == [("clerk", "ダムの放流を始めます")]
    assert await town.outcomes() == ["draft", "again"]


async def test_a_file_that_cannot_be_had_keeps_no_other_and_is_asked_for_again(town: Town) -> None:
    town.office.files |= {"1.cap": "", "2.cap": numbered(2)}
    assert len(await town.look() or []) == 1
    town.office.files["1.cap"] = numbered(1)
    assert len(await town.look() or []) == 1
    assert len(await town.drafts()) == 2


async def test_a_feed_that_cannot_be_read_is_looked_at_again_later_and_later(town: Town) -> None:
    source = replace(town.source, address=town.source.address.replace("feed.xml", "none.xml"))
    town.clock.advance(minutes=10)
    assert await town.desk.look(town.session, source) is None
    feed = await town.store.news.feed(source.address)
    assert feed is not None
    assert "404" in str(feed.failure)
    assert feed.due_ms == town.clock.now_ms() + 20 * 60_000


async def test_only_addresses_of_the_list_are_fetched(town: Town) -> None:
    with pytest.raises(InvalidInputError, match="一覧にあるアドレスだけ"):
        await town.desk.take_address(town.session, town.source.address + "?x", "clerk")
    assert town.office.asked == []
    town.office.files["1.cap"] = numbered(1)
    (taken,) = await town.desk.take_address(town.session, town.source.address, "clerk")
    assert taken.is_new
    assert await town.drafts() == [("clerk", "ダムの放流を始めます")]


async def test_a_sender_who_is_not_on_the_list_is_named_with_the_nearest(town: Town) -> None:
    body = numbered(1, **{"<sender>river.example.jp": "<sender>rivre.example.jp"}).encode()
    with pytest.raises(InvalidInputError, match=r"「river\.example\.jp」ではありませんか"):
        await town.desk.take_file(body, "clerk")


LISTED = """
[[cap]]
name = "river"
sender = "river.example.jp"
title = "河川事務所"
topic = "disaster"
address = "ADDRESS"
every_minutes = 1
"""


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        simulator.add_user(user(1))
        yield simulator
        assert simulator.violations == []


async def test_a_clerk_takes_a_file_in_and_the_service_looks_at_the_address(
    line: Simulator, town: Town, tmp_path: Path
) -> None:
    folder = town_folder(tmp_path)
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        file.write(LISTED.replace("ADDRESS", town.source.address))
    town.office.files["5.cap"] = numbered(5, ダムの放流を始めます="放流を終えました")
    alert, update, bad = (tmp_path / name for name in ("a.cap", "b.cap", "c.cap"))
    alert.write_text(numbered(1), "utf-8")
    reference = "<references>river.example.jp,river-1,2026-11-24T08:50:00+09:00</references>"
    update.write_text(
        numbered(2, **{"<msgType>Alert": "<msgType>Update", "</scope>": f"</scope>{reference}"}), "utf-8"
    )
    bad.write_text(numbered(3, Actual="Real"), "utf-8")
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_TOWN=str(folder)) as service:
        await service.residents({"user_id": user(1), "topics": ["disaster"]})

        async def listed() -> dict[str, Any] | None:
            found = (await service.json("cap", "list"))["alerts"]
            return next((each for each in found if each["identifier"] == "river-5"), None)

        looked = await eventually(listed)
        assert (looked["outcome"], looked["source"]) == ("draft", "river")
        made = (await service.json("cap", "import", str(alert)))["alerts"]
        number = made[0]["broadcast"]
        assert [(each["outcome"], each["new"], each["earlier"]) for each in made] == [("draft", True, [])]
        assert f"もう取り込んでいます(配信 {number})" in await service.machi("cap", "import", str(alert))
        said = await service.machi("cap", "import", str(update))
        assert f"前の警報(配信 {number})の更新です" in said
        error = await service.machi("cap", "import", str(bad), status=2)
        assert "status「Real」は Actual・Exercise" in error
        assert "読めません" in await service.machi("cap", "import", str(tmp_path / "none.cap"), status=2)
        assert "一覧にあるアドレスだけ" in await service.machi(
            "cap", "import", "https://example.com/x.cap", status=2
        )
        assert "【更新】ダムの放流を始めます" in await service.machi("cap", "list") + await service.machi(
            "broadcast", "list"
        )
        shown = await service.json("broadcast", "show", str(number))
        assert (shown["state"], shown["author"], shown["published"]) == ("draft", "clerk", False)
        assert "対象の式" not in json.dumps(shown, ensure_ascii=False)
        await service.machi("broadcast", "approve", str(number), "--as", "clerk", status=1)
        await service.machi("broadcast", "approve", str(number), "--as", "chief")
        assert line.heard(user(1)) == []
        await service.machi("broadcast", "send", str(number))
        await line.until(lambda: bool(line.heard(user(1))), timeout=10)
        assert "【河川事務所からの情報】" in line.heard(user(1))[0].text
