"""What staff do with a broadcast: draft, approve, send, pause, resume, cancel, try on one resident."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import segments
from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.everyone import in_one
from bot.broadcasts.publishing import is_published
from bot.broadcasts.reach import count
from bot.domain.audiences import Audience
from bot.domain.broadcasts import BATCH_SIZE, BatchState, Broadcast, Event, Priority, State, advance
from bot.domain.clock import Clock, from_ms, to_ms
from bot.domain.errors import InvalidInputError, RefusedError
from bot.domain.quota import Quota
from bot.domain.residents import ResidentState
from bot.line import limits
from bot.line.client import Accepted, LineClient, content
from bot.rendering import Personal, Templates, text_messages
from bot.store.audit import AuditEntry
from bot.store.broadcasts import Beside, Payloads
from bot.store.messages import message_text
from bot.store.reports import pending
from bot.store.store import Store
from bot.town import vocabulary
from bot.town.model import Town

_TITLE_LENGTH = 100
_PAST = timedelta(minutes=10)
_GOING = frozenset({State.SCHEDULED, State.SENDING})
"""What goes out by itself when its time has come."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a clerk writes: either `text`, or `template` with its variables.

    `everyone`: by LINE's broadcast endpoint, also to friends the database does not know. An `audience` stands in
    the place of the segment. `publish`: whether other systems are given it (None: as the rule has it).
    """

    title: str
    segment: str
    text: str | None = None
    template: str | None = None
    variables: Mapping[str, str] | None = None
    at: datetime | None = None
    priority: Priority = Priority.NORMAL
    drill: bool = False
    everyone: bool = False
    audience: Audience | None = None
    publish: bool | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """What sending a broadcast takes: known `residents`, at least `requests`, `yen` above the month's `quota`.

    `quota` is None where LINE was not or could not be asked. `everyone_possible`: LINE's broadcast endpoint
    could reach all friends; `stopped` residents would then be reached, too.
    """

    residents: int
    requests: int
    quota: Quota | None
    yen: int
    everyone_possible: bool
    stopped: int


def rendered(
    templates: Templates, template: str, context: Mapping[str, Any], *, drill: bool = False
) -> tuple[Payloads, str | None]:
    """What a template says in each language; for a personal one nothing yet, but the template frozen as it is.

    Raises:
        RenderError: it cannot be rendered; a personal one is tried with the example resident.
    """
    payloads = templates.render_all(template, context, drill=drill)
    if templates.resident_facts(template):
        return {}, templates.frozen(template)
    return payloads, None


def _may_go_to_everyone(segment: str, priority: Priority) -> bool:
    return segment == "all" and priority is Priority.EMERGENCY


class Composer:
    """The staff's side of broadcasts. Every deed is noted in the audit trail under `actor`."""

    def __init__(
        self, store: Store, town: Town, templates: Templates, clock: Clock, ceiling: Ceiling
    ) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._clock = clock
        self._ceiling = ceiling

    async def create(self, draft: Draft, author: str, *, beside: Beside | None = None) -> int:
        """Check and store a draft; its id.

        Messages are rendered now, so what is previewed and approved is, byte for byte, what is sent.
        `beside` is stored in the same transaction.

        Raises:
            InvalidInputError: title, text, template, segment or time are not valid.
        """
        title = draft.title.strip()
        if not title or len(title) > _TITLE_LENGTH:
            raise InvalidInputError(f"題名は1文字から{_TITLE_LENGTH}文字で書いてください。")
        now = self._clock.now()
        if draft.at is not None and draft.at < now - _PAST:
            raise InvalidInputError(
                f"配信時刻 {draft.at:%Y-%m-%d %H:%M} はもう過ぎています。これからの時刻にしてください。"
            )
        meant = None if draft.audience else segments.parse(draft.segment, vocabulary(self._town))
        segment = str(draft.audience or meant)
        if draft.everyone and not _may_go_to_everyone(segment, draft.priority):
            raise InvalidInputError("--everyone は、対象が all で優先度が emergency の配信だけに使えます。")
        payloads, frozen = self.content(draft)
        broadcast = Broadcast(
            title=title,
            segment=segment,
            author=author,
            priority=draft.priority,
            drill=draft.drill,
            everyone=draft.everyone,
            template=draft.template,
            context=dict(draft.variables or {}),
            created_ms=to_ms(now),
            scheduled_ms=None if draft.at is None else to_ms(draft.at),
            audience=draft.audience,
            published=is_published(
                draft.priority, meant, draft.audience, personal=frozen is not None, wish=draft.publish
            ),
        )
        return await self._store.broadcasts.create(broadcast, payloads, frozen, beside=beside)

    def content(self, draft: Draft) -> tuple[Payloads, str | None]:
        """What a draft says by language, and where it is personal, its template instead.

        Raises:
            InvalidInputError: it says nothing, or what LINE does not take.
        """
        frozen = None
        if (draft.text is None) == (draft.template is None):
            raise InvalidInputError("本文 (--text) かひな型 (--template) のどちらか一つを指定してください。")
        if draft.template is not None:
            variables = draft.variables or {}
            payloads, frozen = rendered(self._templates, draft.template, variables, drill=draft.drill)
        else:
            payloads = {"ja": text_messages(draft.text or "", drill=draft.drill)}
        if draft.everyone:
            if frozen is not None:
                raise InvalidInputError("受け取る人に合わせるひな型は、--everyone では送れません。")
            payloads = {"ja": in_one(payloads)}
        for language, messages in payloads.items():
            if faults := limits.faults([dict(message) for message in messages]):
                raise InvalidInputError(f"LINE で送れない内容です({language}): {faults[0]}")
        return payloads, frozen

    async def approve(
        self, broadcast_id: int, actor: str, *, alone: bool = False, beside: Beside | None = None
    ) -> Broadcast:
        """Approve somebody else's draft; one with a time is then scheduled.

        `alone`: one's own too, where a rule allows that. `beside` is stored in the same transaction.

        Raises:
            RefusedError: it is the actor's own, no draft, or (but for an emergency) more than the month's quota.
        """

        def not_the_author(broadcast: Broadcast) -> None:
            if broadcast.author == actor and not alone:
                raise RefusedError(
                    f"作成した人({actor})は自分の配信を承認できません。別の人が承認してください。"
                )

        found = await self._store.broadcasts.find(broadcast_id)
        not_the_author(found)
        advance(found.state, Event.APPROVE)
        await self._require_quota(found)
        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(
            broadcast_id,
            Event.APPROVE,
            actor,
            check=not_the_author,
            beside=beside,
            approver=actor,
            approved_ms=now_ms,
        )

    async def send(self, broadcast_id: int, actor: str) -> Broadcast:
        """Let an approved broadcast go out now; the running service delivers it.

        Raises:
            RefusedError: it is not approved, on its way already, or (but for an emergency) more than the quota.
        """
        found = await self._store.broadcasts.find(broadcast_id)
        advance(found.state, Event.SCHEDULE)
        await self._require_quota(found)
        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(broadcast_id, Event.SCHEDULE, actor, scheduled_ms=now_ms)

    async def pause(self, broadcast_id: int, actor: str) -> Broadcast:
        """Let nothing more go out until it is resumed; what is on its way is seen through.

        Raises:
            RefusedError: it is neither scheduled nor being sent.
        """
        return await self._store.broadcasts.pause(broadcast_id, actor, f"{actor} が一時停止しました。")

    async def resume(self, broadcast_id: int, actor: str) -> Broadcast:
        """Let a paused broadcast go on where it was.

        Raises:
            RefusedError: it is not paused, or (but for an emergency) what is left is more than the quota.
        """
        found = await self._store.broadcasts.find(broadcast_id)
        advance(found.state, Event.RESUME)
        await self._require_quota(found)
        return await self._store.broadcasts.resume(broadcast_id, actor)

    async def retry_unknown(self, broadcast_id: int, actor: str) -> int:
        """Send once more what LINE never answered within 23 hours; to how many residents.

        Some of them may have got it already and will get it twice.

        Raises:
            RefusedError: it has not ended, or nothing is unknown.
        """
        found = await self._store.broadcasts.find(broadcast_id)
        advance(found.state, Event.REOPEN)
        if not await self.unknown_count(broadcast_id):
            raise RefusedError(f"配信 {broadcast_id} に、届いたか分からない人はいません。")
        return await self._store.broadcasts.send_unknown_again(broadcast_id, actor)

    async def unknown_count(self, broadcast_id: int) -> int:
        """Of how many residents nobody knows whether they got it."""
        return (await self._store.reports.progress(broadcast_id)).get(BatchState.UNKNOWN, 0)

    async def cancel(self, broadcast_id: int, actor: str) -> Broadcast:
        """Take a broadcast back; what LINE has accepted already stays sent.

        Raises:
            RefusedError: it has ended already.
        """
        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(
            broadcast_id, Event.CANCEL, actor, finished_ms=now_ms, failure=None, paused_by=None
        )

    async def _require_quota(self, broadcast: Broadcast) -> None:
        """An emergency goes out whatever it costs, and at once: LINE is not even asked."""
        if broadcast.priority is Priority.EMERGENCY:
            return
        if reason := await self._ceiling.shortage(lambda: self.recipients(broadcast)):
            raise RefusedError(reason)

    async def recipients(self, broadcast: Broadcast) -> int:
        """How many residents a broadcast has yet to reach."""
        if not broadcast.audience_done:
            return await self.audience_count(broadcast)
        return pending(await self._store.reports.progress(broadcast.id))

    async def audience_count(self, broadcast: Broadcast) -> int:
        """How many residents a broadcast would reach if it started at its time (or now)."""
        moment = from_ms(max(broadcast.scheduled_ms or 0, self._clock.now_ms()))
        return await count(self._store, self._town, broadcast, moment.date())

    async def ways(self, broadcast: Broadcast) -> Ways:
        """What sending a broadcast takes, and what choice there is."""
        residents = await self.audience_count(broadcast)
        quota = await self._ceiling.quota()
        possible = _may_go_to_everyone(broadcast.segment, broadcast.priority)
        stopped = (await self._store.residents.totals()).get(ResidentState.STOPPED, 0) if possible else 0
        requests = 1 if broadcast.everyone else -(-residents // BATCH_SIZE)
        yen = self._ceiling.price(quota, residents)
        return Ways(residents, requests, quota, yen, possible, stopped)

    def held_until(self, broadcast: Broadcast) -> datetime | None:
        """When the quiet hours that hold back a broadcast, or the rest of it, are over; None if they do not."""
        if broadcast.state not in _GOING:
            return None
        at = max(self._clock.now(), from_ms(broadcast.scheduled_ms or 0))
        free = self._town.free_from(broadcast.priority, at)
        return free if free > at else None

    async def messages(self, broadcast_id: int, user_id: str | None = None) -> Payloads:
        """What a broadcast says, by language; a personal one as the example resident, or this one, gets it."""
        found = await self._store.broadcasts.find(broadcast_id)
        frozen = await self._store.broadcasts.frozen_template(broadcast_id)
        if frozen is None or found.template is None:
            return await self._store.broadcasts.payloads(broadcast_id)
        resident = await self._store.residents.look_up(user_id) if user_id else None
        personal = Personal(resident.facts, self._clock.now().date()) if resident else None
        templates = Templates.thawed(frozen)
        return templates.render_all(found.template, found.context, resident=personal, drill=found.drill)

    async def try_on(self, broadcast_id: int, user_id: str, line: LineClient, actor: str) -> str:
        """Send a broadcast's messages to one user id, whatever its state; the language they were in.

        Raises:
            RefusedError: LINE did not accept it.
        """
        payloads = await self.messages(broadcast_id, user_id)
        resident = await self._store.residents.look_up(user_id)
        language = resident.language if resident and resident.language in payloads else "ja"
        answer = await line.push(
            json.dumps(user_id).encode(), content(message_text(payloads[language])), str(uuid.uuid4())
        )
        if not isinstance(answer, Accepted):
            raise RefusedError(f"LINE が試し送りを受け付けませんでした: {answer.reason}")
        now_ms = self._clock.now_ms()
        await self._store.audit.add(
            AuditEntry(now_ms, actor, "broadcast.test", f"broadcast:{broadcast_id}", language)
        )
        return language
