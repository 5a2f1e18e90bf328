"""The messages that hold now as an Atom feed (RFC 4287) whose entries lead to the alerts as CAP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.feeds import cap
from bot.feeds.messages import Message, Publisher
from bot.feeds.xml import add, document, root

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
PATH = "cap.xml"


def feed(messages: Sequence[Message], publisher: Publisher, updated: datetime) -> bytes:
    """The feed, the newest message first."""
    town = publisher.town
    found = root("feed", xmlns="http://www.w3.org/2005/Atom")
    add(found, "id", publisher.tag(PATH))
    add(found, "title", f"{town.name}の避難情報とお知らせ(CAP)")
    add(found, "updated", updated.isoformat(timespec="seconds"))
    add(add(found, "author"), "name", town.name)
    add(found, "link", rel="self", type="application/atom+xml", href=publisher.link(PATH))
    add(found, "link", rel="alternate", type="text/html", href=town.office.website)
    for message in messages:
        entry, words = add(found, "entry"), message.words["ja"]
        add(entry, "id", publisher.tag(message.identifier))
        add(entry, "title", words.headline)
        for name in ("published", "updated"):
            add(entry, name, message.sent.isoformat(timespec="seconds"))
        add(entry, "link", rel="alternate", type=cap.CONTENT_TYPE, href=publisher.document(message))
        add(entry, "category", term="drill" if message.drill else message.subject[0])
        add(entry, "summary", words.description)
    return document(found)
