"""What makes a copy fit to be used again: nothing goes out by itself that may have gone out since it was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from bot.domain.broadcasts import HORIZON_SECONDS, Broadcast, State
from bot.domain.clock import from_ms
from bot.store.audit import AuditEntry, record
from bot.store.broadcasts import lock, pause
from bot.store.port import Session

ACTION = "db.restore"
"""`schema.sql` and `copies.sql` know it too."""
_REASON = "restored from a copy: it may have been sent since"
_ALL_MS = 2**62


@dataclass(frozen=True, slots=True)
class Lapse:
    """What may have been sent between the copy and now, as the town's folder says.

    `digest`: a day's digest, of what residents were spared; `articles`: a weekly digest, of news. `notices`:
    how many occurrences of notices, None if the folder cannot be read.
    """

    digest: bool = True
    articles: bool = True
    notices: int | None = None


class Settled(NamedTuple):
    """What staff must decide: broadcasts (ids) that are paused, and those that wait for `send` as they did then.

    `spared` counts messages to residents that no digest will tell any more.
    """

    paused: list[int]
    approved: list[int]
    spared: int


class Returned(NamedTuple):
    """Residents (user ids) who are back although they left since the copy: had themselves erased, or get nothing any more."""

    erased: list[str]
    stopped: list[str]


class Restored(NamedTuple):
    """What a restore has brought; `copied_ms` is ms since the epoch, `notices` as in `Lapse`.

    `returned` is None if what was there before does not tell.
    """

    copied_ms: int
    rows: int
    settled: Settled
    notices: int | None
    safety_copy: Path | None
    returned: Returned | None


async def settle(session: Session, *, copied_ms: int, now_ms: int, actor: str, lapse: Lapse) -> Settled:
    """Make a copy fit to be used.

    A batch that waits is held to be sent already: within the life of its retry key, which began with the copy at the
    earliest, LINE recognises it; after that it ends as unknown, as any batch does.
    """
    now = {"now": now_ms}
    await session.execute("outbox.release_all", now)
    await session.execute("inbox.release_replies")
    await session.execute("outbox.forget_senders", {"before": _ALL_MS, "owner": ""})
    await session.execute("copies.give_up", {**now, "reason": _REASON})
    await session.execute("copies.doubt", {"copied": copied_ms, "reason": _REASON})
    paused = await _pause_all(session, copied_ms, now_ms, actor)
    await session.execute("copies.deal_with_notices", now)
    spared = await session.execute("copies.drop_deferred") if lapse.digest else 0
    if lapse.articles:
        await session.execute("copies.drop_articles")
    await session.execute("copies.begin_news", now)
    await session.execute("copies.begin_telegrams", now)
    detail = f"copy of {from_ms(copied_ms).isoformat(timespec='seconds')}"
    await record(session, AuditEntry(now_ms, actor, ACTION, "database", detail))
    approved = [row["id"] for row in await session.fetch("copies.waiting_for_send")]
    return Settled(paused, approved, spared)


async def _pause_all(session: Session, copied_ms: int, now_ms: int, actor: str) -> list[int]:
    """Also what is paused already: LINE's taking a token again would let it go."""
    numbers = [row["id"] for row in await session.fetch("copies.open_broadcasts")]
    for number in numbers:
        broadcast = await lock(session, number)
        why = reason(broadcast, copied_ms, now_ms)
        if broadcast.state is State.PAUSED:
            await session.execute("copies.keep_paused", {"id": number, "by": actor, "reason": why})
        else:
            await pause(session, broadcast, actor, why, now_ms)
    return numbers


def reason(broadcast: Broadcast, copied_ms: int, now_ms: int) -> str:
    """Why a broadcast is paused after a restore, and what staff must find out, in Japanese."""
    then = from_ms(copied_ms)
    head = f"データベースを {then:%Y-%m-%d %H:%M} のコピーから復元しました。"
    if broadcast.started_ms is not None and broadcast.audience_done:
        until = then + timedelta(seconds=HORIZON_SECONDS)
        return (
            f"{head}届いたかどうかを確かめてから、続ける(resume)か取り消して(cancel)ください。"
            f"{until:%Y-%m-%d %H:%M} までに送る分は、コピーのあとで届いていても LINE が同じキーで見分けます。"
        )
    if broadcast.started_ms is None and (broadcast.scheduled_ms or 0) > now_ms:
        return f"{head}コピーのあとで取り消されていないか確かめてから、予約に戻す(resume)か取り消して(cancel)ください。"
    return (
        f"{head}コピーのあとで送られたかもしれません。届いたかどうかを確かめて、届いていなければ続け(resume)、"
        "届いていれば取り消して(cancel)ください。届いていたのに続けると、二重に届きます。"
    )
