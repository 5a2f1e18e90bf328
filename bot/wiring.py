"""The only place that builds objects together."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.broadcasts.bus_alerts import AlertWriter
from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer
from bot.broadcasts.conductor import Conductor
from bot.broadcasts.notices import NoticeClock
from bot.broadcasts.orders import OrderDesk
from bot.broadcasts.overload import DigestClock
from bot.broadcasts.timetable_watch import TimetableWatch
from bot.cap.intake import CapDesk, CapWatch
from bot.delivery.answers import Answers
from bot.delivery.sender import Sender
from bot.domain.broadcasts import Priority
from bot.domain.clock import Clock
from bot.domain.errors import ConfigurationError
from bot.domain.quota import Quota
from bot.inbox.bulletin import Bulletin
from bot.inbox.intake import Intake, Waiting
from bot.inbox.processor import Processor
from bot.line.client import LineClient
from bot.metrics import Metrics
from bot.rendering import Templates
from bot.schedule.ticker import Ticker
from bot.settings import Settings
from bot.store.store import Store, open_database, sqlite_path
from bot.telegrams.drill import real_danger
from bot.telegrams.present import PresentState
from bot.telegrams.watch import JmaWatch
from bot.town import load, templates_for
from bot.town.bus_stops import BusStops
from bot.town.model import Town
from bot.transit import Timetable, read_feed
from handlers.conversation import Conversation

if TYPE_CHECKING:  # icalendar and feedparser take a while to load, and no command of the CLI needs them
    from bot.feeds.town_alerts import TownAlerts
    from bot.feeds.town_calendar import TownCalendar

_log = logging.getLogger(__name__)

_RETENTION_SECONDS = 30 * 24 * 3600
"""How long raw webhook events are kept after they have been processed."""
_TELEGRAMS_SECONDS = 400 * 24 * 3600
"""How long telegrams are kept: over a whole year's season, for its review. JMA's feeds name those of ten days at most,
so that none is fetched a second time."""
_HOUSEKEEPING_TICKS = 600
_FASTEST_TICK_SECONDS = 0.05
"""A clock that runs faster ticks faster, but never so often that nothing else gets done."""


@asynccontextmanager
async def opened_store(settings: Settings, clock: Clock) -> AsyncIterator[Store]:
    """The store, brought up to date and closed at the end."""
    database = await open_database(settings.database_url, clock)
    try:
        for name in await database.upgrade():
            _log.info("Database: applied migration %s", name)
        yield Store.over(database, clock)
    finally:
        await database.close()


@asynccontextmanager
async def line_client(settings: Settings) -> AsyncIterator[LineClient]:
    """A client of the Messaging API.

    Raises:
        ConfigurationError: no channel is configured.
    """
    settings.require_line()
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield LineClient(session, settings.api_base, settings.access_token)


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff work with: the town, its templates, and the store."""

    settings: Settings
    clock: Clock
    town: Town
    templates: Templates
    store: Store
    composer: Composer


@asynccontextmanager
async def opened_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Everything a command of the CLI needs.

    Raises:
        ConfigurationError: the town's folder has faults, or the database cannot be opened.
    """
    clock = settings.clock()
    town = load(settings.town)
    templates = templates_for(town)
    ceiling = Ceiling(partial(_ask_quota, settings), settings.yen_per_message)
    async with opened_store(settings, clock) as store:
        composer = Composer(store, town, templates, clock, ceiling)
        yield Desk(settings, clock, town, templates, store, composer)


def alert_writer(desk: Desk) -> AlertWriter:
    """What writes notices for bus routes and stops.

    Raises:
        ConfigurationError: the town has no timetable that can be read.
    """
    timetable = read_feed(desk.town.folder).timetable
    if timetable is None:
        raise ConfigurationError(
            "町のフォルダーにバスの時刻表(gtfs)がないか、読めません。machi town check で確かめてください。"
        )
    return AlertWriter(desk.composer, BusStops(desk.town, timetable), desk.clock)


def order_desk(desk: Desk) -> OrderDesk:
    """What issues, narrows and lifts the town's evacuation orders."""
    watching = bool(desk.settings.jma_base)
    danger = partial(real_danger, desk.store.database, desk.clock, watching=watching)
    return OrderDesk(desk.store, desk.town, desk.composer, desk.clock, danger)


def cap_desk(desk: Desk) -> CapDesk:
    """What takes in the alerts of others."""
    return CapDesk(desk.store, desk.town, desk.clock)


async def _ask_quota(settings: Settings) -> Quota | None:
    """What LINE says of the month's quota; None where no channel is configured, as on a clerk's own machine."""
    if not settings.access_token:
        return None
    async with line_client(settings) as line:
        return await line.quota()


@dataclass(frozen=True, slots=True)
class Role:
    """What a process does: `web` takes webhooks in and answers residents, `worker` sends and keeps the time."""

    web: bool
    worker: bool


SERVE, WEB, WORKER = Role(web=True, worker=True), Role(web=True, worker=False), Role(web=False, worker=True)


@dataclass(frozen=True, slots=True)
class Service:
    """The running service, as the web application sees it; what another role does is None."""

    settings: Settings
    clock: Clock
    store: Store
    metrics: Metrics
    intake: Intake | None = None
    sender: Sender | None = None
    ticker: Ticker | None = None
    calendar: TownCalendar | None = None
    alerts: TownAlerts | None = None


@contextmanager
def alone(path: Path | None) -> Iterator[None]:
    """Hold a SQLite file for this process: two services on one file would not know of each other's leases.

    The lock is the operating system's, so it is gone with the process, however that ends.
    """
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"{path} はほかの machi serve が使っています。先にそちらを止めるか、"
                "MACHI_DATABASE_URL で別のデータベースを指定してください。"
            ) from None
        yield


@asynccontextmanager
async def running_service(settings: Settings, role: Role) -> AsyncIterator[Service]:
    """The parts of the service that a role has, started and at the end stopped.

    Raises:
        ConfigurationError: something is missing or wrong in the environment or the town's folder.
    """
    settings.require_line()
    file = sqlite_path(settings.database_url)
    if file is not None and role != SERVE:
        raise ConfigurationError(
            "machi web と machi worker は PostgreSQL で使います(MACHI_DATABASE_URL=postgresql://…)。"
            "SQLite では machi serve を使ってください。"
        )
    async with AsyncExitStack() as stack:
        stack.enter_context(alone(file))
        desk = await stack.enter_async_context(opened_desk(settings))
        if left_out := desk.town.left_out:
            _log.warning(
                "Events left out: %d faults (machi town check), first: %s", len(left_out), left_out[0]
            )
        line = await stack.enter_async_context(line_client(settings))
        waiting = Waiting()
        service = Service(settings, desk.clock, desk.store, Metrics())
        if role.worker:
            sender, ticker = await _start_worker(
                desk, line, waiting, service.metrics, stack, alone=file is not None
            )
            service = replace(service, sender=sender, ticker=ticker)
        if role.web:
            intake = await _start_web(desk, line, waiting, stack, alone=file is not None)
            service = replace(service, intake=intake, **_published(desk))
        yield service


def _published(desk: Desk) -> dict[str, Any]:
    """What is given to other systems, by the names that `Service` has for it."""
    from bot.feeds.messages import Publisher  # noqa: PLC0415  see above
    from bot.feeds.town_alerts import TownAlerts  # noqa: PLC0415  likewise
    from bot.feeds.town_calendar import TownCalendar  # noqa: PLC0415  likewise

    publisher = Publisher(desk.town, desk.settings.public_url)
    return {
        "calendar": TownCalendar(desk.town, desk.store, desk.clock),
        "alerts": TownAlerts(desk.store, desk.templates, publisher, desk.clock),
    }


async def _start_web(
    desk: Desk, line: LineClient, waiting: Waiting, stack: AsyncExitStack, *, alone: bool
) -> Intake:
    """Webhook intake and the conversation."""
    inbox, clock = desk.store.inbox, desk.clock
    timetable = await asyncio.to_thread(_timetable, desk)
    bulletin = Bulletin(desk.store)
    await bulletin.start()
    stack.push_async_callback(bulletin.stop)
    present = PresentState(desk.store, clock, desk.settings.jma_base)
    await present.start()
    stack.push_async_callback(present.stop)
    public_url = desk.settings.public_url
    conversation = Conversation(
        desk.town, timetable, public_url=public_url, situation=bulletin.current, present=present
    )
    processor = Processor(inbox, conversation, line, clock, waiting.are_many)
    intake = Intake(inbox, clock, processor.wake, waiting)
    processor.start(alone=alone)
    stack.push_async_callback(processor.stop)
    return intake


def _timetable(desk: Desk) -> Timetable | None:
    """The town's timetable, as far as it can be read: its faults keep nothing from starting."""
    feed = read_feed(desk.town.folder)
    if feed.faults:
        _log.warning(
            "Bus timetable: %d faults (machi town check), first: %s", len(feed.faults), feed.faults[0]
        )
    if warning := feed.warning(desk.clock.now().date()):
        _log.warning("%s", warning)
    return feed.timetable


async def _start_worker(
    desk: Desk, line: LineClient, waiting: Waiting, metrics: Metrics, stack: AsyncExitStack, *, alone: bool
) -> tuple[Sender, Ticker]:
    """Clock, conductor and sender."""
    settings, store, clock, town = desk.settings, desk.store, desk.clock, desk.town
    limits, yen = settings.limits, settings.yen_per_message
    answers = Answers(store, line, clock, limits, yen=yen, on_end=metrics.batch_ended)
    sender = Sender(
        store,
        line,
        clock,
        answers,
        limits,
        floor=lambda: Priority.URGENT if town.holds_back(Priority.NORMAL, clock.now()) else Priority.NORMAL,
        on_idle=lambda: conductor.wake(),  # noqa: PLW0108  made below
        give_way=waiting.passed,
    )
    conductor = Conductor(store, town, clock, Ceiling(line.quota, yen), sender.wake)
    clocks = (
        NoticeClock(store, town, desk.templates, clock),
        DigestClock(store, town, desk.templates, clock),
        TimetableWatch(store, town, clock),
    )
    tick_seconds = max(_FASTEST_TICK_SECONDS, 1 / settings.clock_speed)
    ticker = Ticker(_each_tick(clocks, desk), seconds=tick_seconds)
    sender.start(alone=alone)
    stack.push_async_callback(sender.stop)
    conductor.start()
    stack.push_async_callback(conductor.stop)
    ticker.start()
    stack.push_async_callback(ticker.stop)
    _start_feeds(desk, stack)
    return sender, ticker


def _start_feeds(desk: Desk, stack: AsyncExitStack) -> None:
    """The readers of others' feeds: the town's home page and the Meteorological Agency."""
    settings, store, clock, town = desk.settings, desk.store, desk.clock, desk.town
    if settings.jma_base:
        jma = JmaWatch(store, town, desk.templates, clock, settings.jma_base, poll=settings.jma_poll)
        jma.start()
        stack.push_async_callback(jma.stop)
    if town.cap:
        alerts = CapWatch(cap_desk(desk), town.cap)
        alerts.start()
        stack.push_async_callback(alerts.stop)
    if town.news is not None:
        from bot.news.reader import NewsReader  # noqa: PLC0415  see above

        news = NewsReader(store, town.news, desk.templates, clock)
        news.start()
        stack.push_async_callback(news.stop)


def _each_tick(
    clocks: Sequence[NoticeClock | DigestClock | TimetableWatch], desk: Desk
) -> Callable[[], Awaitable[None]]:
    """The notices, the day's digest and the timetable's end at every tick; now and then, housekeeping."""
    counter, store, clock = itertools.count(), desk.store, desk.clock
    safety_ms = desk.town.safety_days * 24 * 3600 * 1000

    async def tick() -> None:
        for each in clocks:
            await each.tick()
        if next(counter) % _HOUSEKEEPING_TICKS == 0:
            await store.inbox.purge(clock.after_ms(-_RETENTION_SECONDS))
            await store.safety.purge(clock.now_ms() - safety_ms)
            await store.telegrams.purge(clock.now_ms() - _TELEGRAMS_SECONDS * 1000)

    return tick
