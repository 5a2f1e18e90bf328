"""Residents, broadcasts and batches put into a store for tests."""

from __future__ import annotations

import json
from typing import Any

import segments
from bot.domain.broadcasts import Broadcast, Endpoint, Event, Priority
from bot.domain.pace import Limit
from bot.domain.residents import Resident
from bot.store import broadcasts as rows
from bot.store.batches import Part, enlist
from bot.store.messages import message_ids
from bot.store.outbox import Batch
from bot.store.residents import Group, audience_page, newest_id
from bot.store.store import Store
from tests.clock import HandClock
from tests.sql import rows_of
from tests.unit.segment_strategies import VOCABULARY

UNLIMITED = dict.fromkeys(Endpoint, Limit(1e6))
MESSAGES: dict[str, list[dict[str, Any]]] = {
    "ja": [{"type": "text", "text": "こんにちは"}],
    "en": [{"type": "text", "text": "Hello"}],
}


def user(number: int) -> str:
    return f"U{number:032x}"


def someone(number: int, **changes: Any) -> Resident:
    return Resident(user(number), **changes)


async def settle(store: Store, *people: Resident) -> None:
    await store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in people])


def condition(clock: HandClock, text: str = "all") -> segments.Condition:
    return segments.compile(segments.parse(text, VOCABULARY), clock.now().date())


def draft(**changes: Any) -> Broadcast:
    return Broadcast("断水", "all", "clerk", **changes)


async def sending(store: Store, clock: HandClock, priority: Priority = Priority.NORMAL) -> int:
    """A broadcast to everybody with its audience in batches."""
    number = await store.broadcasts.create(draft(priority=priority), MESSAGES)
    await store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")
    await store.broadcasts.change(number, Event.SCHEDULE, "clerk", scheduled_ms=clock.now_ms())

    async def gather(session: Any) -> None:
        locked = await rows.lock(session, number)
        broadcast = await rows.move(
            session, locked, Event.START, clock.now_ms(), started_ms=clock.now_ms(), unit=f"machi_{number}"
        )
        upto = await newest_id(session)
        groups = await audience_page(session, condition(clock), 0, upto)
        ids = await message_ids(session, number)
        parts = [
            Part(
                ids.get(language, ids["ja"]),
                [i for g in groups if in_words(g) == language for i in g.ids],
                [u for g in groups if in_words(g) == language for u in g.user_ids],
            )
            for language in dict.fromkeys(map(in_words, groups))
        ]
        now_ms = clock.now_ms()
        await enlist(session, number, int(broadcast.priority), parts, full_ms=now_ms, rest_ms=now_ms)
        await rows.set_audience(session, number, upto, done=True)

    await store.database.write(gather)
    return number


def in_words(group: Group) -> str:
    return group.language if group.language in MESSAGES else "ja"


async def claimed(
    store: Store, limit: int = 100, owner: str = "me", seconds: float = 30, floor: int = 0
) -> list[Batch]:
    """What a sender without rate limits would get."""
    return (await store.outbox.claim(owner, limit, seconds, UNLIMITED, floor)).batches


def recipients(batch: Batch) -> list[str]:
    """Whom a batch names."""
    user_ids: list[str] = json.loads(b"[%b]" % batch.user_ids)
    return user_ids


async def everything(store: Store) -> str:
    """Every cell of every table, to search for what must be gone."""
    tables = [
        "residents",
        "facts",
        "inbox",
        "broadcasts",
        "messages",
        "frozen_templates",
        "batches",
        "recipients",
        "addresses",
        "notices",
        "occurrences",
        "deferred",
        "audit",
        "calendar_entries",
        "news_feeds",
        "news_articles",
        "orders",
        "order_broadcasts",
        "shelter_states",
        "safety",
    ]
    return "\n".join(map(str, await rows_of(store.database, *tables)))
