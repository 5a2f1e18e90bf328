"""What the town's folder says may have gone out between two moments of which the database knows nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.schedule.occurrences import occurrences
from bot.store.settling import Lapse
from bot.town.model import Town


def lapse(town: Town | None, since: datetime, now: datetime) -> Lapse:
    """What may have been sent in (since, now]; without a town (its folder cannot be read), anything."""
    if town is None:
        return Lapse()
    due = {notice.name: len(list(occurrences(notice.rule, since, now))) for notice in town.notices}
    return Lapse(
        digest=_digest_was_due(town, since, now),
        articles=any(notice.digest and due[notice.name] for notice in town.notices),
        notices=sum(due.values()),
    )


def _digest_was_due(town: Town, since: datetime, now: datetime) -> bool:
    if town.overload is None:
        return False
    day = since.date()
    if town.overload.digest_at(day) <= since:
        day += timedelta(days=1)
    return town.overload.digest_at(day) <= now
