"""A CAP alert's bytes to values, checked by the rules of the standard, and every fault told in Japanese.

OASIS CAP 1.2: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html (3.2). CAP 1.1 is read, too: it differs in
nothing that is used here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.sources.xml_tree import Node, NotXmlError, read_tree

LARGEST = 1024 * 1024
"""Bytes of an alert; the largest sample has 8,000."""

NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")

_ALERT_WORDS: Mapping[str, Collection[str]] = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
}
_INFO_WORDS: Mapping[str, Collection[str]] = {
    "category": (
        *("Geo", "Met", "Safety", "Security", "Rescue", "Fire"),
        *("Health", "Env", "Transport", "Infra", "CBRNE", "Other"),
    ),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}
_REFERRING = frozenset({"Update", "Cancel", "Ack", "Error"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_SHOWN = 40


class NotCapError(Exception):
    """The bytes are no CAP alert; the message lists every fault in Japanese, one a line."""


class Reference(NamedTuple):
    """An earlier alert as a later one names it."""

    sender: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Info:
    """What an alert says in one language, for one kind of event; what it does not say is empty."""

    language: str
    event: str
    headline: str
    description: str
    instruction: str
    sender_name: str
    web: str
    expires: datetime | None
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that fits the standard. `status`, `message_type` and `scope` are CAP's words."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    message_type: str
    scope: str
    note: str
    references: tuple[Reference, ...]
    infos: tuple[Info, ...]

    @property
    def headline(self) -> str:
        """What it is about, in a line."""
        return next((info.headline or info.event for info in self.infos), "") or self.note or self.identifier

    def has_expired(self, now: datetime) -> bool:
        """Whether all that it says has an end, and that has passed."""
        ends = [info.expires for info in self.infos]
        return bool(ends) and all(end is not None and end <= now for end in ends)


def read_alert(body: bytes) -> Alert:
    """The alert of a file.

    Raises:
        NotCapError: it is none; every fault is listed.
    """
    try:
        root = read_tree(body, LARGEST)
    except NotXmlError as error:
        raise NotCapError(str(error)) from None
    return alert_of(root)


def alert_of(root: Node) -> Alert:
    """The alert of an element.

    Raises:
        NotCapError: it is none; every fault is listed.
    """
    if root.name != "alert" or root.namespace not in NAMESPACES:
        raise NotCapError(
            f"CAP(1.2 か 1.1)の警報ではありません(初めの要素は <{root.name[:_SHOWN]}>、名前空間は"
            f"「{root.namespace[:80]}」です)。"
        )
    faults = list(_faults(root))
    references = _references(root.say("references"))
    if references is None:
        faults.append("references は「sender,identifier,sent」を空白で並べて書くものです。")
    elif not references and root.say("msgType") in _REFERRING - {"Ack", "Error"}:
        faults.append(f"msgType が {root.say('msgType')} なのに、もとの警報を指す references がありません。")
    for number, info in enumerate(root.all("info"), 1):
        faults += (f"{number}番目の info: {fault}" for fault in _info_faults(info))
    if faults:
        raise NotCapError("\n".join(faults))
    return Alert(
        identifier=root.say("identifier"),
        sender=root.say("sender"),
        sent=datetime.fromisoformat(root.say("sent")),
        status=root.say("status"),
        message_type=root.say("msgType"),
        scope=root.say("scope"),
        note=root.say("note"),
        references=references or (),
        infos=tuple(map(_info, root.all("info"))),
    )


def _faults(root: Node) -> Iterator[str]:
    for name in ("identifier", "sender"):
        value = root.say(name)
        if not value:
            yield f"{name} がありません。"
        elif re.search(r"[\s,<&]", value) or len(value) > 500:
            yield f"{name}「{value[:_SHOWN]}」に空白や , < & があるか、長すぎます。"
    yield from _moment_fault(root, "sent", required=True)
    for name, words in _ALERT_WORDS.items():
        yield from _word_faults(root, name, words)


def _info_faults(info: Node) -> Iterator[str]:
    if not info.say("event"):
        yield "event がありません。"
    for name, words in _INFO_WORDS.items():
        yield from _word_faults(info, name, words)
    for name in ("effective", "onset", "expires"):
        yield from _moment_fault(info, name, required=False)
    language = info.say("language")
    if language and not _LANGUAGE.fullmatch(language):
        yield f"language「{language[:_SHOWN]}」は言語の名前ではありません。"
    for area in info.all("area"):
        if not area.say("areaDesc"):
            yield "area に areaDesc がありません。"


def _word_faults(node: Node, name: str, words: Collection[str]) -> Iterator[str]:
    found = [each.text for each in node.all(name)]
    if not found:
        yield f"{name} がありません。"
    for value in found:
        if value not in words:
            yield f"{name}「{value[:_SHOWN]}」は {'・'.join(words)} のどれでもありません。"


def _moment_fault(node: Node, name: str, *, required: bool) -> Iterator[str]:
    value = node.say(name)
    if not value:
        if required:
            yield f"{name} がありません。"
        return
    try:
        if not _MOMENT.fullmatch(value):
            raise ValueError
        datetime.fromisoformat(value)
    except ValueError:
        yield f"{name}「{value[:_SHOWN]}」は 2026-07-29T03:00:00+09:00 の形の時刻ではありません。"


def _references(text: str) -> tuple[Reference, ...] | None:
    """None if they are not written as the standard says."""
    found = []
    for each in text.split():
        parts = each.split(",")
        if len(parts) != 3 or not all(parts):
            return None
        found.append(Reference(parts[0], parts[1]))
    return tuple(found)


def _info(node: Node) -> Info:
    expires = node.say("expires")
    return Info(
        language=node.say("language"),
        event=node.say("event"),
        headline=node.say("headline"),
        description=node.say("description"),
        instruction=node.say("instruction"),
        sender_name=node.say("senderName"),
        web=node.say("web"),
        expires=datetime.fromisoformat(expires) if expires else None,
        areas=tuple(area.say("areaDesc") for area in node.all("area")),
    )
