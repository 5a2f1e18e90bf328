"""A news feed's bytes to articles: RSS 2.0, RSS 1.0 (RDF) and Atom as they really are."""

from __future__ import annotations

import calendar
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import feedparser

from bot.line.limits import cut

TITLE, SUMMARY, LINK = 200, 200, 1000
"""The longest title, summary and link of a message, in UTF-16 units: together far below LINE's limit."""

_MOST = 500
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|yclid|mc_[ce]id|_ga|phpsessid|jsessionid", re.IGNORECASE)
"""Names in a link's query that say who looks, not what at."""
_CLOSED = re.compile(rb"</(\w+:)?(rss|feed|RDF)\s*>", re.IGNORECASE)
_SILENT = {"script", "style", "head", "template", "noscript"}
_BLOCKS = {"p", "br", "div", "li", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "hr"}


class NotAFeedError(Exception):
    """The bytes are no news feed; the message says why, in Japanese."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article, in plain text. `key` is its own id, else its link without what only says who looks.

    `likeness` is the same for an article without an id whose link got another query string. `link` is empty
    where there is none that can be opened; `published_ms` is None where the feed does not say.
    """

    key: str
    likeness: str
    title: str
    summary: str
    link: str
    published_ms: int | None
    categories: tuple[str, ...]


def read_articles(body: bytes, address: str, content_type: str = "") -> list[Article]:
    """The articles of a feed, in its order, each once.

    Raises:
        NotAFeedError: it is no RSS or Atom, or it defines entities of its own, with which a small file can fill
            the memory.
    """
    letters = body.replace(b"\0", b"")  # UTF-16 too
    if b"<!ENTITY" in letters.upper():
        raise NotAFeedError("フィードの中に実体の定義(<!ENTITY)があるため、読みませんでした。")
    headers = {"content-type": content_type or "application/xml", "content-location": address}
    try:
        parsed = feedparser.parse(io.BytesIO(body), response_headers=headers)
    except Exception as error:  # its parsers have met everything but the next feed
        raise NotAFeedError(f"フィードとして読めません({type(error).__name__})。") from error
    if not parsed.get("version"):
        reason = parsed.get("bozo_exception")
        told = f"({type(reason).__name__})" if reason else ""
        raise NotAFeedError(f"RSSでもAtomでもありません{told}。news.toml の address を確かめてください。")
    if parsed.get("bozo") and not _CLOSED.search(letters):  # else its rest would seem new at the next look
        raise NotAFeedError("フィードが途中で切れています。")
    articles: dict[str, Article] = {}
    likenesses: set[str] = set()
    for article in (_article(entry, address) for entry in parsed.entries[:_MOST]):
        if article.likeness not in likenesses:
            articles.setdefault(article.key, article)
            likenesses.add(article.likeness)
    return list(articles.values())


def _article(entry: Mapping[str, Any], address: str) -> Article:
    title = cut(plain(_text(entry, "title")), TITLE)
    summary = cut(plain(_text(entry, "summary")), SUMMARY)
    link = _link(_text(entry, "link"), address)
    published = _published(entry)
    own = _text(entry, "id").strip()
    key = (_settled(own) if re.match(r"https?://", own) else own) if own else _settled(link)
    place = urlunsplit((*urlsplit(link)[:3], "", "")) if not own else key
    alike = "\n".join((place, title, str(published if published is not None else summary)))
    return Article(
        key=_short(key or alike),
        likeness=hashlib.sha256(alike.encode()).hexdigest(),
        title=title or link,
        summary="" if summary == title else summary,
        link=link if len(link) <= LINK else "",
        published_ms=published,
        categories=tuple(_categories(entry)),
    )


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _short(key: str) -> str:
    """Keys are kept in an index: a long one is kept as its digest."""
    return key if len(key) <= 300 else hashlib.sha256(key.encode()).hexdigest()


def _categories(entry: Mapping[str, Any]) -> Iterator[str]:
    for tag in entry.get("tags") or []:
        for name in (tag.get("term"), tag.get("label")):
            if isinstance(name, str) and (shown := plain(name)):
                yield shown


def _published(entry: Mapping[str, Any]) -> int | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        if name in entry and entry[name]:  # noqa: RUF019  feedparser's own `get` would fall back from one to the other
            try:
                return calendar.timegm(entry[name]) * 1000
            except (ValueError, OverflowError, TypeError):
                continue
    return None


def _link(link: str, address: str) -> str:
    """An absolute http link, or empty."""
    try:
        whole = urljoin(address, link.strip()) if link.strip() else ""
        parts = urlsplit(whole)
    except ValueError:
        return ""
    safe = parts.scheme in {"http", "https"} and parts.netloc
    return re.sub(r"[\s\x00-\x1f\x7f]", "", whole) if safe else ""


def _settled(link: str) -> str:
    """A link without its fragment and without what only says who looks."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    query = [(n, v) for n, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(n)]
    path = re.sub(r";jsessionid=[^/?]*", "", parts.path, flags=re.IGNORECASE)
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, urlencode(sorted(query)), ""))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  html.parser's signature
        """A block's words stand apart from those before it."""
        self._silent += tag in _SILENT
        self.found.append(" " if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        """What is silent ends."""
        self._silent = max(0, self._silent - (tag in _SILENT))
        self.found.append(" " if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        """Words, unless they are a program or a style."""
        if not self._silent:
            self.found.append(data)


def plain(markup: str) -> str:
    """HTML as one line of text, without control characters and marks that turn the direction of writing."""
    words = _Words()
    words.feed(markup)
    words.close()
    text = "".join(words.found)
    kept = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text if not _hidden(c))
    return " ".join("".join(kept).split())


def _hidden(character: str) -> bool:
    """Formatting that residents cannot see, but for the joiner that emoji need; and halves of characters."""
    return character != "‍" and unicodedata.category(character) in {"Cf", "Cs", "Co", "Cn"}
