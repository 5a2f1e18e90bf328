"""What other systems are given: the town's orders with every change, and the broadcasts that are public."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.broadcasts import Broadcast
from bot.domain.orders import Order, OrderState
from bot.store.broadcasts import from_row as broadcast_of
from bot.store.orders import from_row as order_of
from bot.store.port import Database, Row

Messages = Mapping[str, Sequence[Mapping[str, Any]]]
"""LINE message objects by language."""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What became of an order at `at_ms`; `state` and `districts` are those after it.

    `change` is `issue`, `narrow`, `lift` or `supersede` (a higher order has taken its place, wholly or in some
    districts); `broadcast_id` is what told residents of it, None for the last.
    """

    id: int
    order_id: int
    change: str
    state: OrderState
    districts: tuple[str, ...]
    broadcast_id: int | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that there is to publish, straight from the database; `messages` are those of each broadcast in it."""

    orders: tuple[Order, ...]
    changes: tuple[OrderChange, ...]
    broadcasts: tuple[Broadcast, ...]
    order_broadcasts: Mapping[int, Broadcast]
    messages: Mapping[int, Messages]


class PublishedRows:
    """What the feeds ask of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, orders_ms: int, broadcasts_ms: int) -> Record:
        """The orders in force or ended since `orders_ms`, and the public broadcasts begun since `broadcasts_ms`.

        With the orders come those whose place they took, and with the broadcasts those taken back since `orders_ms`.
        Drills are among them.
        """
        fetch = self._database.fetch
        orders = tuple(order_of(row) for row in await fetch("published.orders", {"since": orders_ms}))
        asked = {"orders": json.dumps([order.id for order in orders])}
        changes = tuple(_change(row) for row in await fetch("published.changes", asked)) if orders else ()
        since = {"since": broadcasts_ms, "cancelled_since": orders_ms}
        public = tuple(broadcast_of(row) for row in await fetch("published.broadcasts", since))
        told = dict.fromkeys(each.broadcast_id for each in changes if each.broadcast_id is not None)
        of_orders = {}
        for broadcast_id in told:
            rows = await fetch("broadcasts.find", {"id": broadcast_id})
            of_orders[broadcast_id] = broadcast_of(rows[0])
        messages = await self._messages([*told, *(broadcast.id for broadcast in public)])
        return Record(orders, changes, public, of_orders, messages)

    async def _messages(self, broadcasts: Iterable[int]) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {broadcast: {} for broadcast in broadcasts}
        if found:
            asked = {"broadcasts": json.dumps(list(found))}
            for row in await self._database.fetch("published.messages", asked):
                found[row["broadcast_id"]][row["language"]] = json.loads(row["payload"])
        return found


def _change(row: Row) -> OrderChange:
    return OrderChange(
        id=row["id"],
        order_id=row["order_id"],
        change=row["change"],
        state=OrderState(row["state"]),
        districts=tuple(json.loads(row["districts"])),
        broadcast_id=row["broadcast_id"],
        at_ms=row["at_ms"],
    )
