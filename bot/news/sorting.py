"""What becomes of each new article: which rule it falls under, and the broadcast it makes."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.broadcasts.compose import rendered
from bot.domain.broadcasts import BY_FOLDER, Broadcast
from bot.domain.clock import to_ms
from bot.domain.errors import InvalidInputError
from bot.line.limits import cut
from bot.news.articles import Article
from bot.rendering import Templates
from bot.store.news import Finding
from bot.town.model import NewsRule

_log = logging.getLogger(__name__)

TEMPLATE = "news"

MOST_AT_ONCE = 5
"""Articles of one look that may go out by themselves. More of them is a feed that was rebuilt under new ids, or a
mistake: they become drafts, for somebody to look at."""

TOO_OLD = timedelta(days=7)
"""An article published longer ago that only now appears is not news."""

_TITLE = 100


def rule_for(article: Article, rules: Iterable[NewsRule]) -> NewsRule | None:
    """The first rule that an article fits; width and case make no difference."""
    title, categories = _folded(article.title), {_folded(name) for name in article.categories}
    for rule in rules:
        if not rule.categories and not rule.words:
            return rule
        if any(_folded(name) in categories for name in rule.categories):
            return rule
        if any(_folded(word) in title for word in rule.words):
            return rule
    return None


def _folded(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold().strip()


def sort(
    articles: Sequence[Article], rules: Sequence[NewsRule], templates: Templates, now: datetime
) -> list[Finding]:
    """What is to become of articles that are new, in the order they came in the feed, the newest first.

    They are told in the order they were written, the oldest first.
    """
    findings: list[Finding] = []
    at_once = 0
    for article in reversed(articles):
        rule = rule_for(article, rules)
        outcome = _outcome(article, rule, now)
        if outcome == "at_once":
            at_once += 1
            if at_once > MOST_AT_ONCE:
                _log.warning("News: more than %d articles at once; the rest become drafts", MOST_AT_ONCE)
                outcome = "draft"
        findings.append(_finding(article, rule, outcome, templates, now))
    return findings


def _outcome(article: Article, rule: NewsRule | None, now: datetime) -> str:
    if rule is None:
        return "nobody"
    if article.published_ms is not None and article.published_ms < to_ms(now - TOO_OLD):
        return "old"
    return rule.how


def recorded(article: Article) -> Finding:
    """An article that was there at the first look: known, and never sent."""
    return Finding(
        article.key,
        article.likeness,
        article.title,
        article.summary,
        article.link,
        article.published_ms,
        "recorded",
    )


def _finding(
    article: Article, rule: NewsRule | None, outcome: str, templates: Templates, now: datetime
) -> Finding:
    known = (
        article.key,
        article.likeness,
        article.title,
        article.summary,
        article.link,
        article.published_ms,
    )
    name = rule.name if rule else None
    if rule is None or outcome not in {"at_once", "draft"}:
        return Finding(*known, outcome, name)
    parts = {"title": article.title, "summary": article.summary, "link": article.link}
    context = {part: value for part, value in parts.items() if value}
    try:
        payloads, frozen = rendered(templates, TEMPLATE, context)
    except InvalidInputError as error:
        _log.error("News: the article %s cannot be told: %s", article.key, error)
        return Finding(*known, "failed", name)
    broadcast = _broadcast(article, rule, context, now, at_once=outcome == "at_once")
    return Finding(*known, outcome, name, broadcast, payloads, frozen)


def _broadcast(
    article: Article, rule: NewsRule, context: dict[str, str], now: datetime, *, at_once: bool
) -> Broadcast:
    """Approved by the town's folder and due now, or a draft for staff."""
    broadcast = Broadcast(
        title=cut(article.title, _TITLE),
        segment=rule.segment,
        priority=rule.priority,
        template=TEMPLATE,
        context=context,
        author=f"news:{rule.name}",
        created_ms=to_ms(now),
    )
    return broadcast.approved(BY_FOLDER) if at_once else broadcast
