"""Alerts of bus routes and stops in the database."""

from __future__ import annotations

import json
from typing import NamedTuple

from bot.domain.broadcasts import State
from bot.domain.bus_alerts import BusAlert, Cause, Effect
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError, RefusedError
from bot.store.audit import AuditEntry, record
from bot.store.port import Database, Row, Session


class Stored(NamedTuple):
    """An alert and the state of its broadcast."""

    alert: BusAlert
    state: State


def _stored(row: Row) -> Stored:
    alert = BusAlert(
        Effect(row["effect"]),
        Cause(row["cause"]),
        row["from_ms"],
        row["until_ms"],
        tuple(json.loads(row["routes"])),
        tuple(json.loads(row["stops"])),
        json.loads(row["header"]),
        json.loads(row["description"]),
        row["ended_ms"],
        row["broadcast_id"],
        row["id"],
    )
    return Stored(alert, State(row["state"]))


async def insert(session: Session, alert: BusAlert, broadcast_id: int) -> int:
    """Store an alert in the transaction of its broadcast; its id."""
    texts = {
        name: json.dumps(getattr(alert, name), ensure_ascii=False)
        for name in ("routes", "stops", "header", "description")
    }
    numbers = {"effect": int(alert.effect), "cause": int(alert.cause)}
    times = {"from_ms": alert.from_ms, "until_ms": alert.until_ms}
    rows = await session.fetch(
        "bus_alerts.insert", {"broadcast_id": broadcast_id, **numbers, **times, **texts}
    )
    return int(rows[0]["id"])


class BusAlerts:
    """What the rest of the program asks about alerts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def newest(self, limit: int) -> list[Stored]:
        """The newest alerts, newest first."""
        return [_stored(row) for row in await self._database.fetch("bus_alerts.list", {"limit": limit})]

    async def published(self) -> list[BusAlert]:
        """The alerts that residents have been told of and that are not over, oldest first."""
        rows = await self._database.fetch("bus_alerts.published", {"now": self._clock.now_ms()})
        return [_stored(row).alert for row in rows]

    async def end(self, alert_id: int, actor: str) -> Stored:
        """End an alert before its time; it is not published any more. The alert as it then is.

        Raises:
            NotFoundError: there is none of that id.
            RefusedError: it has been ended already.
        """
        now = self._clock.now_ms()

        async def work(session: Session) -> Stored:
            changed = await session.execute("bus_alerts.end", {"id": alert_id, "now": now})
            rows = await session.fetch("bus_alerts.find", {"id": alert_id})
            if not rows:
                raise NotFoundError(
                    f"バスのお知らせ {alert_id} はありません。machi bus alert list で確かめてください。"
                )
            if not changed:
                raise RefusedError(f"バスのお知らせ {alert_id} は、もう終わっています。")
            found = _stored(rows[0])
            deed = AuditEntry(now, actor, "bus_alert.end", f"bus_alert:{alert_id}", found.alert.header["ja"])
            await record(session, deed)
            return found

        return await self._database.write(work)
