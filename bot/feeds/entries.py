"""The entries of the town's calendar: its events, and the dates that notices count back from, such as tax due dates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import segments
from bot.domain.events import Event, midnight
from bot.domain.residents import Fact, Resident
from bot.schedule.rules import CalendarEntry, FromDates, Moved
from bot.town import notice_segment, vocabulary
from bot.town.model import Notice, Town
from bot.town.recurrence import occurring


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: an event (or one occurrence of it), and whether it concerns a resident on a day."""

    uid: str
    event: Event
    concerns: Callable[[Resident, date], bool]


def entries(town: Town, first: date, last: date) -> list[Entry]:
    """Every entry that touches the days from `first` to `last`, in order of time."""
    events = [
        Entry(_uid(town, "event", event.id), event, partial(_is_for, event))
        for event in occurring(town.events, first, last)
    ]
    dates = (entry for entry in _dates(town) if first <= entry.event.first_day <= last)
    return sorted([*events, *dates], key=lambda entry: (entry.event.start, entry.uid))


def _uid(town: Town, kind: str, key: str) -> str:
    """Globally unique and the same for ever, whatever characters the key has."""
    digest = hashlib.sha256(f"{kind}/{key}".encode()).hexdigest()[:32]
    return f"{digest}@{town.codes['local_government']}.machi-push"


def _is_for(event: Event, resident: Resident, _today: date) -> bool:
    """Who chose one of its topics; of one for a district, who lives there or has not said where."""
    topics, districts = resident.values(Fact.TOPIC), resident.values(Fact.DISTRICT)
    chosen = not event.topics or any(topic in topics for topic in event.topics)
    return chosen and (not event.district or not districts or event.district in districts)


def _dates(town: Town) -> Iterator[Entry]:
    """The dates of every calendar that notices use, each once, under the title of the first notice."""
    seen: set[int] = set()  # notices that count from one file share its entries
    for notice in town.notices:
        rule = notice.rule.rule if isinstance(notice.rule, Moved) else notice.rule
        if isinstance(rule, FromDates) and id(rule.entries) not in seen:
            seen.add(id(rule.entries))
            for entry in rule.entries:
                yield _date(town, notice, entry)


def _date(town: Town, notice: Notice, entry: CalendarEntry) -> Entry:
    own = {"due_date": entry.day.isoformat(), "days_left": "0"}
    context = {**notice.context, **entry.context, **own}
    wanted = segments.parse(notice_segment(town, notice, context), vocabulary(town))
    begin = midnight(entry.day)
    event = Event(
        id=entry.key,
        name=notice.titled(context),
        start=begin,
        end=begin + timedelta(days=1),
        all_day=True,
        place=entry.context.get("place", ""),
        categories=("納期限",) if "tax" in entry.context else (),
    )
    return Entry(_uid(town, f"date/{notice.name}", entry.key), event, partial(segments.matches, wanted))
