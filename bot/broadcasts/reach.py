"""Whom a broadcast reaches: by its segment, or by the audience it names."""

from __future__ import annotations

from datetime import date

import segments
from bot.domain.audiences import Audience, Staff, Told
from bot.domain.broadcasts import Broadcast
from bot.store.residents import Condition
from bot.store.statements import Dialect
from bot.store.store import Store
from bot.store.told import told_condition, told_or_meant
from bot.town import vocabulary
from bot.town.model import Town


def segment_condition(segment: str, town: Town, today: date) -> segments.Condition:
    """A segment's text as a condition for the database.

    Raises:
        SegmentError: it is not valid in this town.
    """
    return segments.compile(segments.parse(segment, vocabulary(town)), today)


def condition(broadcast: Broadcast, town: Town, today: date, dialect: Dialect) -> Condition | None:
    """The residents a broadcast is for; None for staff, who need not be residents.

    Raises:
        SegmentError: its segment is not valid in this town.
    """
    match broadcast.audience:
        case Staff():
            return None
        case Told(broadcasts, segment="", released=released):
            return told_condition(dialect, broadcasts, released)
        case Told(broadcasts, segment=segment):
            return told_or_meant(dialect, broadcasts, segment_condition(segment, town, today))
        case None:
            return segment_condition(broadcast.segment, town, today)


def staff_addresses(town: Town, audience: Audience | None) -> list[str]:
    """The user ids of an audience of staff; none of any other."""
    if not isinstance(audience, Staff):
        return []
    return [member.user_id for member in town.staff if member.name != audience.but]


async def count(store: Store, town: Town, broadcast: Broadcast, today: date) -> int:
    """How many a broadcast would reach on a day.

    Raises:
        SegmentError: its segment is not valid in this town.
    """
    if broadcast.digest:
        return await store.deferred.audience(broadcast.id)
    found = condition(broadcast, town, today, store.database.dialect)
    if found is None:
        return len(staff_addresses(town, broadcast.audience))
    return await store.residents.count(found)
