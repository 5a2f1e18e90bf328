"""Evacuation orders in the database; an order follows the broadcasts that tell of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bot.domain.broadcasts import Event, State
from bot.domain.errors import NotFoundError, RefusedError
from bot.domain.orders import (
    DEED_WORDS,
    Deed,
    Order,
    OrderState,
    Reach,
    refuse_conflicts,
    still_in_force,
    superseded_parts,
)
from bot.store.audit import AuditEntry, record
from bot.store.port import Database, Row, Session


class Telling(NamedTuple):
    """A broadcast of an order: what it does once it is approved, and the districts the order holds for then."""

    broadcast_id: int
    deed: Deed
    districts: tuple[str, ...]
    state: State


def from_row(row: Row) -> Order:
    """An order as its row has it."""
    fields = {name: row[name] for name in Order.__dataclass_fields__}
    return Order(
        **{
            **fields,
            "districts": tuple(json.loads(row["districts"])),
            "reasons": json.loads(row["reasons"]),
            "state": OrderState(row["state"]),
            "reach": Reach(row["reach"]),
            "drill": bool(row["drill"]),
            "alone": bool(row["alone"]),
        }
    )


def _list(names: tuple[str, ...]) -> str:
    return json.dumps(names, ensure_ascii=False)


async def insert(session: Session, order: Order) -> int:
    """Store a new order; its id."""
    row = {
        "level": order.level,
        "hazard": order.hazard,
        "districts": _list(order.districts),
        "reasons": json.dumps(order.reasons, ensure_ascii=False),
        "state": order.state.value,
        "reach": order.reach.value,
        "drill": int(order.drill),
        "scenario": order.scenario,
        "author": order.author,
        "created_ms": order.created_ms,
    }
    return int((await session.fetch("orders.insert", row))[0]["id"])


async def add_broadcast(
    session: Session, order_id: int, broadcast_id: int, deed: Deed, districts: tuple[str, ...]
) -> None:
    """Note what a broadcast will do to an order.

    Raises:
        RefusedError: another one waits for approval: who approves an order must not get something else than they read.
    """
    await session.fetch("orders.lock")
    for waiting in await _tellings(session, order_id):
        if waiting.state is State.DRAFT:
            raise RefusedError(
                f"避難情報 {order_id} には、{DEED_WORDS[waiting.deed]}の下書きがもうあります(配信 {waiting.broadcast_id})。"
                f"先に承認するか(machi order approve {order_id})、取り消してください(machi order cancel {order_id})。"
            )
    row = {"broadcast_id": broadcast_id, "order_id": order_id, "deed": deed.value}
    await session.execute("orders.add_broadcast", {**row, "districts": _list(districts)})


async def _save(session: Session, order: Order) -> None:
    await session.execute(
        "orders.set_state",
        {
            "id": order.id,
            "state": order.state.value,
            "districts": _list(order.districts),
            "approver": order.approver,
            "alone": int(order.alone),
            "issued_ms": order.issued_ms,
            "ended_ms": order.ended_ms,
            "superseded_by": order.superseded_by,
        },
    )


async def _change(
    session: Session, order: Order, change: str, now_ms: int, broadcast_id: int | None = None
) -> None:
    """Save an order, and note the change as others are told of it."""
    await _save(session, order)
    row = {"order_id": order.id, "change": change, "state": order.state.value, "at_ms": now_ms}
    row |= {"districts": _list(order.districts), "broadcast_id": broadcast_id}
    await session.execute("orders.add_change", row)


async def lock(session: Session, order_id: int) -> Order:
    """An order, with every order locked against other changes.

    Raises:
        NotFoundError: there is none of that id.
    """
    await session.fetch("orders.lock")
    return await _find(session, order_id)


async def _find(source: Session | Database, order_id: int) -> Order:
    rows = await source.fetch("orders.find", {"id": order_id})
    if not rows:
        raise NotFoundError(f"避難情報 {order_id} はありません。machi order list で番号を確かめてください。")
    return from_row(rows[0])


async def _tellings(source: Session | Database, order_id: int) -> list[Telling]:
    return [
        Telling(
            row["broadcast_id"], Deed(row["deed"]), tuple(json.loads(row["districts"])), State(row["state"])
        )
        for row in await source.fetch("orders.broadcasts", {"id": order_id})
    ]


async def active(source: Session | Database) -> list[Order]:
    """The orders in force, oldest first, drills included."""
    return [from_row(row) for row in await source.fetch("orders.active")]


async def mark_alone(session: Session, order_id: int) -> None:
    """Note that an order's author approved it, there being nobody else."""
    await _save(session, replace(await lock(session, order_id), alone=True))


async def follow(session: Session, broadcast_id: int, event: Event, actor: str, now_ms: int) -> list[int]:
    """Let the order of a broadcast, if it has one, follow what happens to that; the broadcasts it has overtaken.

    Raises:
        RefusedError: the order cannot come into force, or is not in force any more.
    """
    if event not in {Event.APPROVE, Event.CANCEL}:
        return []
    rows = await session.fetch("orders.of_broadcast", {"id": broadcast_id})
    if not rows:
        return []
    deed, districts = Deed(rows[0]["deed"]), tuple(json.loads(rows[0]["districts"]))
    order = await lock(session, rows[0]["order_id"])
    over: list[Order] = []
    if event is Event.CANCEL:
        if deed is not Deed.ISSUE or order.state is not OrderState.DRAFT:
            return []  # what is in force stays so, whoever has heard of it, until it is lifted
        moved, action = replace(order, state=OrderState.CANCELLED, ended_ms=now_ms), "order.cancel"
    elif deed is Deed.ISSUE:
        over = await _supersede(session, order, actor, now_ms)
        moved = replace(order, state=OrderState.IN_FORCE, approver=actor, issued_ms=now_ms)
        action = "order.issue"
    else:
        moved, action = _end(order, deed, districts, now_ms), f"order.{deed}"
        over = [order] if deed is Deed.LIFT else []
    if event is Event.CANCEL:
        await _save(session, moved)
    else:
        await _change(session, moved, deed.value, now_ms, broadcast_id)
    detail = f"{moved.title} {moved.hazard} {'・'.join(districts or order.districts)}"
    await record(session, AuditEntry(now_ms, actor, action, f"order:{order.id}", detail))
    told = [
        each for one in over for each in await _tellings(session, one.id) if each.state is not State.DRAFT
    ]
    return [each.broadcast_id for each in told if each.broadcast_id != broadcast_id]


async def require_still_true(session: Session, broadcast_id: int, context: Mapping[str, Any]) -> None:
    """Check that the draft of an order, if this is one, is true yet: what is approved is sent as it was read.

    Raises:
        RefusedError: a shelter that it names as open is not, or the other orders are no longer those it names.
    """
    rows = await session.fetch("orders.of_broadcast", {"id": broadcast_id})
    if not rows:
        return
    order = await lock(session, rows[0]["order_id"])
    again = f"下書きを取り消して(machi order cancel {order.id})、作り直してください。"
    if "still" in context and context["still"] != still_in_force(order, await active(session)):
        raise RefusedError(f"ほかの避難情報が、この下書きのあとで変わりました。{again}")
    open_ids = {row["shelter_id"] for row in await session.fetch("shelters.all") if row["state"] == "open"}
    names = [
        site["name"] for site in context.get("sites", ())
    ]  # of the first of them; the others are on paper alone
    ids = context.get("site_ids", ())
    gone = [names[n] if n < len(names) else ids[n] for n in range(len(ids)) if ids[n] not in open_ids]
    if gone:
        named = "」「".join(gone)
        raise RefusedError(f"「{named}」は、この下書きのあとで開設ではなくなりました。{again}")


async def _supersede(session: Session, order: Order, actor: str, now_ms: int) -> list[Order]:
    """Lower orders for the same hazard no longer hold where a new one does; those whose messages it also replaces.

    A message is replaced only where the new one goes to everybody the old one was for.
    """
    standing = await active(session)
    refuse_conflicts(order, standing)
    replaced = []
    for other, rest in superseded_parts(order, standing):
        if rest:
            changed = replace(other, state=OrderState.NARROWED, districts=rest)
        else:
            changed = replace(other, state=OrderState.SUPERSEDED, ended_ms=now_ms, superseded_by=order.id)
            replaced += [other] if order.reach in {other.reach, Reach.ALL, Reach.EVERYONE} else []
        await _change(session, changed, "supersede", now_ms)
        detail = f"{'・'.join(rest) or '-'} (order:{order.id})"
        await record(session, AuditEntry(now_ms, actor, "order.supersede", f"order:{other.id}", detail))
    return replaced


def _end(order: Order, deed: Deed, districts: tuple[str, ...], now_ms: int) -> Order:
    """The order lifted, or narrowed to these of the districts it still holds for."""
    if not order.is_active:
        raise RefusedError(f"避難情報 {order.id} は、いまは発令中ではありません。")
    if deed is Deed.LIFT:
        return replace(order, state=OrderState.LIFTED, ended_ms=now_ms)
    kept = tuple(district for district in order.districts if district in districts)
    if kept != districts:
        raise RefusedError(
            f"避難情報 {order.id} の対象は、この下書きのあとで変わりました。下書きを取り消して、作り直してください。"
        )
    return replace(order, state=OrderState.NARROWED, districts=kept)


class Orders:
    """What the rest of the program asks about orders."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, order_id: int) -> Order:
        """One order.

        Raises:
            NotFoundError: there is none of that id.
        """
        return await _find(self._database, order_id)

    async def newest(self, limit: int) -> list[Order]:
        """The newest orders, newest first."""
        return [from_row(row) for row in await self._database.fetch("orders.list", {"limit": limit})]

    async def active(self) -> list[Order]:
        """The orders in force, oldest first, drills included."""
        return await active(self._database)

    async def tellings(self, order_id: int) -> list[Telling]:
        """The broadcasts of an order, oldest first."""
        return await _tellings(self._database, order_id)

    async def released(self, order_id: int) -> list[tuple[str, int]]:
        """The districts an order no longer holds for while it goes on, each with the broadcast that told of that."""
        held: set[str] = set()
        found = []
        for row in await self._database.fetch("orders.changes", {"id": order_id}):
            now = set(json.loads(row["districts"]))
            found += [(district, row["broadcast_id"]) for district in sorted(held - now)]
            held = now
        return found

    async def of_broadcast(self, broadcast_id: int) -> tuple[Order, Deed] | None:
        """The order that a broadcast tells of, and what that does to it."""
        rows = await self._database.fetch("orders.of_broadcast", {"id": broadcast_id})
        return (await self.find(rows[0]["order_id"]), Deed(rows[0]["deed"])) if rows else None

    async def superseded_by(self, order_id: int) -> list[Order]:
        """The orders whose place an order has taken wholly, and theirs in turn."""
        found = [
            from_row(row) for row in await self._database.fetch("orders.superseded_by", {"id": order_id})
        ]
        return found + [older for order in found for older in await self.superseded_by(order.id)]
