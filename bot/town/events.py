"""Reads the events of a town's folder: `events.csv`, `events.ics`, or both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.domain.events import Event
from bot.town.event_sheet import Words, read_event_sheet
from bot.town.faults import Faults
from bot.town.profile import Profile

EVENT_FILES = SHEET, CALENDAR = "events.csv", "events.ics"


def read_events(folder: Path, profile: Profile, faults: Callable[[str], Faults]) -> tuple[Event, ...]:
    """The events of whichever files there are. `faults` gives where to note those of a file."""
    words = Words.of(profile)
    events: tuple[Event, ...] = ()
    if (folder / SHEET).exists():
        events = read_event_sheet(folder / SHEET, faults(SHEET), words)
    if (folder / CALENDAR).exists():
        from bot.town.event_calendar import read_event_calendar  # noqa: PLC0415  icalendar takes a while to load

        known = {event.id for event in events}
        for event in read_event_calendar(folder / CALENDAR, faults(CALENDAR), words):
            if event.id in known:
                faults(CALENDAR).add(0, f"UID「{event.id}」は {SHEET} にもあります。片方を消してください。")
            else:
                events = (*events, event)
    return events
