"""Replays a scenario as a drill: the real rules, words and delivery, marked 【訓練】, beside a state of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import segments
from bot.domain.audiences import Audience, Staff, Told
from bot.domain.broadcasts import ENDED, Broadcast, Priority, State
from bot.domain.clock import Clock, to_ms
from bot.domain.residents import Fact
from bot.jma.state import State as Hazards
from bot.jma.state import Step, changes
from bot.jma.values import Hazard, Rank
from bot.line.limits import cut
from bot.rendering import Templates
from bot.rendering.drill import MARK
from bot.store import drills as rows
from bot.store import orders
from bot.store.broadcasts import Payloads, overtake
from bot.store.drills import Message
from bot.store.port import Database, Session
from bot.store.store import Store
from bot.store.telegrams import About, Earlier, state_of
from bot.telegrams.deciding import Decider, rule_of
from bot.telegrams.encoding import decoded
from bot.telegrams.scenario import Moment, Scenario, later
from bot.telegrams.wording import name
from bot.town.model import Town

END = "drill_end"
"""The template of the closing words."""

_APPROVER = "drill"
_CLOCKS_DIFFER_MS = 60_000
"""A clerk's machine and the service's may be that much apart: what is due now must be due there."""
_LOOK_SECONDS = 0.2
_CHECK_SECONDS = 1.0
_SILENCE_SECONDS = 10.0
_NOBODY_SECONDS = 60.0
"""So long nothing is begun: no service runs."""
_STUCK_SECONDS = 300.0
"""So long nothing moves of what was begun."""
_CLOSING_SECONDS = 30.0
_SHAKEN_RANK = 5  # 震度5弱
_BEGUN = ENDED | {State.PAUSED, State.DRAFT}
_UNSENT = frozenset({State.DRAFT, State.APPROVED, State.SCHEDULED, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Reach:
    """Who gets a drill: whom the rules name, of them only some districts, or the staff alone."""

    districts: tuple[str, ...] = ()
    staff: bool = False

    def __str__(self) -> str:
        if self.staff:
            return "職員"
        return f"決まりどおり、{'・'.join(self.districts)}だけ" if self.districts else "決まりどおり"

    def narrowed(self, segment: str) -> str:
        """A segment, of these districts only."""
        if not self.districts:
            return segment
        return f"({segment}) and {Fact.DISTRICT} in ({', '.join(map(segments.quote, self.districts))})"

    def of(self, audience: Audience | None) -> Audience | None:
        """An audience that is no segment: who has heard of the drill is within its reach already."""
        if isinstance(audience, Told) and audience.segment:
            return replace(audience, segment=self.narrowed(audience.segment))
        return audience


class DrillBook:
    """The book of one drill: see `bot.telegrams.deciding.Book`. `step_id` is the step that is being decided."""

    drill = True

    def __init__(self, drill_id: int, author: str, reach: Reach) -> None:
        self.author = author
        self.step_id: int | None = None
        self._drill_id = drill_id
        self._reach = reach

    async def told(self, session: Session, thread: str) -> list[Earlier]:
        """See `Book.told`."""
        return await rows.told(session, self._drill_id, thread)

    async def tell(self, session: Session, broadcast: Broadcast, payloads: Payloads, *, about: About) -> int:
        """See `Book.tell`. Nothing of a drill can wait: who hears of it after its end takes it for real."""
        audience = Staff() if self._reach.staff else self._reach.of(broadcast.audience)
        segment = broadcast.segment if audience else self._reach.narrowed(broadcast.segment)
        broadcast = replace(
            broadcast,
            title=cut(MARK + broadcast.title, 100),
            segment=str(audience) if audience else segment,
            audience=audience,
            priority=max(broadcast.priority, Priority.URGENT),
        )
        if broadcast.state is State.SCHEDULED:
            broadcast = broadcast.approved(_APPROVER, due_ms=broadcast.created_ms - _CLOCKS_DIFFER_MS)
        return await rows.tell(
            session, self._drill_id, broadcast, payloads, about=about, step_id=self.step_id
        )


async def real_danger(source: Session | Database, clock: Clock, *, watching: bool) -> str | None:
    """Why this is no time for a drill: a warning of level 3 or more, or an order of the town; None if there is none.

    `watching`: telegrams are taken in, so what is on record counts. A heat alert is no reason.
    """
    for order in await orders.active(source):
        if not order.drill:
            return f"町の避難情報(番号 {order.id} {order.title} {order.hazard})が発令中です。"
    if watching:
        present = decoded((await state_of(source)).state).present(clock.now())
        for found in present.values():
            claim = found.claim
            grave = _SHAKEN_RANK if claim.hazard is Hazard.EARTHQUAKE else Rank.WARNING
            if claim.rank >= grave and claim.hazard is not Hazard.HEAT:
                return f"本物の「{name(found)}」({claim.area})が出ています。"
    return None


def outline(scenario: Scenario, town: Town, clock: Clock, reach: Reach) -> tuple[int, str | None]:
    """About how many messages a scenario makes, and the segment of all who get any; None: nobody does."""
    state, moment, found = Hazards(), None, []
    for each in scenario.moments:
        moment = later(clock.now(), moment)
        after = state.with_(each.at(moment))
        for change in changes(state, after, moment):
            if change.step is Step.CONTINUED:
                continue
            rule = rule_of(change, town) if change.step is not Step.RETRACTED else None
            if rule is not None and rule.how == "at_once":
                found.append(reach.narrowed(rule.segment))
        state = after
    distinct = dict.fromkeys(found)
    return len(found), " or ".join(f"({segment})" for segment in distinct) or None


class _OverError(Exception):
    """A drill ends before its time; `state` is the word on record."""

    def __init__(self, state: str, reason: str) -> None:
        self.state = state
        self.reason = reason
        super().__init__(reason)


class Replay:
    """One drill. Its state lives in this process alone; the running service delivers.

    `say` gets a Japanese line whenever there is something to tell; `stop` ends the drill.
    """

    def __init__(
        self,
        store: Store,
        town: Town,
        templates: Templates,
        clock: Clock,
        scenario: Scenario,
        *,
        speed: float,
        actor: str,
        reach: Reach,
        watching: bool,
        say: Callable[[str], None],
        stop: asyncio.Event,
    ) -> None:
        """`speed` is by how much faster than their own times telegrams are issued; 0: at once."""
        self._store, self._town, self._templates, self._clock = store, town, templates, clock
        self._scenario = scenario
        self._speed, self._actor, self._reach, self._watching = speed, actor, reach, watching
        self._say, self._stop = say, stop
        self._id = 0
        self._book = DrillBook(0, actor, reach)
        self._checked = self._moved = 0.0
        self._standing: object = None
        self._told_silence = False

    async def run(self) -> int:
        """Play the scenario and wait until all is delivered; the drill's id.

        Raises:
            RefusedError: another drill is under way.
        """
        self._id = await self._store.drills.begin(
            str(self._scenario.folder), self._speed, self._actor, str(self._reach)
        )
        state, reason = "done", None
        try:
            await self._play()
            await self._until(lambda each: each.state in _BEGUN)
        except _OverError as over:
            state, reason = over.state, over.reason
        except Exception as error:
            await self._close("stopped", type(error).__name__)
            raise
        await self._close(state, reason)
        return self._id

    async def _play(self) -> None:
        self._book = DrillBook(self._id, self._actor, self._reach)
        decider = Decider(self._town, self._templates, self._clock, self._book)
        first, begun, last, known = self._scenario.moments[0], time.monotonic(), None, ""
        for moment in self._scenario.moments:
            if self._speed:
                due = begun + (moment.reported - first.reported).total_seconds() / self._speed
                while (left := due - time.monotonic()) > 0:
                    await self._look()
                    await self._rest(left)
            await self._until(lambda each: each.state in _BEGUN or each.audience_done)
            last = later(self._clock.now(), last)
            issue = partial(self._issue, decider, moment, last, known)
            step_id, known = await self._store.database.write(issue)
            await self._store.drills.written(step_id)
            await self._tell_of(step_id, moment)

    async def _issue(
        self, decider: Decider, moment: Moment, at: datetime, known: str, session: Session
    ) -> tuple[int, str]:
        """Issue the telegrams of a moment, in one transaction with what follows; unless it has become serious."""
        await self._require_calm(session)
        files = [
            {
                "name": each.file,
                "type": each.telegram.heading.type,
                "title": each.telegram.heading.title,
                "status": each.telegram.heading.status.value,
            }
            for each in moment.played
        ]
        now_ms = self._clock.now_ms()
        step_id = await rows.add_step(session, self._id, files, to_ms(moment.reported), now_ms)
        self._book.step_id = step_id
        known = await decider.decide(session, known, moment.at(at), silent=False)
        await rows.decided(session, step_id, self._clock.now_ms())
        return step_id, known

    async def _require_calm(self, source: Session | Database) -> None:
        if reason := await real_danger(source, self._clock, watching=self._watching):
            raise _OverError("real", reason)

    async def _tell_of(self, step_id: int, moment: Moment) -> None:
        made = [each for each in await self._store.drills.messages(self._id) if each.step_id == step_id]
        titles = "、".join(each.telegram.heading.title for each in moment.played)
        what = f"配信 {'・'.join(str(each.broadcast_id) for each in made)}" if made else "知らせることなし"
        self._say(f"{moment.reported:%m月%d日 %H:%M} {titles} → {what}")

    async def _until(self, is_over: Callable[[Message], bool]) -> None:
        """Wait until every broadcast of the drill is so far."""
        self._moved = time.monotonic()
        while True:
            waiting = [each for each in await self._store.drills.messages(self._id) if not is_over(each)]
            if not waiting:
                return
            await self._look()
            await self._require_movement(waiting)
            await self._rest(_LOOK_SECONDS)

    async def _require_movement(self, waiting: Sequence[Message]) -> None:
        """Say so when nothing moves, and give up at last."""
        progress = [await self._store.reports.progress(each.broadcast_id) for each in waiting]
        standing = (waiting, [dict(each) for each in progress])
        now = time.monotonic()
        if standing != self._standing:
            self._standing, self._moved = standing, now
        idle = now - self._moved
        if idle > _SILENCE_SECONDS and not self._told_silence:
            self._told_silence = True
            self._say("まだ送られません。サービス(machi serve)が動いているか確かめてください。")
        nobody = all(each.state is State.SCHEDULED for each in waiting)
        if idle > (_NOBODY_SECONDS if nobody else _STUCK_SECONDS):
            raise _OverError("undelivered", "送るサービス(machi serve)が動いていないか、LINE が答えません。")

    async def _look(self) -> None:
        """End when somebody says so, or when it becomes serious."""
        if self._stop.is_set():
            raise _OverError("stopped", f"{self._actor} が途中で終えました。")
        now = time.monotonic()
        if now - self._checked >= _CHECK_SECONDS:
            self._checked = now
            await self._require_calm(self._store.database)
            await self._store.drills.seen(self._id)

    async def _rest(self, seconds: float) -> None:
        """Wait a moment, less if the drill is to stop."""
        try:
            async with asyncio.timeout(min(seconds, _CHECK_SECONDS)):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def _close(self, state: str, reason: str | None) -> None:
        """Withdraw what has not gone out, and tell who heard of the drill that it is over."""
        payloads = self._templates.render_all(END, {"why": state}, drill=True)
        drill = await self._store.drills.find(self._id)

        async def work(session: Session) -> int | None:
            now_ms = self._clock.now_ms()
            messages = await rows.messages(session, self._id)
            for each in messages:
                if each.state in _UNSENT or (state != "done" and each.state not in ENDED):
                    await overtake(session, each.broadcast_id, self._actor, "訓練が終わりました。", now_ms)
            await rows.end(session, drill, state, reason, now_ms)
            heard = tuple(each.broadcast_id for each in messages if each.started_ms is not None)
            return await self._say_over(session, heard, payloads, now_ms) if heard else None

        number = await self._store.database.write(work)
        if number is not None and state != "undelivered":
            await self._delivered(number)

    async def _say_over(
        self, session: Session, heard: tuple[int, ...], payloads: Payloads, now_ms: int
    ) -> int:
        audience = Staff() if self._reach.staff else Told(heard)
        broadcast = Broadcast(
            title=f"{MARK}訓練の終わり",
            segment=str(audience),
            author=self._actor,
            priority=Priority.URGENT,
            drill=True,
            template=END,
            created_ms=now_ms,
            audience=audience,
        ).approved(_APPROVER, due_ms=now_ms - _CLOCKS_DIFFER_MS)
        return await rows.tell(
            session, self._id, broadcast, payloads, about=About("", "end", ""), step_id=None
        )

    async def _delivered(self, number: int) -> None:
        until = time.monotonic() + _CLOSING_SECONDS
        while time.monotonic() < until:
            if (await self._store.broadcasts.find(number)).state in _BEGUN:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        self._say(f"訓練の終わりの知らせ(配信 {number})がまだ届いていません。")
