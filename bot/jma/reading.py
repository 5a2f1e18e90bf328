"""Reads one telegram: its heading, then by its type what it means for the town."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from bot.jma import bulletins, earthquakes, floods, warnings
from bot.jma.values import Heading, InfoType, NotUnderstood, Places, Status, Telegram, UnforeseenError, plain
from bot.sources.xml_tree import Node, NotXmlError, read_tree

_T = TypeVar("_T", Status, InfoType)
Reader = Callable[[Heading, Node, Places], Telegram]

FLOODS = tuple(f"VXKO{number}" for number in range(50, 90))

READERS: Mapping[str, Reader] = {
    **dict.fromkeys(warnings.SNAPSHOTS, warnings.read_warnings),
    "VXWW50": warnings.read_landslide_information,
    **dict.fromkeys(FLOODS, floods.read_flood),
    "VPBS50": bulletins.read_bulletin,
    "VPOA50": bulletins.read_record_rain,
    "VPHW50": bulletins.read_tornado,
    "VPHW51": bulletins.read_tornado,
    "VPFT50": bulletins.read_heat,
    "VFVO52": bulletins.read_volcano,
    "VFVO53": bulletins.read_volcano,
    "VXSE51": earthquakes.read_earthquake,
    "VXSE52": earthquakes.read_earthquake,
    "VXSE53": earthquakes.read_earthquake,
    "VXSE61": earthquakes.read_earthquake,
}
"""What is read of each type; other types are not fetched."""

NATIONWIDE = frozenset({"VXSE51", "VXSE52", "VXSE53", "VXSE61", "VFVO52", "VFVO53", *FLOODS})
"""Types whose sender's code does not tell the prefecture."""

_YEARS = range(2000, 2100)
_TITLE = 200
_LONGEST = 20_000
"""Characters of a headline; JMA's have some hundred."""


def read(body: bytes, type_: str, places: Places, sender: str = "") -> Telegram | NotUnderstood:
    """What a telegram of a data type (`VPWW55`) says of a town; nothing else than these two comes out.

    `sender` is the office's code at the end of the telegram's address.
    """
    reader = READERS.get(type_)
    if reader is None:
        return NotUnderstood(type_, f"種類 {type_} の電文は読みません。")
    try:
        root = read_tree(body)
        heading = _heading(root, type_, sender)
        if heading.info is InfoType.CANCELLATION:
            return _cancellation(heading)
        if root.first("Body") is None:
            raise UnforeseenError("Body がありません。")
        return reader(heading, root, places)
    except (NotXmlError, UnforeseenError) as error:
        return NotUnderstood(type_, str(error))
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        return NotUnderstood(type_, f"読めない値があります({type(error).__name__}: {error})。")


def words_of(body: bytes) -> tuple[str, str]:
    """The title and the headline of a telegram that need not be understood; empty where they cannot be read."""
    try:
        root = read_tree(body)
    except NotXmlError:
        return "", ""
    title = root.say("Head", "Title") or root.say("Control", "Title")
    return title[:_TITLE], root.say("Head", "Headline", "Text")[:_LONGEST]


def series(heading: Heading) -> str:
    """The name of the telegrams that replace each other.

    https://xml.kishou.go.jp/qanda.html: title, office and status, with the EventID where there is one. Of an
    earthquake or a river the EventID is enough, and the office may change on the way. Status is looked at before.
    """
    if heading.type in NATIONWIDE:
        kind = "VXKO" if heading.type in FLOODS else heading.type
        return f"{kind}/{heading.event}"
    kind = {"VPHW50": "VPHW", "VPHW51": "VPHW"}.get(heading.type, heading.type)
    return f"{kind}/{heading.office}/{heading.event}"


def _cancellation(heading: Heading) -> Telegram:
    """It has no areas: what it takes back tells whom it concerns. Of an earthquake all before it are wrong."""
    return Telegram(heading, series(heading), concerns=None, whole_series=heading.type.startswith("VXSE"))


def _heading(root: Node, type_: str, sender: str) -> Heading:
    if root.name != "Report":
        raise UnforeseenError(f"気象庁の電文ではありません(<{root.name}>)。")
    control, head = root.first("Control"), root.first("Head")
    if control is None or head is None:
        raise UnforeseenError("Control か Head がありません。")
    serial = plain(head.say("Serial"))
    valid = head.say("ValidDateTime")
    heading = Heading(
        type=type_,
        sender=sender,
        control_title=_required(control, "Title"),
        status=_known(Status, _required(control, "Status")),
        office=_required(control, "EditorialOffice"),
        publisher=control.say("PublishingOffice"),
        sent=_moment(_required(control, "DateTime")),
        title=_required(head, "Title"),
        reported=_moment(_required(head, "ReportDateTime")),
        event=head.say("EventID"),
        info=_known(InfoType, _required(head, "InfoType")),
        serial=_serial(serial),
        headline=head.say("Headline", "Text")[:_LONGEST],
        valid_until=_moment(valid) if valid else None,
    )
    if type_ in NATIONWIDE and not heading.event:
        raise UnforeseenError("EventID がありません。")
    return heading


def _required(node: Node, name: str) -> str:
    text = node.say(name)
    if not text:
        raise UnforeseenError(f"{node.name}/{name} がありません。")
    return text


def _known(kind: type[_T], text: str) -> _T:
    try:
        return kind(plain(text))
    except ValueError:
        raise UnforeseenError(f"知らない {kind.__name__} です: {text[:20]}") from None


def _serial(text: str) -> int:
    if not re.fullmatch(r"\d{0,6}", text, re.ASCII):
        raise UnforeseenError(f"知らない Serial です: {text[:20]}")
    return int(text or 0)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnforeseenError(f"知らない日時です: {text[:40]}") from None
    if moment.utcoffset() is None or moment.utcoffset() not in (timedelta(0), timedelta(hours=9)):
        raise UnforeseenError(f"世界時でも日本時間でもない日時です: {text[:40]}")
    if moment.year not in _YEARS:
        raise UnforeseenError(f"ありえない年です: {text[:40]}")
    return moment
