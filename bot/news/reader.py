"""Looks at the town's news feed every so often and makes of each new article what the town's folder says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import aiohttp

from bot.domain.clock import Clock
from bot.news.articles import Article, NotAFeedError, read_articles
from bot.news.sorting import recorded, sort
from bot.rendering import Templates
from bot.sources.fetching import SECONDS, Fetched, FetchError, fetch
from bot.store.news import Feed, Finding
from bot.store.store import Store
from bot.town.model import News

_log = logging.getLogger(__name__)

_WAKE_SECONDS = 15.0
_PATIENCE = 6
"""After failures the interval doubles, up to so many times itself."""


class NewsReader:
    """One of any number of processes looks at a time; what each look brings is one transaction.

    A stop at any point loses nothing: the server is asked for what was not recorded once more.
    """

    def __init__(
        self, store: Store, news: News, templates: Templates, clock: Clock, *, seconds: float = SECONDS
    ) -> None:
        """`seconds` is how long an answer may take."""
        self._store = store
        self._news = news
        self._templates = templates
        self._clock = clock
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, also in the midst of a look."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    await self.look(session)
                except Exception:
                    _log.exception("News: the look at the feed failed; trying again")
                await asyncio.sleep(_WAKE_SECONDS)

    async def look(self, session: aiohttp.ClientSession) -> int | None:
        """Look at the feed if it is due; how many articles were new, None if it is not due or could not be read."""
        every, address = self._news.every.total_seconds(), self._news.address
        feed = await self._store.news.claim(address, self._clock.after_ms(every))
        if feed is None:
            return None
        try:
            fetched = await fetch(session, address, feed.etag, feed.modified, seconds=self._seconds)
            articles = await self._articles(fetched)
        except (FetchError, NotAFeedError) as error:
            _log.warning("News: %s cannot be read: %s", address, error)
            later = every * min(2 ** min(feed.failures + 1, 10), _PATIENCE)
            await self._store.news.fail(address, str(error), self._clock.after_ms(later))
            return None
        findings = await self._findings(feed, articles)
        new = await self._store.news.take(address, findings, fetched.etag, fetched.modified)
        if new:
            _log.info("News: %d new articles", new)
        return new

    async def _articles(self, fetched: Fetched) -> list[Article]:
        if fetched.body is None:
            return []
        return await asyncio.to_thread(read_articles, fetched.body, self._news.address, fetched.content_type)

    async def _findings(self, feed: Feed, articles: Sequence[Article]) -> list[Finding]:
        """What is to be recorded: the articles not known by their key or likeness."""
        if feed.started_ms is None:
            return [recorded(article) for article in articles]
        asked = [article.key for article in articles], [article.likeness for article in articles]
        keys, likenesses = await self._store.news.known(feed.address, *asked)
        new = [a for a in articles if a.key not in keys and a.likeness not in likenesses]
        return sort(new, self._news.rules, self._templates, self._clock.now())
