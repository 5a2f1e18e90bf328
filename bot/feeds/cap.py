"""A message as an alert of the Common Alerting Protocol.

OASIS CAP 1.2: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element

from bot.feeds.messages import Message, Publisher, Words, language_tag
from bot.feeds.xml import add, clean, document, root

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CONTENT_TYPE = "application/cap+xml"


def alert(message: Message, publisher: Publisher) -> bytes:
    """The alert, with a block of information for each language."""
    found = root("alert", xmlns=NAMESPACE)
    own: list[tuple[str, str]] = [
        ("identifier", message.identifier),
        ("sender", publisher.host),
        ("sent", _time(message.sent)),
        ("status", "Exercise" if message.drill else "Actual"),
        ("msgType", message.kind),
        ("scope", "Public"),
        ("references", " ".join(message.references)),
    ]
    _say(found, own)
    for language, words in message.words.items():
        _info(found, message, publisher, language, words)
    return document(found)


def _info(parent: Element, message: Message, publisher: Publisher, language: str, words: Words) -> None:
    info, grade, town = add(parent, "info"), message.grade, publisher.town
    said: list[tuple[str, str]] = [
        ("language", language_tag(language)),
        *(("category", category) for category in message.categories),
        ("event", words.event),
        *(("responseType", response) for response in grade.responses),
        ("urgency", grade.urgency),
        ("severity", grade.severity),
        ("certainty", grade.certainty),
        ("effective", _time(message.sent)),
        ("onset", _time(message.onset) if message.onset else ""),
        ("expires", _time(message.expires)),
        ("senderName", town.romaji if language in {"en", "vi"} else town.name),
        ("headline", words.headline),
        ("description", words.description),
        ("instruction", words.instruction),
        ("web", publisher.document(message) if publisher.address else town.office.website),
        ("contact", f"{town.office.name} {town.office.phone}"),
    ]
    _say(info, said)
    for name, value in message.parameters:
        if clean(value).strip():
            _say(add(info, "parameter"), [("valueName", name), ("value", value)])
    area = add(info, "area")
    _say(area, [("areaDesc", publisher.place(language, message.districts))])
    codes = (("JIS_X0402", "local_government"), ("JMA_class20", "jma_class20"))
    for name, key in codes:
        _say(add(area, "geocode"), [("valueName", name), ("value", town.codes[key])])


def _say(parent: Element, values: Iterable[tuple[str, str]]) -> None:
    """Elements in their order; those without a word are left out."""
    for name, value in values:
        if clean(value).strip():
            add(parent, name, value)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
