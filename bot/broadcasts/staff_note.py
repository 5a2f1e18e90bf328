"""What the program itself tells the staff, in the transaction of what it tells of."""

from __future__ import annotations

import logging

from bot.broadcasts.reach import staff_addresses
from bot.domain.audiences import Staff
from bot.domain.broadcasts import Broadcast, Priority
from bot.domain.errors import InvalidInputError
from bot.line.limits import cut
from bot.rendering import text_messages
from bot.store import broadcasts as rows
from bot.store.port import Session
from bot.town.model import Town

_log = logging.getLogger(__name__)

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
        priority=priority,
        drill=drill,
        created_ms=now_ms,
        audience=audience,
    ).approved(SERVICE)
    payloads = {"ja": text_messages(f"【職員への連絡】\n{words}", drill=drill)}
    return await rows.insert(session, note, payloads)


async def tell_of_draft(session: Session, town: Town, draft: Broadcast, why: str, now_ms: int) -> None:
    """Tell staff of a draft that nobody of them made: without them it reaches no resident.

    What is an emergency is one for them, too.
    """
    words = [
        f"下書き {draft.id}「{draft.title}」があります。住民には、まだ送っていません。",
        f"理由: {why}",
        f"対象: {cut(draft.segment, 300)}",
        f"内容を見る: machi broadcast preview {draft.id}",
        f"送る: machi broadcast approve {draft.id} のあと machi broadcast send {draft.id}",
        f"送らない: machi broadcast cancel {draft.id}",
    ]
    priority, title = max(Priority.URGENT, draft.priority), cut(f"下書き: {draft.title}", 100)
    try:
        note = await tell_staff(session, town, title, "\n".join(words), now_ms, priority=priority)
    except InvalidInputError as error:  # the draft must be kept all the same
        _log.error("The note to staff of draft %d cannot be sent: %s", draft.id, error)
        return
    if note is None:
        _log.error("Draft %d waits and nobody can be told: town.toml has no [[staff]]", draft.id)
