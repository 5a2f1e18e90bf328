"""The whole store over one open database, and how the database of a URL is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError
from bot.store.audit import Audit
from bot.store.broadcasts import Broadcasts
from bot.store.bus_alerts import BusAlerts
from bot.store.calendar_entries import CalendarEntries
from bot.store.cap_alerts import CapAlerts
from bot.store.deferred import Deferred
from bot.store.drills import Drills
from bot.store.inbox import Inbox
from bot.store.news import News
from bot.store.notices import Notices
from bot.store.orders import Orders
from bot.store.outbox import Outbox
from bot.store.port import Database
from bot.store.published import PublishedRows
from bot.store.reports import Reports
from bot.store.residents import Residents
from bot.store.safety import Safety
from bot.store.shelters import Shelters
from bot.store.telegrams import Telegrams


@dataclass(frozen=True, slots=True)
class Store:
    """The rooms of one database."""

    database: Database
    residents: Residents
    inbox: Inbox
    broadcasts: Broadcasts
    outbox: Outbox
    reports: Reports
    notices: Notices
    deferred: Deferred
    audit: Audit
    news: News
    calendar_entries: CalendarEntries
    bus_alerts: BusAlerts
    orders: Orders
    shelters: Shelters
    safety: Safety
    telegrams: Telegrams
    drills: Drills
    published: PublishedRows
    cap_alerts: CapAlerts

    @classmethod
    def over(cls, database: Database, clock: Clock) -> Self:
        """The store over an open database."""
        return cls(
            database=database,
            residents=Residents(database, clock),
            inbox=Inbox(database),
            broadcasts=Broadcasts(database, clock),
            outbox=Outbox(database, clock),
            reports=Reports(database),
            notices=Notices(database, clock),
            deferred=Deferred(database, clock),
            audit=Audit(database),
            news=News(database, clock),
            calendar_entries=CalendarEntries(database, clock),
            bus_alerts=BusAlerts(database, clock),
            orders=Orders(database),
            shelters=Shelters(database, clock),
            safety=Safety(database, clock),
            telegrams=Telegrams(database, clock),
            drills=Drills(database, clock),
            published=PublishedRows(database),
            cap_alerts=CapAlerts(database, clock),
        )


def sqlite_path(url: str) -> Path | None:
    """The file of a `sqlite:///PATH` URL (four slashes: an absolute path), or None for another URL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


async def open_database(url: str, clock: Clock) -> Database:
    """Connect to `sqlite:///PATH` or `postgresql://…`.

    Raises:
        ConfigurationError: the URL is of neither kind, or the database cannot be opened.
    """
    if path := sqlite_path(url):
        from bot.store.sqlite import SqliteDatabase  # noqa: PLC0415  only the driver that is used is loaded

        return await SqliteDatabase.open(path, clock)
    if url.startswith(("postgresql://", "postgres://")):
        from bot.store.postgres import PostgresDatabase  # noqa: PLC0415  likewise

        return await PostgresDatabase.open(url, clock)
    raise ConfigurationError(
        f"MACHI_DATABASE_URL が読めません: {url}\nsqlite:///ファイル か postgresql://… の形で書いてください。"
    )
