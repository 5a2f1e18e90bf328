"""Feeds of every kind to articles in plain text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.line import limits
from bot.news.articles import Article, NotAFeedError, plain, read_articles

AT = "https://www.example.jp/feed.xml"
RSS = '<?xml version="1.0" encoding="{e}"?><rss version="2.0"><channel><title>町</title><item><title>窓口</title><guid>{l}</guid><link>{l}</link><description>{s}</description><category>くらし</category><pubDate>Tue, 24 Nov 2026 09:00:00 +0900</pubDate></item></channel></rss>'
RDF = '<?xml version="1.0" encoding="{e}"?><rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://www.example.jp/"><title>町</title></channel><item rdf:about="{l}"><title>窓口</title><link>{l}</link><description>{s}</description><dc:subject>くらし</dc:subject><dc:date>2026-11-24T09:00:00+09:00</dc:date></item></rdf:RDF>'
ATOM = '<?xml version="1.0" encoding="{e}"?><feed xmlns="http://www.w3.org/2005/Atom"><title>町</title><entry><id>{l}</id><title>窓口</title><link href="{l}"/><summary type="html">{s}</summary><category term="くらし"/><updated>2026-11-24T00:00:00Z</updated></entry></feed>'


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "euc-jp"])
@pytest.mark.parametrize("form", [RSS, RDF, ATOM])
def test_the_three_forms_say_the_same(form: str, encoding: str) -> None:
    text = form.format(
        e=encoding, l="https://www.example.jp/1.html", s="&lt;p&gt;休日に&lt;br&gt;開く&lt;/p&gt;"
    )
    (article,) = read_articles(text.encode(encoding), AT)
    assert article == Article(
        key="https://www.example.jp/1.html",
        likeness=article.likeness,
        title="窓口",
        summary="休日に 開く",
        link="https://www.example.jp/1.html",
        published_ms=1795478400000,
        categories=("くらし",),
    )


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "http://", "http://[", "ftp://x/y"]
)
def test_a_link_that_is_no_web_address_is_left_out(link: str) -> None:
    (article,) = read_articles(RSS.format(e="utf-8", l=link, s="x").encode(), AT)
    assert article.link == ""


def test_words_are_plain() -> None:
    assert (
        plain("<style>a{}</style><p>一</p><script>x()</script>二 &amp; &#x1e;三\u202e\x00<img src=x>")
        == "一 二 & 三"
    )
    assert plain("👨\u200d👩") == "👨\u200d👩"


@given(st.binary(max_size=300))
def test_no_bytes_at_all_break_the_reading(body: bytes) -> None:
    with suppress(NotAFeedError):
        read_articles(body, AT)


@given(st.text(max_size=2000), st.text(max_size=200))
def test_whatever_an_article_says_fits(summary: str, title: str) -> None:
    assert limits.utf16_length(plain(summary)) <= limits.utf16_length(summary) + 1
    safe = "".join(
        f"&#{ord(c)};"
        for c in title
        if c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and ord(c) not in (0xFFFE, 0xFFFF)
    )
    body = RSS.replace("窓口", safe).format(e="utf-8", l="https://x.jp/", s="x").encode()
    for article in read_articles(body, AT):
        assert limits.utf16_length(article.title) <= 200
        assert "\n" not in article.title
        assert "\x1e" not in article.title
