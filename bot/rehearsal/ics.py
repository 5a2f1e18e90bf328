"""A rehearsal as a calendar that staff can open beside their own (RFC 5545)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from icalendar import Calendar, Event

from bot.feeds.ical import tokyo
from bot.rehearsal.rehearsing import Rehearsal, Rehearsed
from bot.rehearsal.wording import text
from bot.town.model import Town


def calendar(rehearsal: Rehearsal, town: Town, now: datetime) -> bytes:
    """One event for each occurrence; its UID stays the same when a date moves, so that calendars move it too."""
    found = Calendar()
    found.add("prodid", "-//machi-push//rehearse//JA")
    found.add("version", "2.0")
    found.add("x-wr-calname", f"{town.name}のお知らせ")
    found.add_component(tokyo())
    for each in rehearsal.occurrences:
        found.add_component(_event(each, town, now))
    return bytes(found.to_ical())


def _event(each: Rehearsed, town: Town, now: datetime) -> Event:
    plan, recipients = each
    reason = f"送れません: {plan.fault}\n\n" if plan.fault else ""
    event = Event()
    name = f"machi-push/{town.codes['jis']}/{plan.notice.name}/{plan.key}"
    event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, name)))
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", plan.starts)
    event.add("summary", f"{'【送れません】' if plan.fault else ''}{plan.title}({recipients}人)")
    event.add("description", f"{reason}{text(plan)}\n\n対象: {plan.segment}")
    event.add("categories", [plan.notice.name])
    event.add("transp", "TRANSPARENT")
    return event
