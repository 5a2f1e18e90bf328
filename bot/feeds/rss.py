"""The messages that hold now as RSS 2.0 (https://www.rssboard.org/rss-specification)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from bot.feeds.messages import Message, Publisher
from bot.feeds.xml import add, document, root

CONTENT_TYPE = "application/rss+xml; charset=utf-8"
PATH = "alerts.rss"
_CATEGORIES = {"order": "避難情報", "broadcast": "お知らせ"}
_MINUTES = "1"


def feed(messages: Sequence[Message], publisher: Publisher, updated: datetime) -> bytes:
    """The feed in Japanese, the newest message first."""
    town = publisher.town
    found = root("rss", version="2.0", xmlns_atom="http://www.w3.org/2005/Atom")
    channel = add(found, "channel")
    add(channel, "title", f"{town.name}の避難情報とお知らせ")
    add(channel, "link", town.office.website)
    add(channel, "description", f"{town.name}が住民に出している避難情報とお知らせです。")
    add(channel, "language", "ja")
    add(channel, "lastBuildDate", format_datetime(updated))
    add(channel, "ttl", _MINUTES)
    if publisher.address:  # it must be a whole address
        add(channel, "atom:link", rel="self", type="application/rss+xml", href=publisher.link(PATH))
    for message in messages:
        item, words = add(channel, "item"), message.words["ja"]
        add(item, "title", words.headline)
        add(item, "link", publisher.document(message) if publisher.address else town.office.website)
        add(item, "guid", publisher.tag(message.identifier), isPermaLink="false")
        add(item, "pubDate", format_datetime(message.sent))
        add(item, "category", _CATEGORIES[message.subject[0]])
        if message.drill:
            add(item, "category", "訓練")
        add(item, "description", "\n\n".join(filter(None, (words.description, words.instruction))))
    return document(found)
