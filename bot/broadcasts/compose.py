"""What staff do with a broadcast: draft, approve, send, cancel, try on one resident."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import segments
from bot.domain.broadcasts import Event, Priority
from bot.domain.clock import Clock, from_ms, to_ms
from bot.domain.errors import InvalidInputError, RefusedError
from bot.line import limits
from bot.line.client import Accepted, LineClient
from bot.rendering import Templates, text_messages
from bot.store.audit import Deed
from bot.store.broadcasts import Broadcast, Payloads
from bot.store.store import Store
from bot.town import vocabulary
from bot.town.model import Town

_TITLE_LENGTH = 100
_PAST = timedelta(minutes=10)


def segment_condition(segment: str, town: Town, today: date) -> segments.Condition:
    """A segment's text as a condition for the database.

    Raises:
        SegmentError: it is not valid in this town.
    """
    return segments.compile(segments.parse(segment, vocabulary(town)), today)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a clerk writes: either `text`, or `template` with its variables."""

    title: str
    segment: str
    text: str | None = None
    template: str | None = None
    variables: Mapping[str, str] | None = None
    at: datetime | None = None
    priority: Priority = Priority.NORMAL
    drill: bool = False


class Composer:
    """The staff's side of broadcasts. Every deed is noted in the audit trail under `actor`."""

    def __init__(self, store: Store, town: Town, templates: Templates, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._templates = templates
        self._clock = clock

    async def create(self, draft: Draft, author: str) -> int:
        """Check and store a draft; its id.

        Messages are rendered now, so what is previewed and approved is, byte for byte, what is sent.

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
        expression = segments.parse(draft.segment, vocabulary(self._town))
        broadcast = Broadcast(
            title=title,
            segment=str(expression),
            author=author,
            priority=draft.priority,
            drill=draft.drill,
            template=draft.template,
            context=dict(draft.variables or {}),
            created_ms=to_ms(now),
            scheduled_ms=None if draft.at is None else to_ms(draft.at),
        )
        return await self._store.broadcasts.create(broadcast, self._payloads(draft))

    def _payloads(self, draft: Draft) -> Payloads:
        if (draft.text is None) == (draft.template is None):
            raise InvalidInputError("本文 (--text) かひな型 (--template) のどちらか一つを指定してください。")
        if draft.template is not None:
            payloads: Payloads = self._templates.render_all(
                draft.template, draft.variables or {}, drill=draft.drill
            )
        else:
            payloads = {"ja": text_messages(draft.text or "", drill=draft.drill)}
        for language, messages in payloads.items():
            if faults := limits.faults([dict(message) for message in messages]):
                raise InvalidInputError(f"LINE で送れない内容です({language}): {faults[0]}")
        return payloads

    async def approve(self, broadcast_id: int, actor: str) -> Broadcast:
        """Approve somebody else's draft; one with a time is then scheduled.

        Raises:
            RefusedError: it is the actor's own, or no draft.
        """

        def not_the_author(broadcast: Broadcast) -> None:
            if broadcast.author == actor:
                raise RefusedError(
                    f"作成した人({actor})は自分の配信を承認できません。別の人が承認してください。"
                )

        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(
            broadcast_id, Event.APPROVE, actor, check=not_the_author, approver=actor, approved_ms=now_ms
        )

    async def send(self, broadcast_id: int, actor: str) -> Broadcast:
        """Let an approved broadcast go out now; the running service delivers it.

        Raises:
            RefusedError: it is not approved, or on its way already.
        """
        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(broadcast_id, Event.SCHEDULE, actor, scheduled_ms=now_ms)

    async def cancel(self, broadcast_id: int, actor: str) -> Broadcast:
        """Take a broadcast back; what LINE has accepted already stays sent.

        Raises:
            RefusedError: it has ended already.
        """
        now_ms = self._clock.now_ms()
        return await self._store.broadcasts.change(broadcast_id, Event.CANCEL, actor, finished_ms=now_ms)

    async def audience_count(self, broadcast: Broadcast) -> int:
        """How many residents a broadcast would reach if it started at its time (or now)."""
        moment = from_ms(max(broadcast.scheduled_ms or 0, self._clock.now_ms()))
        return await self._store.residents.count(
            segment_condition(broadcast.segment, self._town, moment.date())
        )

    async def try_on(self, broadcast_id: int, user_id: str, line: LineClient, actor: str) -> str:
        """Send a broadcast's messages to one user id, whatever its state; the language they were in.

        Raises:
            RefusedError: LINE did not accept it.
        """
        payloads = await self._store.broadcasts.payloads((await self._store.broadcasts.find(broadcast_id)).id)
        resident = await self._store.residents.look_up(user_id)
        language = resident.language if resident and resident.language in payloads else "ja"
        messages: list[dict[str, Any]] = payloads[language]
        answer = await line.push(
            user_id, json.dumps(messages, ensure_ascii=False).encode(), str(uuid.uuid4())
        )
        if not isinstance(answer, Accepted):
            raise RefusedError(f"LINE が試し送りを受け付けませんでした: {answer.reason}")
        now_ms = self._clock.now_ms()
        await self._store.audit.add(
            Deed(now_ms, actor, "broadcast.test", f"broadcast:{broadcast_id}", language)
        )
        return language
