"""JMA's Atom feeds: which telegrams there are, and which of them are worth fetching for one town."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from bot.jma.reading import NATIONWIDE, READERS
from bot.jma.state import SHAKEN
from bot.jma.values import Places
from bot.sources.xml_tree import NotXmlError, read_tree

LARGEST = 8 * 1024 * 1024
"""Bytes of a feed; the long one has one or two million in bad weather."""

_FILE = re.compile(r"/((?:\w{1,40}_)?([A-Z]{4}\d{2})(?:_(\w{1,20}))?\.xml)", re.ASCII)
"""`…/20260624170203_0_VPWW55_060000.xml`: time, number, data type, office. https://xml.kishou.go.jp/xmlpull.html"""

_HEADQUARTERS = "010000"
"""The sender of what the agency itself issues, also for a prefecture."""
_OLDEST = timedelta(days=10)
_LONGEST_QUIET = {"extra": timedelta(hours=3), "eqvol": timedelta(hours=24)}
"""Something of the whole country is renewed far more often: warnings many times an hour, of earthquakes and volcanoes
several times a day, as the regular forecasts of ash are."""


class NotAFeedError(Exception):
    """The bytes are no Atom feed; the message says why, in Japanese."""


class FrozenFeedError(Exception):
    """The feed can be read, but has not been renewed for long; the message says since when, in Japanese."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A telegram that a feed names; `updated` is None where the feed does not say it as known."""

    address: str
    type: str
    sender: str
    updated: datetime | None


class Feed(NamedTuple):
    """The telegrams that a feed names, in its order, and when the newest word in it is from, as far as it says."""

    entries: list[Entry]
    issued: datetime | None


def is_frozen(name: str, issued: datetime | None, now: datetime) -> bool:
    """Whether a feed that can be read has not been renewed for so long that nobody can believe it."""
    return issued is not None and now - issued > _LONGEST_QUIET[name]


def read_feed(body: bytes, base: str) -> Feed:
    """The telegrams of a feed, at the server of `base` and nowhere else.

    A mirror may hand on JMA's feeds as they are: what they say to lie at another server is asked for below `base`.

    Raises:
        NotAFeedError: it is no Atom feed.
    """
    try:
        root = read_tree(body, LARGEST)
    except NotXmlError as error:
        raise NotAFeedError(str(error)) from None
    if root.name != "feed":
        raise NotAFeedError(f"Atom のフィードではありません(<{root.name[:30]}>)。")
    entries: dict[str, Entry] = {}
    for node in root.all("entry"):
        link = node.first("link")
        address = _address(base, (link.attributes.get("href") if link else "") or node.say("id"))
        file = _FILE.search(address)
        if file is not None and file.end() == len(address):
            if not _same_server(address, base):
                address = f"{base}/data/{file[1]}"
            entries[address] = Entry(address, file[2], file[3] or "", _moment(node.say("updated")))
    said = [_moment(root.say("updated")), *(entry.updated for entry in entries.values())]
    return Feed(list(entries.values()), max((each for each in said if each is not None), default=None))


def _address(base: str, link: str) -> str:
    """Where a link of a feed leads; empty where it is no address."""
    try:
        return urljoin(f"{base}/feed/", link)
    except ValueError:
        return ""


def _same_server(address: str, base: str) -> bool:
    return urlsplit(address)[:2] == urlsplit(base)[:2]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def is_wanted(entry: Entry, places: Places, now: datetime) -> bool:
    """Whether a telegram may concern the town: by its type and office, before it is downloaded."""
    if entry.type not in READERS:
        return False
    age = now - entry.updated if entry.updated else timedelta(0)
    if age > (SHAKEN if entry.type.startswith("VXSE") else _OLDEST):
        return False
    if entry.type in NATIONWIDE or not re.fullmatch(r"\d{6}", entry.sender):
        return True
    return entry.sender in {places.prefecture, _HEADQUARTERS}
