"""What staff are told of JMA's feeds and telegrams: each thing once, whichever process notices it."""

from __future__ import annotations

from typing import NamedTuple

from bot.store.port import Session


class Alarm(NamedTuple):
    """Since when something is wrong, and when staff were last told (None: not yet); ms since the epoch."""

    since_ms: int
    told_ms: int | None


async def begin(session: Session, subject: str, now_ms: int) -> None:
    """Note that something is wrong, unless that is known."""
    await session.execute("alarms.begin", {"subject": subject, "now": now_ms})


async def is_due(session: Session, subject: str, now_ms: int, *, after_ms: int, again_ms: int) -> bool:
    """Whether to tell staff now: it lasts for `after_ms`, and they were not told for `again_ms`. It counts as told."""
    row = {"subject": subject, "now": now_ms, "before": now_ms - after_ms, "again": now_ms - again_ms}
    return bool(await session.execute("alarms.tell", row))


async def since(session: Session, subject: str) -> Alarm | None:
    """Since when something is wrong; None if it is not."""
    rows = await session.fetch("alarms.since", {"subject": subject})
    return Alarm(rows[0]["since_ms"], rows[0]["told_ms"]) if rows else None


async def end(session: Session, subject: str) -> Alarm | None:
    """Note that all is well again; what was wrong, for one process alone."""
    rows = await session.fetch("alarms.end", {"subject": subject})
    return Alarm(rows[0]["since_ms"], rows[0]["told_ms"]) if rows else None
