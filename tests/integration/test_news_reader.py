"""The news reader against a real HTTP server that behaves well, badly, and worse."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.conductor import Conductor
from bot.domain.broadcasts import Priority, State
from bot.domain.clock import to_ms
from bot.news.reader import NewsReader
from bot.sources.fetching import LARGEST
from bot.store.store import Store
from bot.town import load, templates_for
from bot.town.model import News, NewsRule
from tests.clock import HandClock
from tests.integration.delivering import conduct
from tests.unit.town_folders import KAHOKU

TOWN = load(KAHOKU)
TEMPLATES = templates_for(TOWN)
RULES = (
    NewsRule("urgent", "topic = disaster", "at_once", words=("断水",), priority=Priority.URGENT),
    NewsRule("childcare", "topic = childcare", "at_once", categories=("子育て",)),
    NewsRule("council", "topic = events", "draft", words=("議会",)),
    NewsRule("rest", "topic = events", "digest", categories=("お知らせ",)),
)


class Site:
    """A home page whose feed the test writes; `requests` are the headers it was asked with."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.items: list[str] = []
        self.requests: list[dict[str, str]] = []
        self.answer: Callable[[web.Request], Any] | None = None

    def add(
        self,
        title: str,
        category: str = "子育て",
        *,
        guid: str | None = None,
        link: str = "",
        days_ago: float = 0,
    ) -> None:
        published = format_datetime(self.clock.now() - timedelta(days=days_ago))
        own = f'<guid isPermaLink="false">{guid or title}</guid>' if guid != "" else ""
        self.items.insert(
            0,
            f"<item><title>{title}</title>{own}<link>{link or f'/news/{title}.html'}</link>"
            f"<description>&lt;p&gt;{title}の話&lt;/p&gt;</description>"
            f"<category>{category}</category><pubDate>{published}</pubDate></item>",
        )

    def feed(self) -> bytes:
        inner = "".join(self.items)
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>町</title>{inner}</channel></rss>'.encode()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(dict(request.headers))
        if self.answer is not None:
            found = self.answer(request)
            return await found if asyncio.iscoroutine(found) else found
        body = self.feed()
        tag = f'"{hash(body)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        headers = {"ETag": tag, "Last-Modified": "Tue, 24 Nov 2026 00:00:00 GMT"}
        return web.Response(body=body, content_type="application/rss+xml", headers=headers)


class Home:
    """The site, and a reader of its feed that can be replaced as after a restart."""

    def __init__(
        self, site: Site, address: str, store: Store, clock: HandClock, session: aiohttp.ClientSession
    ) -> None:
        self.site, self.address, self.store, self.clock, self.session = site, address, store, clock, session

    async def look(self, later: float = 10, **options: Any) -> int | None:
        """Wait and look, as a process that has just been started."""
        self.clock.advance(minutes=later)
        news = News(self.address, timedelta(minutes=10), RULES)
        return await NewsReader(self.store, news, TEMPLATES, self.clock, **options).look(self.session)

    async def outcomes(self) -> dict[str, str]:
        return {told.title: told.outcome for told in await self.store.news.newest(1000)}


@pytest.fixture
async def home(store: Store, clock: HandClock) -> AsyncIterator[Home]:
    site = Site(clock)
    app = web.Application()
    app.router.add_get("/feed.xml", site.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Home(site, str(server.make_url("/feed.xml")), store, clock, session)


@pytest.fixture
async def started(home: Home) -> Home:
    home.site.add("前からある記事")
    assert await home.look() == 1
    assert await home.store.broadcasts.newest(10) == []
    return home


async def test_the_first_look_records_and_sends_nothing(started: Home) -> None:
    assert await started.outcomes() == {"前からある記事": "recorded"}
    assert await started.look() == 0


async def test_an_article_goes_to_whom_the_first_fitting_rule_says(started: Home) -> None:
    for title, category in (
        ("断水します", "お知らせ"),
        ("子育て広場", "子育て"),
        ("議会だより", "議会"),
        ("花だより", "お知らせ"),
        ("採用", "職員"),
    ):
        started.site.add(title, category)
    assert await started.look() == 5
    assert await started.outcomes() == {
        "前からある記事": "recorded",
        "断水します": "at_once",
        "子育て広場": "at_once",
        "議会だより": "draft",
        "花だより": "digest",
        "採用": "nobody",
    }
    found = {b.title: b for b in await started.store.broadcasts.newest(10)}
    assert {(b.title, b.segment, b.author, b.approver, b.state, b.priority) for b in found.values()} == {
        ("断水します", "topic = disaster", "news:urgent", "town folder", State.SCHEDULED, Priority.URGENT),
        (
            "子育て広場",
            "topic = childcare",
            "news:childcare",
            "town folder",
            State.SCHEDULED,
            Priority.NORMAL,
        ),
        ("議会だより", "topic = events", "news:council", None, State.DRAFT, Priority.NORMAL),
    }
    payloads = await started.store.broadcasts.payloads(found["子育て広場"].id)
    assert set(payloads) == {"ja", "ja-easy", "en"}
    for messages in payloads.values():
        assert "子育て広場の話" in messages[0]["text"]
        assert f"{started.address.rsplit('/', 1)[0]}/news/子育て広場.html" in messages[0]["text"]
        assert "<p>" not in messages[0]["text"]


async def test_each_article_goes_out_once_after_edits_and_restarts(started: Home) -> None:
    started.site.add("おたより", guid="id-1")
    assert await started.look() == 1
    started.site.items[0] = started.site.items[0].replace("<title>おたより", "<title>おたより(訂正)")
    assert await started.look() == 0
    assert await started.look() == 0
    assert len(await started.store.broadcasts.newest(10)) == 1


async def test_without_an_id_the_link_is_one_whatever_its_query_says_of_the_reader(started: Home) -> None:
    started.site.add("おたより", guid="", link="/news/5.html?utm_source=rss&amp;s=1")
    assert await started.look() == 1
    item = started.site.items[0]
    for query in ("utm_source=mail&amp;s=1", "s=1", "s=2&amp;t=20261124"):
        started.site.items[0] = item.replace("utm_source=rss&amp;s=1", query)
        assert await started.look() == 0, query
    started.site.items[0] = item.replace("5.html?utm_source=rss&amp;s=1", "6.html")
    assert await started.look() == 1


async def test_links_that_differ_only_in_a_query_that_names_the_article_are_two(started: Home) -> None:
    started.site.add("おたより5", guid="", link="/news.php?id=5")
    started.site.add("おたより6", guid="", link="/news.php?id=6")
    assert await started.look() == 2


async def test_the_server_is_asked_politely(started: Home) -> None:
    site = started.site
    assert await started.look(later=5) is None  # not due
    asked = len(site.requests)
    assert await started.look(later=5) == 0
    assert len(site.requests) == asked + 1
    assert site.requests[-1]["If-None-Match"]
    assert site.requests[-1]["If-Modified-Since"] == "Tue, 24 Nov 2026 00:00:00 GMT"
    assert "machi-push" in site.requests[-1]["User-Agent"]
    feed = await started.store.news.feed(started.address)
    assert feed is not None
    assert (feed.etag, feed.failures) == (site.requests[-1]["If-None-Match"], 0)


async def test_of_many_processes_one_looks(started: Home) -> None:
    started.site.add("おたより")
    started.clock.advance(minutes=10)
    asked = len(started.site.requests)
    looks = await asyncio.gather(*(started.look(later=0) for _ in range(5)))
    assert sorted(looks, key=str) == [1, None, None, None, None]
    assert len(started.site.requests) == asked + 1


async def slow(_request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


def huge(_request: web.Request) -> web.Response:
    return web.Response(body=b"<rss>" + b" " * (LARGEST + 1))


def packed(_request: web.Request) -> web.Response:
    bomb = gzip.compress(b"<rss>" + b" " * (30 * LARGEST))
    return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})


def entities(_request: web.Request) -> web.Response:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "ha">{levels}]><rss version="2.0"><channel><item><title>&l9;</title></item></channel></rss>'
    return web.Response(text=text, content_type="application/rss+xml")


def looping(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.path)


TROUBLE = {
    "500": (lambda _: web.Response(status=500), "500"),
    "404": (lambda _: web.Response(status=404), "404"),
    "slow": (slow, "秒以内"),
    "garbage": (lambda _: web.Response(body=bytes(range(256)) * 40), "RSSでもAtomでもありません"),
    "a page": (
        lambda _: web.Response(text="<html><p>メンテナンス中", content_type="text/html"),
        "RSSでもAtomでもありません",
    ),
    "nothing": (lambda _: web.Response(body=b""), "RSSでもAtomでもありません"),
    "cut off": (
        lambda _: web.Response(text='<rss version="2.0"><channel><item><title>x</title></item><it'),
        "途中で切れて",
    ),
    "huge": (huge, "大きすぎます"),
    "packed": (packed, ""),
    "entities": (entities, "ENTITY"),
    "a loop": (looping, "つながりませんでした"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_trouble_is_noted_and_loses_and_sends_nothing(started: Home, trouble: str) -> None:
    started.site.add("おたより")
    started.site.answer, told = TROUBLE[trouble]
    assert await started.look(seconds=0.5 if trouble == "slow" else 20) is None
    feed = await started.store.news.feed(started.address)
    assert feed is not None
    assert feed.failures == 1
    assert told in (feed.failure or "")
    assert await started.store.broadcasts.newest(10) == []
    started.site.answer = None
    assert await started.look() is None  # after a failure it waits twice as long
    assert await started.look() == 1
    feed = await started.store.news.feed(started.address)
    assert feed is not None
    assert (feed.failures, feed.failure) == (0, None)


async def test_a_first_look_that_fails_is_no_first_look(home: Home) -> None:
    home.site.add("前からある記事")
    home.site.answer, _ = TROUBLE["cut off"]
    assert await home.look() is None
    home.site.answer = None
    assert await home.look(later=60) == 1
    assert await home.outcomes() == {"前からある記事": "recorded"}


async def test_the_wait_after_failures_grows_to_an_hour(started: Home) -> None:
    started.site.answer, _ = TROUBLE["500"]
    started.clock.advance(minutes=10)
    waits = []
    for _ in range(4):
        assert await started.look(later=0) is None
        feed = await started.store.news.feed(started.address)
        assert feed is not None
        waits.append((feed.due_ms - started.clock.now_ms()) // 60_000)
        started.clock.advance(minutes=waits[-1])
    assert waits == [20, 40, 60, 60]


async def test_old_articles_that_turn_up_are_not_news(started: Home) -> None:
    started.site.add("昔の話", days_ago=8)
    await started.look()
    assert (await started.outcomes())["昔の話"] == "old"
    assert await started.store.broadcasts.newest(10) == []


async def test_a_feed_rebuilt_under_new_ids_does_not_flood_residents(started: Home) -> None:
    for number in range(8):
        started.site.add(f"記事{number}")
    await started.look()
    states = [b.state for b in await started.store.broadcasts.newest(20)]
    assert (states.count(State.SCHEDULED), states.count(State.DRAFT)) == (5, 3)


async def test_a_long_article_fits_into_a_message(started: Home) -> None:
    started.site.add("長" * 9000, link="/" + "x" * 5000)
    await started.look()
    (broadcast,) = await started.store.broadcasts.newest(10)
    assert len(broadcast.title) <= 100
    assert broadcast.state is State.SCHEDULED


async def test_an_article_waits_for_the_quiet_hours_as_any_normal_message_does(started: Home) -> None:
    assert TOWN.quiet_hours is not None
    started.clock.advance(hours=13)  # ten in the evening
    started.site.add("おたより")
    assert await started.look() == 1

    async def quota() -> None:
        """LINE does not tell."""

    conductor = Conductor(started.store, TOWN, started.clock, Ceiling(quota, 3), lambda: None)
    for hours, state in ((0, State.SCHEDULED), (8, State.SCHEDULED), (1, State.DONE)):
        started.clock.advance(hours=hours)
        await conduct(conductor)
        (broadcast,) = await started.store.broadcasts.newest(10)
        assert broadcast.state is state, hours


async def test_what_is_kept_for_the_digest_can_be_asked_for_by_time(started: Home) -> None:
    started.site.add("花だより", "お知らせ")
    await started.look()
    now = to_ms(started.clock.now())
    assert [told.title for told in await started.store.news.for_digest(now, now + 1)] == ["花だより"]
    assert await started.store.news.for_digest(now + 1, now + 1000) == []
