"""A town in upheaval: services that are killed, a LINE that fails, residents who come and go, as operations.

A `World` carries operations out against everything real but LINE, which is the simulator, and keeps its own
books of who must and who may get what.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any

from bot.domain.broadcasts import ENDED, HORIZON_SECONDS, BatchState, Broadcast, Event, Priority, State
from bot.domain.errors import RefusedError
from bot.domain.quiet_hours import QuietHours
from bot.domain.residents import Fact, Resident, ResidentState
from bot.rendering.freezing import Frozen
from bot.rendering.library import TemplateFile
from bot.rendering.residents import EXAMPLE
from bot.store.reports import Report
from bot.store.residents import newest_id
from bot.store.store import Store, open_database
from simulator import Fault, RequestInfo, Simulator
from tests.clock import HandClock
from tests.integration.delivering import TOWN, eventually
from tests.integration.killable import Service
from tests.integration.operations import (
    Calm,
    Erase,
    Exhaust,
    Fail,
    Halt,
    Join,
    Jump,
    Kill,
    Operation,
    Refuse,
    Reject,
    Send,
    Start,
    Steer,
    Stop,
    Throttle,
    Work,
)
from tests.integration.running import line_simulator, user
from tests.sql import run_sql

QUIET = QuietHours(time(10), time(12))
"""The hours jump here, from nine in the morning on: in and out of these."""
TOWN_IN_PEACE = replace(TOWN, quiet_hours=QUIET)
FAULTS = {
    "500": Fault(status=500),
    "500 after acceptance": Fault(status=500, accept=True),
    "cut before acceptance": Fault(cut=True),
    "cut after acceptance": Fault(cut=True, accept=True),
    "a gateway's page": Fault(status=502, body=b"<html>\xff\xfe gateway</html>"),
}
BULK = ("multicast", "push", "broadcast")
_APART = 11_000
"""Between the ids of groups of residents, as in a town of so many."""
_PERSONAL = {"ja": "{{ words }} ({{ resident.district }})", "en": "{{ words }} (en {{ resident.district }})"}
_FILES = [TemplateFile(f"told/{each}.txt.j2", each, text) for each, text in _PERSONAL.items()]
FROZEN = Frozen({file.key: file for file in _FILES}, {}, EXAMPLE).text()


@dataclass
class Sent:
    """A broadcast in the books: who must get it, unless LINE refuses them, and who may."""

    number: int
    words: str
    what: Send
    must: set[str]
    may: set[str] = field(default_factory=set)
    cancelled: bool = False
    again: int = 0
    """How often staff have sent once more what was unknown."""

    def to(self, person: Resident) -> bool:
        return self.what.segment == "all" or person.language == "en"

    def text(self, person: Resident) -> str:
        match self.what.how, person.language:
            case "same", "en":
                return f"{self.words} (en)"
            case "personal", language:
                district = person.values(Fact.DISTRICT)[0]
                return f"{self.words} ({district})" if language == "ja" else f"{self.words} (en {district})"
        return self.words


def newcomer(n: int) -> Resident:
    """Every third reads English, and there are four districts."""
    return Resident(user(n), "en" if n % 3 == 2 else "ja", facts={Fact.DISTRICT: (f"{n % 4}区",)})


class World:
    """One town, its services and LINE."""

    def __init__(self, url: str, store: Store, clock: HandClock, line: Simulator, *, hours: int) -> None:
        self.store, self.clock, self.line = store, clock, line
        self.people: dict[str, Resident] = {}
        self.sent: list[Sent] = []
        self.offenders: set[str] = set()
        self.services: list[Service] = []
        self._url = url
        self._places = 1 if store.database.dialect == "sqlite" else 3
        self._seconds_left = hours * 3600
        self._fault: Fail | None = None
        self._rejects: set[str] = set()
        self._refuses = False
        self._seen = 0
        self._wanted: int | None = None
        self._arrived = asyncio.Event()
        line.faults.plan = self._plan

    async def people_settle(self, *groups: int) -> None:
        """So many residents, with ids far apart between the groups."""
        for group in groups:
            first = len(self.people)
            new = [newcomer(n) for n in range(first, first + group)]
            await self.store.residents.save_all([(p.user_id, lambda _, p=p: p) for p in new])
            await skip_ids(self.store)
            for person in new:
                self.people[person.user_id] = person
                self.line.add_user(person.user_id)

    async def do(self, operation: Operation) -> None:
        deeds: dict[type, Callable[[Any], Coroutine[Any, Any, None]]] = {
            Send: self._send,
            Join: lambda it: self._save(it.who, ResidentState.FOLLOWING),
            Stop: lambda it: self._save(it.who, ResidentState.STOPPED),
            Erase: self._erase,
            Start: lambda _: self.start(),
            Kill: self._kill,
            Halt: self._halt,
            Work: self._work,
            Jump: self._jump,
            Steer: self._steer,
        }
        deed = deeds.get(type(operation))
        if deed is None:
            self._misbehave(operation)
        else:
            await deed(operation)

    async def start(self) -> None:
        if len(self.services) < self._places:
            store = Store.over(await open_database(self._url, self.clock), self.clock)
            service = Service(store, self.clock, TOWN_IN_PEACE, self.line.base_url)
            self.services.append(service.start(alone=self._places == 1))

    async def _send(self, it: Send) -> None:
        everyone = it.how == "everyone"
        what = Send(Priority.EMERGENCY, how="everyone") if everyone else it
        words = f"断水 {len(self.sent)}"
        draft = Broadcast(
            words,
            what.segment,
            "clerk",
            priority=what.priority,
            everyone=everyone,
            template="told",
            context={"words": words},
            scheduled_ms=self.clock.now_ms(),
        )
        texts = {"same": {"ja": words, "en": f"{words} (en)"}, "everyone": {"ja": words}}.get(it.how, {})
        payloads = {language: [{"type": "text", "text": text}] for language, text in texts.items()}
        number = await self.store.broadcasts.create(draft, payloads, None if payloads else FROZEN)
        sent = Sent(number, words, what, set())
        sent.must = {p.user_id for p in self.people.values() if sent.to(p) and _follows(p)}
        if everyone:
            sent.must = set(self.line.chats.friends())
        sent.may = set(sent.must)
        self.sent.append(sent)
        await self.store.broadcasts.change(number, Event.APPROVE, "chief", approver="chief")

    async def _save(self, who: int, state: ResidentState) -> None:
        person = self.people.get(user(who)) or newcomer(who)
        if person.user_id not in self.people and state is not ResidentState.FOLLOWING:
            return
        after = replace(person, state=state)
        if state is ResidentState.FOLLOWING:
            self.line.add_user(person.user_id)
            for sent in self.sent:
                gathered = (await self.store.broadcasts.find(sent.number)).audience_done
                if sent.what.how == "everyone" or (sent.to(person) and not gathered):
                    sent.may.add(person.user_id)
        else:
            self._gone(person)
        self.people[person.user_id] = after
        await self.store.residents.save_all([(person.user_id, lambda _: after)])

    async def _erase(self, it: Erase) -> None:
        if person := self.people.pop(user(it.who), None):
            self._gone(person)
            await self.store.residents.erase(person.user_id)

    def _gone(self, person: Resident) -> None:
        """Whoever tells the town to stop is still a friend to LINE."""
        for sent in self.sent:
            if sent.what.how != "everyone":
                sent.must.discard(person.user_id)

    async def _kill(self, it: Kill) -> None:
        if self.services:
            if it.requests:
                await self._work(Work(it.requests))
            for _ in range(it.turns):
                await asyncio.sleep(0)
            await self.services.pop(it.which % len(self.services)).kill()

    async def _halt(self, it: Halt) -> None:
        if self.services:
            service = self.services.pop(it.which % len(self.services))
            async with asyncio.timeout(20):
                await service.halt()

    async def _work(self, it: Work) -> None:
        wanted = self._seen + it.requests
        for _ in range(40):
            if self._seen >= wanted:
                return
            await self._pass(wanted)

    async def _pass(self, wanted: int | None = None) -> None:
        """A second goes by: what waits for it is done, and there is time for what that sets going.

        It is over at once when the wanted request arrives, and has not been answered then.
        """
        self.clock.advance(seconds=1)
        for service in self.services:
            service.nudge()
        self._wanted = wanted
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.005):
                await self._arrived.wait()

    async def _jump(self, it: Jump) -> None:
        if it.seconds > HORIZON_SECONDS:
            await eventually(self._none_in_flight)  # no request is under way for a day
        if it.seconds <= self._seconds_left:
            self._seconds_left -= it.seconds
            self.clock.advance(seconds=it.seconds)
            for service in self.services:
                service.nudge()

    async def _none_in_flight(self) -> bool:
        return not any(service.sender._in_flight for service in self.services)

    async def _steer(self, it: Steer) -> None:
        if not self.sent:
            return
        sent, broadcasts = self.sent[it.which % len(self.sent)], self.store.broadcasts
        with contextlib.suppress(RefusedError):
            match it.deed:
                case "pause":
                    await broadcasts.pause(sent.number, "chief", "待って")
                case "resume":
                    await broadcasts.resume(sent.number, "chief")
                case "cancel":
                    finished = self.clock.now_ms()
                    await broadcasts.change(sent.number, Event.CANCEL, "chief", finished_ms=finished)
                    sent.cancelled = True
                case "retry-unknown" if (await self.store.reports.of(sent.number)).of(BatchState.UNKNOWN):
                    await broadcasts.send_unknown_again(sent.number, "chief")
                    sent.again += 1

    def _misbehave(self, operation: Operation) -> None:
        platform = self.line.platform
        match operation:
            case Fail():
                self._fault = operation
            case Reject(who):
                self._rejects.add(user(who))
                self.offenders.add(user(who))
            case Refuse():
                self._refuses = True
            case Throttle(per_second):
                platform.rates.rates["multicast"] = (per_second, 1.0)
                platform.rates._recent.pop("multicast", None)  # it holds as many times as the old limit has
            case Exhaust(left):
                platform.monthly_quota = platform.used_quota + left
            case Calm():
                self._fault, self._rejects, self._refuses = None, set(), False
                platform.monthly_quota = None
                self._misbehave(Throttle(200))

    def _plan(self, request: RequestInfo) -> Fault | None:
        if self._refuses:
            return Fault(status=401, message="invalid token")
        if request.endpoint not in BULK:
            return None
        self._seen += 1
        if self._seen == self._wanted:
            self._arrived.set()
        accepted = request.retry_key and self.line.platform.retry_keys.find(request.retry_key)
        to = request.body.get("to", [])
        if not accepted and self._rejects.intersection([to] if isinstance(to, str) else to):
            return Fault(status=400, message="Failed to send messages")
        if self._fault is not None and self._seen % self._fault.every == 0:
            return FAULTS[self._fault.fault]
        return None

    async def come_to_rest(self) -> dict[int, tuple[State, Report]]:
        """All is well again: see every broadcast through to its end; how each ended."""
        self._misbehave(Calm())
        await self.start()
        self.clock.advance(seconds=(QUIET.over(self.clock.now()) - self.clock.now()).total_seconds())
        async with asyncio.timeout(30):
            while True:
                is_idle = not await self.store.outbox.backlog()
                ends = {sent.number: await self._end(sent) for sent in self.sent}
                if is_idle and all(state in ENDED for state, _ in ends.values()):
                    return ends
                await self._pass()

    async def _end(self, sent: Sent) -> tuple[State, Report]:
        state = (await self.store.broadcasts.find(sent.number)).state
        if state is State.PAUSED:
            with contextlib.suppress(RefusedError):  # resumed by itself meanwhile
                await self.store.broadcasts.resume(sent.number, "chief")
        return state, await self.store.reports.of(sent.number)


async def skip_ids(store: Store) -> None:
    """Let the next resident's id be far from the last one's: then an audience takes several pages."""
    newest = await newest_id(store.database) + _APART
    sql = {
        "sqlite": f"UPDATE sqlite_sequence SET seq = {newest} WHERE name = 'residents'",
        "postgresql": f"SELECT setval(pg_get_serial_sequence('residents', 'id'), {newest})",
    }
    await run_sql(store.database, sql[store.database.dialect])


def _follows(person: Resident) -> bool:
    return person.state is ResidentState.FOLLOWING


@asynccontextmanager
async def world(url: str, *, hours: int) -> AsyncIterator[World]:
    """A world over an empty database; its clock may jump so many hours in all, and LINE lives by it, too."""
    clock = HandClock()
    async with line_simulator(clock=lambda: clock.now().timestamp()) as line:
        database = await open_database(url, clock)
        try:
            here = World(url, Store.over(database, clock), clock, line, hours=hours)
            try:
                yield here
            finally:
                for service in here.services:
                    await service.kill()
        finally:
            await database.close()
