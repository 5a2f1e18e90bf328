"""What the program itself tells the staff, in the transaction of what it tells of."""

from __future__ import annotations

from bot.broadcasts.reach import staff_addresses
from bot.domain.audiences import Staff
from bot.domain.broadcasts import Priority, State
from bot.rendering import text_messages
from bot.store import broadcasts as rows
from bot.store.broadcasts import Broadcast
from bot.store.port import Session
from bot.town.model import Town

SERVICE = "machi"
"""The author and approver of notes that the program itself sends to staff."""


async def tell_staff(
    session: Session,
    town: Town,
    title: str,
    words: str,
    now_ms: int,
    *,
    audience: Staff = Staff(),  # noqa: B008  it never changes
    priority: Priority = Priority.URGENT,
    drill: bool = False,
) -> int | None:
    """Store a note to the staff that goes out at once; its broadcast, None if the town has nobody to tell."""
    if not staff_addresses(town, audience):
        return None
    note = Broadcast(
        title=title,
        segment=str(audience),
        author=SERVICE,
        state=State.SCHEDULED,
        priority=priority,
        drill=drill,
        approver=SERVICE,
        created_ms=now_ms,
        approved_ms=now_ms,
        scheduled_ms=now_ms,
        audience=audience,
    )
    payloads = {"ja": text_messages(f"【職員への連絡】\n{words}", drill=drill)}
    return await rows.insert(session, note, payloads)
