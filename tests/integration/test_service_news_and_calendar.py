"""The calendar's link and the home page's news through real processes, from the chat to the phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from simulator import Simulator
from tests.integration.delivering import eventually
from tests.integration.running import Running, line_simulator, town_folder, user

A, B = user(0xA), user(0xB)
RULES = """
every_minutes = 1
[[rules]]
name = "childcare"
words = ["子育て"]
topic = "childcare"
how = "at_once"
"""


class Page:
    """A home page with a feed of titles."""

    def __init__(self) -> None:
        self.titles = ["前からある子育ての記事"]

    async def feed(self, _request: web.Request) -> web.Response:
        items = "".join(f"<item><title>{t}</title><guid>{t}</guid></item>" for t in self.titles)
        text = f'<rss version="2.0"><channel>{items}</channel></rss>'
        return web.Response(text=text, content_type="application/rss+xml")


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        for user_id in (A, B):
            simulator.add_user(user_id)
        yield simulator
        assert simulator.violations == []


@pytest.fixture
async def page() -> AsyncIterator[tuple[Page, str]]:
    page, app = Page(), web.Application()
    app.router.add_get("/rss.xml", page.feed)
    async with TestServer(app) as server:
        yield page, str(server.make_url("/rss.xml"))


async def say(line: Simulator, user_id: str, text: str) -> str:
    heard = len(line.heard(user_id))
    assert (await line.say(user_id, text)).ok
    await line.until(lambda: len(line.heard(user_id)) > heard, timeout=10)
    return "\n".join(entry.text for entry in line.heard(user_id)[heard:])


async def looked_at(service: Running) -> bool:
    return bool((await service.json("news", "status"))["succeeded_at"])


async def test_a_link_from_the_chat_opens_the_residents_calendar_until_they_are_erased(
    line: Simulator, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    async with Running(line, url, MACHI_PUBLIC_URL="https://push.example.jp/") as service:
        await say(line, A, "税")
        await say(line, A, "固定資産税")
        said = await say(line, A, "カレンダー")
        (path,) = set(re.findall(r"https://push\.example\.jp(/feeds/calendar/\S+\.ics)", said))
        async with aiohttp.ClientSession(service.address) as session:
            async with session.get(path) as answer:
                assert answer.status == 200
                text = await answer.text()
            assert "固定資産税 第4期の納期限" in text
            assert "介護保険料" not in text
            await say(line, A, "データ削除")
            async with session.get(path) as answer:
                assert answer.status == 404
        assert path.split("/")[-1].removesuffix(".ics") not in service.log


async def test_a_new_article_reaches_whom_it_concerns_once_and_staff_see_it(
    line: Simulator, page: tuple[Page, str], tmp_path: Path
) -> None:
    site, address = page
    town = town_folder(tmp_path)
    (town / "news.toml").write_text(f'address = "{address}"{RULES}', "utf-8")
    url = f"sqlite:///{tmp_path / 'machi.db'}"
    async with Running(line, url, MACHI_TOWN=str(town)) as service:
        await service.residents({"user_id": A, "topics": ["childcare"]}, {"user_id": B, "topics": ["bus"]})
        await eventually(partial(looked_at, service))
        site.titles.insert(0, "子育て広場を開きます")
        await service.stop()
        service.configure(MACHI_CLOCK="2026-11-24T15:00:00+09:00")
        await service.start()
        await line.until(lambda: bool(line.heard(A)), timeout=20)
        (heard,) = line.heard(A)
        assert "子育て広場を開きます" in heard.text
        assert line.heard(B) == []
        listed = await service.json("news", "list")
        outcomes = {article["title"]: article["outcome"] for article in listed["articles"]}
        assert outcomes["子育て広場を開きます"] == "at_once"
        assert outcomes["前からある子育ての記事"] == "recorded"
        status = await service.json("news", "status")
        assert (status["address"], status["failure"]) == (address, None)
        assert "見る間隔" in await service.machi("news", "status")
        assert "子育て広場を開きます" in await service.machi("news", "list")
