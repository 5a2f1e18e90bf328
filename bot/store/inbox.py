"""The inbox: webhook events, committed before LINE gets its 200 and worked off in order per resident."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.domain.residents import Resident
from bot.domain.safety import SafetyAnswer
from bot.store import safety
from bot.store.port import Database, Row, Session
from bot.store.residents import Stored, erase, load, save


class Arrival(NamedTuple):
    """One event as it arrived; `waits` is False for what is only recorded (groups, standby)."""

    event_id: str
    user_id: str | None
    message_id: str | None
    timestamp_ms: int
    raw: bytes
    waits: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an event leads to: the resident afterwards (None: nothing is kept of them) and the reply.

    `reply` is the messages for LINE, empty for none. `state_event_ms` is the event's own timestamp if it
    is a follow or unfollow. `unsent_message_id` is a message that the resident took back. `safety` is what they said
    of themselves. `is_private`: nothing of the event's content is kept once it is processed.
    """

    resident: Resident | None
    reply_token: str | None = None
    reply: Sequence[Mapping[str, Any]] = ()
    state_event_ms: int | None = None
    unsent_message_id: str | None = None
    safety: SafetyAnswer | None = None
    is_private: bool = False


class Reply(NamedTuple):
    """A reply to send: `messages` is the JSON text of LINE's message objects.

    `user_id` is whose next event waits for it; None if they have been erased meanwhile.
    """

    event: int
    user_id: str | None
    token: str
    messages: str
    received_ms: int


class Worked(NamedTuple):
    """Whether there was an event, the reply it leaves to send, and whether more of the resident's wait."""

    found: bool = False
    reply: Reply | None = None
    more: bool = False


Decide = Callable[[bytes, Resident | None, int], Outcome]
"""From an event's bytes, the resident as they are, and the timestamp of their newest follow or unfollow."""


def _reply(event: Row, user_id: str, outcome: Outcome) -> Reply | None:
    if not outcome.reply or not outcome.reply_token:
        return None
    messages = json.dumps(outcome.reply, ensure_ascii=False)
    return Reply(event["id"], user_id, outcome.reply_token, messages, event["received_ms"])


async def _keep(session: Session, stored: Stored | None, outcome: Outcome, now_ms: int) -> None:
    """Write the resident as they are now, and what they said of themselves."""
    assert outcome.resident is not None
    resident_id = await save(session, stored, outcome.resident, now_ms, outcome.state_event_ms)
    if outcome.safety is not None:
        await safety.keep(session, resident_id, outcome.safety, now_ms)


async def _forget(session: Session, event: int, user_id: str, outcome: Outcome) -> None:
    """Empty what the resident took back, and an event of which nothing is to be kept."""
    if outcome.unsent_message_id is not None:
        unsend = {"user_id": user_id, "message_id": outcome.unsent_message_id, "empty": b""}
        await session.execute("inbox.unsend", unsend)
    if outcome.is_private:
        await session.execute("inbox.forget_content", {"id": event, "empty": b""})


class Inbox:
    """What the rest of the program asks about webhook events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, arrivals: Sequence[Arrival], received_ms: int) -> None:
        """Keep events; returns once they are durable. Events already known are ignored."""
        rows = [
            {
                "event_id": arrival.event_id,
                "user_id": arrival.user_id,
                "message_id": arrival.message_id,
                "timestamp_ms": arrival.timestamp_ms,
                "received_ms": received_ms,
                "state": "new" if arrival.waits else "done",
                "raw": arrival.raw,
            }
            for arrival in arrivals
        ]
        await self._database.append("inbox.add", rows)

    async def waiting_users(self) -> list[str]:
        """Residents with unprocessed events."""
        return [row["user_id"] for row in await self._database.fetch("inbox.waiting_users")]

    async def process_next(self, user_id: str, decide: Decide, now_ms: int, lease_until_ms: int) -> Worked:
        """Work off a resident's oldest event in one transaction: effects and "processed" together.

        Until the reply it leaves is `replied` none of their events is taken any more, so that replies come in
        order; from `lease_until_ms` on, others may send it.
        """

        async def work(session: Session) -> Worked:
            stored = await load(session, user_id)
            if not (events := await session.fetch("inbox.next", {"user_id": user_id})):
                return Worked()
            event = events[0]
            outcome = decide(
                bytes(event["raw"]),
                stored.resident if stored else None,
                stored.state_event_ms if stored else 0,
            )
            if outcome.resident is not None:
                await _keep(session, stored, outcome, now_ms)
            await _forget(session, event["id"], user_id, outcome)
            reply = _reply(event, user_id, outcome)
            await session.execute(
                "inbox.processed",
                {
                    "id": event["id"],
                    "state": "replying" if reply else "done",
                    "reply_token": reply.token if reply else None,
                    "reply": reply.messages if reply else None,
                    "lease_until": lease_until_ms if reply else None,
                },
            )
            if outcome.resident is None and stored is not None:
                await erase(session, stored, also_new_events=False)
            return Worked(True, reply, len(events) > 1)

        return await self._database.write(work)

    async def take_over_replies(self, now_ms: int, lease_until_ms: int) -> list[Reply]:
        """Replies whose lease has run out: their sender has ended, and it is for the caller to send them."""

        async def work(session: Session) -> list[Reply]:
            leases = {"now": now_ms, "lease_until": lease_until_ms}
            rows = await session.fetch("inbox.take_over_replies", leases)
            return [
                Reply(row["id"], row["user_id"], row["reply_token"], row["reply"], row["received_ms"])
                for row in rows
            ]

        return await self._database.write(work)

    async def renew_reply(self, event: int, lease_until_ms: int) -> None:
        """Keep a reply that takes long from being taken over."""
        await self._database.append("inbox.renew_reply", [{"id": event, "lease_until": lease_until_ms}])

    async def release_replies(self) -> None:
        """Let every reply be taken over at once: no process sends any."""

        async def work(session: Session) -> int:
            return await session.execute("inbox.release_replies")

        await self._database.write(work)

    async def replied(self, event: int) -> None:
        """A reply has been sent or let go."""
        await self._database.append("inbox.replied", [{"id": event}])

    async def purge(self, before_ms: int) -> None:
        """Drop processed events received before a time."""

        async def work(session: Session) -> int:
            return await session.execute("inbox.purge", {"before": before_ms})

        await self._database.write(work)

    async def waiting(self) -> int:
        """How many events wait."""
        n: int = (await self._database.fetch("inbox.waiting"))[0]["n"]
        return n
