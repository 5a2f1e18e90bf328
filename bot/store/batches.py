"""What happens to batches within a transaction: recipients join, leave, and are divided anew."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bot.domain.broadcasts import BATCH_SIZE, Endpoint
from bot.store.port import Session

HELD = 2**53
"""The due time of batches that wait until they are let go; `outbox.sql` has it as 9007199254740992."""
AT_ONCE = 0
"""The due time of batches that may go: also on a machine whose clock is behind."""


class Part(NamedTuple):
    """Residents who get the same message; `ids` and `user_ids` are parallel."""

    message_id: int
    ids: Sequence[str]
    user_ids: Sequence[str]


def joined(parts: Iterable[Part]) -> list[Part]:
    """One part for each message: languages without a translation may share one."""
    found: dict[int, tuple[list[str], list[str]]] = {}
    for part in parts:
        ids, user_ids = found.setdefault(part.message_id, ([], []))
        ids += part.ids
        user_ids += part.user_ids
    return [Part(message_id, *members) for message_id, members in found.items()]


def _row(broadcast_id: int, priority: int, part: Part, due_ms: int) -> dict[str, Any]:
    return {
        "broadcast_id": broadcast_id,
        "message_id": part.message_id,
        "retry_key": str(uuid.uuid4()),
        "priority": priority,
        "due_ms": due_ms,
        **_extent(part.ids),
        "resident_ids": ",".join(part.ids),
        "user_ids_json": _to_json(part.user_ids),
    }


def _to_json(user_ids: Sequence[str]) -> str:
    """JSON strings joined by commas, as the body of a request has them between its brackets."""
    return json.dumps(user_ids, separators=(",", ":"))[1:-1]


def _from_json(joined: str) -> list[str]:
    user_ids: list[str] = json.loads(f"[{joined}]")
    return user_ids


def _extent(ids: Sequence[str]) -> dict[str, Any]:
    numbers = list(map(int, ids))
    return {
        "size": len(ids),
        "endpoint": Endpoint.to(len(ids)).value,
        "first_resident": min(numbers, default=0),
        "last_resident": max(numbers, default=0),
    }


async def enlist(
    session: Session, broadcast_id: int, priority: int, parts: Sequence[Part], *, full_ms: int, rest_ms: int
) -> None:
    """Put residents into batches of 500, filling held ones of the same message first.

    Full batches may be sent from `full_ms` on, others from `rest_ms`; HELD: when `let_go` is called.
    """
    room = {"id": broadcast_id, "room": BATCH_SIZE - 1}
    unfilled = {row["message_id"]: row for row in await session.fetch("outbox.unfilled", room)}
    fills, rows = [], []
    for part in parts:
        start = 0
        if held := unfilled.get(part.message_id):
            start = BATCH_SIZE - held["size"]
            more = Part(part.message_id, part.ids[:start], part.user_ids[:start])
            due_ms = full_ms if len(more.ids) == start else rest_ms
            fills.append(
                {**_row(broadcast_id, priority, more, due_ms), "id": held["id"], "more": len(more.ids)}
            )
        for begin in range(start, len(part.ids), BATCH_SIZE):
            end = begin + BATCH_SIZE
            due_ms = full_ms if end <= len(part.ids) else rest_ms
            some = Part(part.message_id, part.ids[begin:end], part.user_ids[begin:end])
            rows.append(_row(broadcast_id, priority, some, due_ms))
    for statement in ("outbox.fill", "outbox.fill_recipients", "outbox.fill_addresses"):
        await session.execute_many(statement, fills)
    await _add(session, rows)


async def _add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    for statement in ("outbox.add_batch", "outbox.add_recipients", "outbox.add_addresses"):
        await session.execute_many(statement, rows)


async def add_to_all(
    session: Session, broadcast_id: int, priority: int, *, message_id: int, size: int, due_ms: int
) -> None:
    """One batch for LINE's broadcast endpoint; `size` is how many of its receivers the database knows."""
    row = _row(broadcast_id, priority, Part(message_id, (), ()), due_ms)
    await _add(session, [{**row, **_to_all(size)}])


def _to_all(size: int) -> dict[str, Any]:
    return {"size": size, "endpoint": Endpoint.BROADCAST.value}


async def let_go(session: Session, broadcast_id: int) -> None:
    """Allow the batches of a broadcast that were held."""
    await session.execute("outbox.let_go", {"id": broadcast_id, "due_ms": AT_ONCE})
    await session.notify()


async def is_under_way(session: Session, broadcast_id: int) -> bool:
    """Whether any batch of a broadcast may be sent or has been."""
    return bool(await session.fetch("outbox.is_under_way", {"id": broadcast_id}))


async def withdraw(session: Session, resident_id: int) -> None:
    """Take a resident out of every batch LINE surely does not have; the others must go out as they were."""
    for row in await session.fetch("outbox.waiting_with", {"id": resident_id}):
        ids, user_ids = row["resident_ids"].split(","), _from_json(row["user_ids_json"])
        if str(resident_id) not in ids:
            continue
        place = ids.index(str(resident_id))
        del ids[place], user_ids[place]
        size = {"size": len(ids), "endpoint": Endpoint.to(len(ids)).value}
        await session.execute("outbox.set_size", {"id": row["id"], **size})
        await session.execute("outbox.set_recipients", {"id": row["id"], "resident_ids": ",".join(ids)})
        await session.execute("outbox.set_addresses", {"id": row["id"], "user_ids_json": _to_json(user_ids)})


async def divide(session: Session, batch_id: int, retry_key: str, now_ms: int, reason: str) -> bool:
    """Make two halves of a batch that LINE refused, each under a key of its own, so that it can be resent.

    False if it is not open any more under that key: somebody else has dealt with the same answer.
    """
    rows = await session.fetch("outbox.open", {"id": batch_id, "retry_key": retry_key})
    if not rows:
        return False
    row = rows[0]
    ids, user_ids = row["resident_ids"].split(","), _from_json(row["user_ids_json"])
    half = len(ids) // 2
    first = Part(row["message_id"], ids[:half], user_ids[:half])
    second = Part(row["message_id"], ids[half:], user_ids[half:])
    await renew(session, batch_id, first, now_ms, reason)
    await _add(session, [_row(row["broadcast_id"], row["priority"], second, now_ms)])
    await session.notify()
    return True


async def renew(session: Session, batch_id: int, part: Part, due_ms: int, reason: str | None) -> None:
    """Make a batch a new one under a key of its own, for these recipients."""
    row = {"id": batch_id, **_row(0, 0, part, due_ms), "reason": reason}
    for statement in ("outbox.renew_key", "outbox.set_recipients", "outbox.set_addresses"):
        await session.execute(statement, row)


async def send_unknown_again(session: Session, broadcast_id: int, now_ms: int) -> int:
    """Make new batches of those LINE never answered, for whoever of them still follows; how many residents.

    Some may have got the message already: whether to do this is for staff to decide.
    """
    residents = 0
    for row in await session.fetch("outbox.unknown", {"id": broadcast_id}):
        if row["endpoint"] == Endpoint.BROADCAST.value:  # it names nobody: LINE knows its friends
            again = {**_row(0, 0, Part(0, (), ()), now_ms), **_to_all(row["size"])}
            await session.execute("outbox.renew_key", {**again, "id": row["id"], "reason": None})
            residents += row["size"]
            continue
        ids = {"ids": json.dumps([int(number) for number in row["resident_ids"].split(",") if number])}
        found = await session.fetch("residents.following_of", ids)
        if found:
            part = Part(0, [str(each["id"]) for each in found], [each["user_id"] for each in found])
            await renew(session, row["id"], part, now_ms, None)
            residents += len(found)
    await session.notify()
    return residents
