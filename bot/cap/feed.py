"""What lies at an address: one alert, or a feed (Atom or RSS) whose entries hold alerts or lead to them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bot.cap.reading import NAMESPACES
from bot.sources.xml_tree import Node, NotXmlError, read_tree

LARGEST = 4 * 1024 * 1024
"""Bytes of a feed."""


class NotAFeedError(Exception):
    """The bytes are neither an alert nor a feed of them; the message says why, in Japanese."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert of a feed: the element itself, or the address it lies at. `place` is the same for the same version."""

    place: str
    node: Node | None
    address: str


def read_feed(body: bytes, address: str) -> list[Entry]:
    """The alerts of a document, in its order, each once; addresses on other servers than its own are left out.

    Raises:
        NotAFeedError: there is nothing in it that could hold alerts.
    """
    try:
        root = read_tree(body, LARGEST)
    except NotXmlError as error:
        raise NotAFeedError(str(error)) from None
    if root.name == "alert":
        return [Entry(_place(address, root.say("identifier"), root.say("sent")), root, address)]
    if root.name not in {"feed", "rss"}:
        raise NotAFeedError(f"CAP の警報でも、そのフィードでもありません(<{root.name[:30]}>)。")
    nodes = root.all("entry") if root.name == "feed" else root.all("channel", "item")
    entries = [entry for node in nodes if (entry := _entry(node, address)) is not None]
    return list({entry.place: entry for entry in entries}.values())


def _entry(node: Node, address: str) -> Entry | None:
    inline = next((each for each in node.within("alert") if each.namespace in NAMESPACES), None)
    if inline is not None:
        return Entry(_place(address, inline.say("identifier"), inline.say("sent")), inline, address)
    links = list(node.all("link"))
    typed = [link for link in links if link.attributes.get("type") == "application/cap+xml"]
    link = next(iter(typed or links), None)
    if link is None:
        return None
    try:
        target = urljoin(address, link.attributes.get("href") or link.text)
        same = _server(target) == _server(address)
    except ValueError:
        return None
    return Entry(_place(target, node.say("updated")), None, target) if same else None


def _server(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _place(*parts: str) -> str:
    return " ".join(part for part in parts if part)[:2000]
