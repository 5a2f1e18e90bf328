"""What is published, held against the rules of its formats."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import xmlschema

DATA = Path(__file__).parent / "data" / "cap"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
ATOM = "{http://www.w3.org/2005/Atom}"
_SCHEMA = xmlschema.XMLSchema(str(DATA / "CAP-v1.2.xsd"))
_TOKEN = re.compile(r"[^\s,<&]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00")


def alert(body: bytes) -> ET.Element:
    """A CAP alert that fits the schema, and what the standard says beside it (3.2)."""
    root = ET.fromstring(body)
    _SCHEMA.validate(root)
    say = lambda name: root.findtext(CAP + name, "")  # noqa: E731  one line says it
    assert _TOKEN.fullmatch(say("identifier"))
    assert _TOKEN.fullmatch(say("sender"))
    assert _MOMENT.fullmatch(say("sent"))
    references = say("references").split()
    assert bool(references) == (say("msgType") in {"Update", "Cancel"})
    for reference in references:
        sender, identifier, sent = reference.split(",")
        assert sender == say("sender")
        assert identifier != say("identifier")
        assert _MOMENT.fullmatch(sent)
        assert sent <= say("sent")
    languages = [info.findtext(CAP + "language") for info in root.iter(CAP + "info")]
    assert languages[0] == "ja"
    assert len(set(languages)) == len(languages)
    for info in root.iter(CAP + "info"):
        for name in ("event", "headline", "description", "expires", "senderName"):
            assert info.findtext(CAP + name, "").strip(), name
        assert info.findtext(CAP + "expires", "") > say("sent")
        codes = {
            each.findtext(CAP + "valueName"): each.findtext(CAP + "value")
            for each in info.iter(CAP + "geocode")
        }
        assert codes == {"JIS_X0402": "063215", "JMA_class20": "0632100"}
    return root


def atom(body: bytes) -> list[Any]:
    """The entries of a feed that has all that RFC 4287 demands (4.1.1, 4.1.2)."""
    root = ET.fromstring(body)
    assert root.tag == ATOM + "feed"
    for element in (root, *root.iter(ATOM + "entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(ATOM + name)) == 1, name
            assert element.findtext(ATOM + name, "").strip(), name
        assert _MOMENT.fullmatch(element.findtext(ATOM + "updated", ""))
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    assert [link.get("rel") for link in root.findall(ATOM + "link")] == ["self", "alternate"]
    for entry in root.iter(ATOM + "entry"):  # without content it must say where that is
        (link,) = entry.findall(ATOM + "link")
        assert (link.get("rel"), link.get("type")) == ("alternate", "application/cap+xml")
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries)
    return list(parsed.entries)


def rss(body: bytes) -> list[Any]:
    """The items of a feed that is RSS 2.0."""
    root = ET.fromstring(body)
    assert root.tag == "rss"
    assert root.get("version") == "2.0"
    for name in ("title", "link", "description"):
        assert root.findtext(f"channel/{name}", "").strip(), name
    parsed = feedparser.parse(body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "rss20"
    assert all(entry.published_parsed for entry in parsed.entries)
    assert len({entry.id for entry in parsed.entries}) == len(parsed.entries)
    return list(parsed.entries)
