"""Reads `events.ics`: an iCalendar file (RFC 5545) as calendar programs export it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import icalendar

from bot.domain.clock import TOKYO
from bot.domain.events import Event, Repeats, midnight
from bot.town.event_sheet import Words
from bot.town.faults import Faults
from bot.town.recurrence import fault_of_rule, occurrence_id

_LARGEST = 5 * 1024 * 1024
_BEGIN, _END = re.compile(r"BEGIN:(\S+)\s*$", re.IGNORECASE), re.compile(r"END:(\S+)\s*$", re.IGNORECASE)
_YEARS = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class _Block:
    """One component as text, and the line its BEGIN stands on."""

    line: int
    text: str


def read_event_calendar(file: Path, faults: Faults, words: Words) -> tuple[Event, ...]:
    """The events without faults; moved or cancelled occurrences of one that repeats are events of their own."""
    text = _text(file, faults)
    if text is None:
        return ()
    blocks = list(_blocks(text, faults))
    zones = "".join(block.text for block in blocks if block.text.upper().startswith("BEGIN:VTIMEZONE"))
    masters: dict[str, Event] = {}
    moved: list[tuple[str, date | datetime, Event]] = []
    for block in blocks:
        if not block.text.upper().startswith("BEGIN:VEVENT"):
            continue
        component = _component(block, zones, faults)
        event = _event(component, block.line, faults, words)
        if component is None or event is None:
            continue
        if (instead_of := component.get("RECURRENCE-ID")) is not None:
            moved.append((event.id, instead_of.dt, event))
        elif event.id in masters:
            faults.add(block.line, f"UID「{event.id}」の催しが2つあります。")
        else:
            masters[event.id] = event
    return tuple(_joined(masters, moved))


def _joined(
    masters: dict[str, Event], moved: Iterable[tuple[str, date | datetime, Event]]
) -> Iterator[Event]:
    """The events, with each moved occurrence left out of the one that repeats; it keeps the id it had there."""
    alone = []
    for uid, given, event in moved:
        instant = _moment(given, TOKYO)
        alone.append(replace(event, id=occurrence_id(uid, instant, all_day=not isinstance(given, datetime))))
        master = masters.get(uid)
        if master is not None and master.repeats is not None:
            repeats = replace(master.repeats, excluded=master.repeats.excluded | {instant})
            masters[uid] = replace(master, repeats=repeats)
    yield from masters.values()
    yield from {event.id: event for event in alone}.values()


def _text(file: Path, faults: Faults) -> str | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        faults.add(0, f"読めません({error.strerror})。")
        return None
    if len(content) > _LARGEST:
        faults.add(0, f"大きすぎます。{_LARGEST // 1024 // 1024}MBまでにしてください。")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, "文字コードがUTF-8ではありません。UTF-8のiCalendarで保存し直してください。")
        return None


def _blocks(text: str, faults: Faults) -> Iterator[_Block]:
    """The components directly within VCALENDAR; what is not closed is a fault where it opens."""
    open_: list[tuple[str, int]] = []
    held: list[str] = []
    calendars = 0
    for number, line in enumerate(text.splitlines(), 1):
        if len(open_) >= 2:
            held.append(line)
        if begin := _BEGIN.match(line):
            if len(open_) == 1:
                held = [line]
            calendars += not open_ and begin[1].upper() == "VCALENDAR"
            open_.append((begin[1].upper(), number))
        elif (end := _END.match(line)) and open_:
            name, began = open_.pop()
            if name != end[1].upper():
                faults.add(number, f"{began}行目の BEGIN:{name} が END:{name} で閉じていません。")
                return
            if len(open_) == 1:
                yield _Block(began, "\r\n".join(held) + "\r\n")
    for name, began in open_:
        faults.add(began, f"BEGIN:{name} が END:{name} で閉じていません。")
    if not calendars:
        faults.add(0, "iCalendarのファイルではありません。BEGIN:VCALENDAR がありません。")


def _component(block: _Block, zones: str, faults: Faults) -> Any:
    """One VEVENT parsed on its own, so that a broken one costs none of the others."""
    try:
        calendar = icalendar.Calendar.from_ical(f"BEGIN:VCALENDAR\r\n{zones}{block.text}END:VCALENDAR\r\n")
        (component,) = calendar.walk("VEVENT")
    except Exception as error:
        faults.add(block.line, f"この催しを読めません({error})。")
        return None
    for name, reason in component.errors:
        faults.add(block.line, f"{name or 'この催しの1行'}を読めません({reason})。")
    return None if component.errors else component


def _event(component: Any, line: int, faults: Faults, words: Words) -> Event | None:
    """The event of a component; whatever icalendar lets pass that makes no sense is a fault, too."""
    if component is None:
        return None
    try:
        return _Reader(component, line, faults, words).event()
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        faults.add(line, f"この催しを読めません({error})。")
        return None


class _Reader:
    """Reads one VEVENT."""

    def __init__(self, component: Any, line: int, faults: Faults, words: Words) -> None:
        self._component = component
        self._line = line
        self._faults = faults
        self._words = words

    def event(self) -> Event | None:
        """The event, or None with its faults noted."""
        before = len(self._faults.found)
        uid, name = self._plain("UID"), self._plain("SUMMARY")
        if not uid:
            self._fault("UID がありません。")
        if not name:
            self._fault("題名(SUMMARY)がありません。")
        url = self._plain("URL")
        span = self._span()
        if span is None or len(self._faults.found) > before:
            return None
        start, end, zone = span
        categories = tuple(dict.fromkeys(self._categories()))
        all_day = not isinstance(self._component["DTSTART"].dt, datetime)
        repeats = self._repeats(start.astimezone(zone))
        if len(self._faults.found) > before:
            return None
        return Event(
            id=uid,
            name=name,
            start=start,
            end=end,
            all_day=all_day,
            place=self._plain("LOCATION"),
            description=self._plain("DESCRIPTION"),
            url=url if re.fullmatch(r"https?://\S+", url) else "",
            categories=categories,
            topics=self._words.topics_of(categories),
            cancelled=self._plain("STATUS").upper() == "CANCELLED",
            repeats=repeats,
        )

    def _span(self) -> tuple[datetime, datetime, tzinfo] | None:
        """Start and end in Tokyo, and the zone it was written in."""
        own = self._component.get("DTSTART")
        if own is None or isinstance(own, list):
            self._fault("始まり(DTSTART)がありません。" if own is None else "始まり(DTSTART)が2つあります。")
            return None
        for name in ("DTSTART", "DTEND"):
            given = self._component.get(name)
            zone = given.params.get("TZID") if hasattr(given, "params") else None
            if zone and getattr(given.dt, "tzinfo", None) is None and isinstance(given.dt, datetime):
                self._fault(f"{name} の時間帯「{zone}」が分かりません。Asia/Tokyo などにしてください。")
                return None
        start = _moment(own.dt, TOKYO)
        day = timedelta() if isinstance(own.dt, datetime) else timedelta(days=1)
        closing, lasts = self._component.get("DTEND"), self._component.get("DURATION")
        end = start + day
        if closing is not None:
            end = _moment(closing.dt, TOKYO)
        elif lasts is not None:
            end = start + lasts.dt
        if day and end == start:
            end = start + day  # some programs write an all-day event's end as its last day
        if end < start or start.year not in _YEARS or end.year not in _YEARS:
            self._fault("終わり(DTEND)が始まり(DTSTART)より前か、年が正しくありません。")
            return None
        return start, end, (own.dt.tzinfo if isinstance(own.dt, datetime) else None) or TOKYO

    def _repeats(self, start: datetime) -> Repeats | None:
        rules, zone = self._component.get("RRULE"), start.tzinfo
        added = tuple(_at(given, start) for given in self._dates("RDATE"))
        if rules is None and not added:
            return None
        if isinstance(rules, list):
            self._fault("くり返し(RRULE)が2つあります。1つにしてください。")
            return None
        excluded = frozenset(_at(given, start) for given in self._dates("EXDATE"))
        if rules is None:
            return Repeats(start, "", added, excluded)
        until = [_moment(each, zone or TOKYO) for each in rules.get("UNTIL", [])]
        ends = [
            (each if isinstance(given, datetime) else each + timedelta(hours=23, minutes=59))
            for given, each in zip(rules.get("UNTIL", []), until, strict=True)
        ]
        local = {"UNTIL": [each.astimezone(zone).replace(tzinfo=None) for each in ends]} if ends else {}
        rule = icalendar.vRecur({**rules, **local}).to_ical().decode()  # type: ignore[no-untyped-call]
        repeats = Repeats(start, rule, added, excluded)
        if told := fault_of_rule(repeats):
            self._fault(told)
        return repeats

    def _dates(self, name: str) -> Iterator[Any]:
        """Every value of EXDATE or RDATE; of a period its start."""
        found = self._component.get(name, [])
        for group in found if isinstance(found, list) else [found]:
            for each in group.dts:
                yield each.dt[0] if isinstance(each.dt, tuple) else each.dt

    def _categories(self) -> Iterator[str]:
        found = self._component.get("CATEGORIES", [])
        for group in found if isinstance(found, list) else [found]:
            yield from (str(name).strip() for name in group.cats if str(name).strip())

    def _plain(self, name: str) -> str:
        """A property as text; of several the first."""
        found = self._component.get(name, "")
        return str(found[0] if isinstance(found, list) else found).strip()

    def _fault(self, message: str) -> None:
        self._faults.add(self._line, message)


def _moment(given: date | datetime, zone: tzinfo) -> datetime:
    """A day's midnight or a moment, in Tokyo; one without a zone is of `zone`."""
    if not isinstance(given, datetime):
        return midnight(given)
    return (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(TOKYO)


def _at(given: date | datetime, start: datetime) -> datetime:
    """When an occurrence named by a day or a moment begins, in the zone of the event's start."""
    if isinstance(given, datetime):
        return (given if given.tzinfo else given.replace(tzinfo=start.tzinfo)).astimezone(start.tzinfo)
    return datetime.combine(given, start.timetz())
