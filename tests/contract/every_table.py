"""A database with rows in every table, whatever type of value they can hold, and how to read them all back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from bot.store.copies import columns, counters, tables
from bot.store.store import sqlite_path

LARGE = 2**62 + 1
RAW = bytes(range(256))
TEXT = "河北町 😀\n'\"\\ \t%s :name $1 {x}"

ROWS: dict[str, list[dict[str, Any]]] = {
    "residents": [
        {
            "id": 1,
            "user_id": "U1",
            "language": "ja",
            "state": "following",
            "created_ms": LARGE,
            "updated_ms": 0,
        },
        {
            "id": 2**40,
            "user_id": "U2",
            "language": "vi",
            "state": "blocked",
            "state_event_ms": -1,
            "dialogue": TEXT,
            "created_ms": 1,
            "updated_ms": 2,
            "calendar_token": "token",
        },
    ],
    "facts": [{"resident_id": 2**40, "key": "district", "value": "", "position": 2**31 - 1}],
    "inbox": [
        {"event_id": "e1", "timestamp_ms": 1, "received_ms": 2, "state": "new", "raw": RAW},
        {
            "event_id": "e2",
            "user_id": "U1",
            "message_id": "m",
            "timestamp_ms": LARGE,
            "received_ms": 2,
            "state": "replying",
            "raw": b"",
            "reply_token": "t",
            "reply": TEXT,
            "lease_until_ms": LARGE,
        },
    ],
    "broadcasts": [
        {
            "id": 7,
            "title": TEXT,
            "state": "sending",
            "segment": "all",
            "priority": 0,
            "drill": 0,
            "context": "{}",
            "author": "clerk",
            "created_ms": 1,
            "scheduled_ms": LARGE,
        }
    ],
    "messages": [{"id": 9, "broadcast_id": 7, "language": "ja", "digest": "", "payload": TEXT}],
    "frozen_templates": [{"broadcast_id": 7, "template": TEXT}],
    "batches": [
        {
            "id": 11,
            "broadcast_id": 7,
            "message_id": 9,
            "retry_key": "key",
            "priority": -1,
            "size": 1,
            "first_resident": 1,
            "last_resident": 2**40,
            "state": "leased",
            "due_ms": 2**53,
            "lease_owner": "me",
        }
    ],
    "recipients": [{"batch_id": 11, "resident_ids": "1,1099511627776"}],
    "addresses": [{"batch_id": 11, "user_ids_json": '"U1","U2"'}],
    "notices": [{"name": "story-time", "checked_ms": LARGE}],
    "occurrences": [
        {"notice": "n", "key": "k", "at_ms": 1, "state": "fired", "broadcast_id": 7, "recorded_ms": 2},
        {"notice": "n", "key": "l", "at_ms": 1, "state": "missed", "recorded_ms": 2, "reason": TEXT},
    ],
    "audit": [{"at_ms": 1, "actor": "clerk", "action": "a", "subject": "s", "detail": TEXT}],
    "rates": [{"endpoint": "push", "tokens": 0.1, "share": 1e300, "at_us": LARGE, "slowed_us": 0}],
    "senders": [{"owner": "o", "seen_ms": 1}, {"owner": "p", "seen_ms": 1, "fault": TEXT}],
    "told": [{"notice": "n", "key": "k", "told_ms": 1}],
    "calendar_entries": [{"uid": "u", "digest": "d", "sequence": 3, "changed_ms": 1}],
    "news_feeds": [{"address": "https://x", "due_ms": 1, "etag": '"e"', "started_ms": 1, "failures": 2}],
    "news_articles": [
        {
            "feed": "https://x",
            "key": "k",
            "likeness": "l",
            "title": TEXT,
            "summary": "",
            "link": "",
            "seen_ms": 1,
            "outcome": "at_once",
            "broadcast_id": 7,
        }
    ],
    "bus_alerts": [
        {
            "broadcast_id": 7,
            "effect": 1,
            "cause": 2,
            "from_ms": 1,
            "routes": "[]",
            "stops": "[]",
            "header": TEXT,
            "description": "",
        }
    ],
    "deferred": [{"resident_id": 1, "broadcast_id": 7, "message_id": 9}],
    "orders": [  # the first refers to the second
        {
            "id": number,
            "level": 4,
            "hazard": "土砂災害",
            "districts": "[]",
            "reasons": "{}",
            "state": state,
            "reach": "all",
            "drill": 0,
            "author": "clerk",
            "created_ms": 1,
            **more,
        }
        for number, state, more in ((2, "in_force", {}), (1, "superseded", {"superseded_by": 2}))
    ],
    "order_broadcasts": [{"broadcast_id": 7, "order_id": 2, "deed": "issue", "districts": "[]"}],
    "shelter_states": [{"shelter_id": "s", "state": "open", "actor": "clerk", "at_ms": 1}],
    "safety": [
        {"resident_id": 1, "state": "help", "latitude": 38.4266, "longitude": -0.0, "at_ms": 1},
        {"resident_id": 2**40, "state": "safe", "place": TEXT, "at_ms": 1},
    ],
    "jma_feeds": [{"address": "https://j", "due_ms": 1, "succeeded_ms": LARGE, "failure": TEXT}],
    "telegrams": [
        {
            "address": "a",
            "type": "VPWW55",
            "sender": "s",
            "body": RAW,
            "title": TEXT,
            "fetched_ms": 1,
            "outcome": "counted",
        }
    ],
    "hazard_state": [{"id": 1, "state": TEXT, "changed_ms": 1}],
    "hazard_messages": [
        {"thread": "t", "step": "new", "telegram": "x", "broadcast_id": 7, "made_ms": 1},
    ],
    "order_changes": [
        {"id": 4, "order_id": 2, "change": "issue", "state": "in_force", "districts": "[]", "at_ms": 1},
        {
            "id": 5,
            "order_id": 1,
            "change": "supersede",
            "state": "superseded",
            "districts": "[]",
            "broadcast_id": 7,
            "at_ms": LARGE,
        },
    ],
    "cap_alerts": [
        {
            "id": 3,
            "place": "https://c/1",
            "source": "https://c",
            "sender": "s",
            "identifier": "i",
            "sent_ms": 1,
            "status": "Actual",
            "message_type": "Alert",
            "headline": TEXT,
            "received_ms": 2,
            "outcome": "draft",
            "broadcast_id": 7,
        }
    ],
    "drills": [
        {
            "id": 6,
            "folder": "f",
            "speed": 0.1,
            "actor": "clerk",
            "reach": "staff",
            "state": "stopped",
            "reason": TEXT,
            "started_ms": 1,
            "seen_ms": 2,
            "ended_ms": LARGE,
        }
    ],
    "drill_steps": [
        {"id": 8, "drill_id": 6, "files": "[]", "reported_ms": 1, "issued_ms": 2, "decided_ms": 3}
    ],
    "drill_messages": [
        {
            "id": 9,
            "drill_id": 6,
            "step_id": 8,
            "thread": "t",
            "step": "new",
            "telegram": "x",
            "broadcast_id": 7,
        },
        {"id": 10, "drill_id": 6, "thread": "", "step": "end", "telegram": "", "broadcast_id": 7},
    ],
    "jma_alarms": [
        {"subject": "feed:a", "since_ms": 1},
        {"subject": "unread:b", "since_ms": 1, "told_ms": 2},
    ],
}
"""In an order in which no row refers to a later one. Every table but the ledger, which every database has."""

Everything = dict[str, list[dict[str, Any]]]


async def fill(url: str) -> None:
    """Put the rows into a database with an up-to-date schema."""
    path = sqlite_path(url)
    if path is not None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for table, rows in ROWS.items():
                for row in rows:
                    places = ", ".join("?" * len(row))
                    connection.execute(
                        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values())
                    )
        return
    connection = await asyncpg.connect(url)
    for table, rows in ROWS.items():
        for row in rows:
            places = ", ".join(f"${n}" for n, _ in enumerate(row, 1))
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) OVERRIDING SYSTEM VALUE VALUES ({places})",
                *row.values(),
            )
            if "id" in row and table != "hazard_state":
                await connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest($1, "
                    f"coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')), 1)))",
                    row["id"],
                )
    await connection.close()


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)


def of_file(file: Path) -> Everything:
    """Every row of every table of a SQLite file, with the types of its values."""
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: _sorted(
                [
                    dict(zip(columns(connection, table), row, strict=True))
                    for row in connection.execute(f"SELECT * FROM {table}")
                ]
            )
            for table in tables(connection)
        }


def ids_of_file(file: Path) -> dict[str, int]:
    """The highest id that each table of a SQLite file ever gave."""
    with closing(sqlite3.connect(file)) as connection:
        return {table: seq for table, seq in counters(connection).items() if seq}


async def of(url: str) -> Everything:
    """Every row of every table of a database."""
    path = sqlite_path(url)
    if path is not None:
        return of_file(path)
    connection = await asyncpg.connect(url)
    names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = {
        name: _sorted([dict(row) for row in await connection.fetch(f"SELECT * FROM {name}")])
        for (name,) in names
    }
    await connection.close()
    return found
