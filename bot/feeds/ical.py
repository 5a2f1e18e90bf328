"""Entries as iCalendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import icalendar

from bot.domain.clock import from_ms
from bot.domain.events import Event
from bot.store.calendar_entries import Version
from bot.town.model import Town

_CLOSING = b"END:VCALENDAR\r\n"
_REFRESH = timedelta(hours=6)
"""How often programs that subscribe are asked to look."""


def component(uid: str, event: Event, version: Version) -> bytes:
    """One event as a VEVENT; the same bytes until it changes."""
    changed = from_ms(version.changed_ms).astimezone(UTC).replace(microsecond=0)
    vevent = icalendar.Event()
    vevent.add("uid", uid)
    vevent.add("dtstamp", changed)
    vevent.add("last-modified", changed)
    vevent.add("sequence", version.sequence)
    vevent.add("summary", event.name)
    if event.all_day:
        vevent.add("dtstart", event.start.date())
        vevent.add("dtend", event.end.date())
        vevent.add("transp", "TRANSPARENT")
    else:
        vevent.add("dtstart", event.start)
        if event.end > event.start:
            vevent.add("dtend", event.end)
    optional = {"location": event.place, "description": event.description, "url": event.url}
    for name, value in optional.items():
        if value:
            vevent.add(name, value)
    if event.categories:
        vevent.add("categories", list(event.categories))
    vevent.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    return bytes(vevent.to_ical())


def document(town: Town, name: str, components: Iterable[bytes]) -> bytes:
    """A calendar of that name with these components."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//machi-push//town calendar//JA")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-caldesc", f"{town.name}のカレンダー(まちプッシュ)")
    calendar.add("x-wr-timezone", "Asia/Tokyo")
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    calendar.add_component(tokyo())
    head = bytes(calendar.to_ical())
    assert head.endswith(_CLOSING)
    return b"".join((head.removesuffix(_CLOSING), *components, _CLOSING))


def tokyo() -> icalendar.Timezone:
    """Asia/Tokyo, which has had no daylight saving since 1951."""
    zone, standard = icalendar.Timezone(), icalendar.TimezoneStandard()
    zone.add("tzid", "Asia/Tokyo")
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001  local time, as the format demands here
    standard.add("tzname", "JST")
    standard.add("tzoffsetfrom", timedelta(hours=9))
    standard.add("tzoffsetto", timedelta(hours=9))
    zone.add_component(standard)
    return zone
