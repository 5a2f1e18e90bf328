"""The life of a broadcast and of its batches, as a state machine in one place.

The drawing is in `docs/state-machine.md`; every change of state in the program asks `advance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any, Self

from bot.domain.audiences import Audience
from bot.domain.errors import RefusedError


class Priority(IntEnum):
    """What goes first; a higher one takes every free slot of the rate limit."""

    NORMAL = 0
    URGENT = 1
    EMERGENCY = 2


class State(StrEnum):
    """The states of a broadcast."""

    DRAFT = "draft"
    APPROVED = "approved"  # waits for `send`
    SCHEDULED = "scheduled"  # goes out when its time comes
    SENDING = "sending"
    PAUSED = "paused"  # by staff, or because LINE's quota is used up or LINE refuses the channel's token
    DONE = "done"  # every batch has ended, whether accepted, failed or unknown
    CANCELLED = "cancelled"
    FAILED = "failed"  # its segment no longer fits the town's folder, or its template a resident


class Event(StrEnum):
    """What can happen to a broadcast."""

    APPROVE = "approve"
    SCHEDULE = "schedule"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"  # it had started
    RESTORE = "restore"  # it had not
    FINISH = "finish"
    REOPEN = "reopen"  # staff send once more what LINE never answered
    CANCEL = "cancel"
    FAIL = "fail"


_TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.APPROVE): State.APPROVED,
    (State.APPROVED, Event.SCHEDULE): State.SCHEDULED,
    (State.SCHEDULED, Event.START): State.SENDING,
    (State.SENDING, Event.FINISH): State.DONE,
    (State.SCHEDULED, Event.PAUSE): State.PAUSED,
    (State.SENDING, Event.PAUSE): State.PAUSED,
    (State.PAUSED, Event.RESUME): State.SENDING,
    (State.PAUSED, Event.RESTORE): State.SCHEDULED,
    (State.PAUSED, Event.CANCEL): State.CANCELLED,
    (State.PAUSED, Event.FAIL): State.FAILED,
    (State.DONE, Event.REOPEN): State.SENDING,
    (State.DRAFT, Event.CANCEL): State.CANCELLED,
    (State.APPROVED, Event.CANCEL): State.CANCELLED,
    (State.SCHEDULED, Event.CANCEL): State.CANCELLED,
    (State.SENDING, Event.CANCEL): State.CANCELLED,
    (State.SCHEDULED, Event.FAIL): State.FAILED,
    (State.SENDING, Event.FAIL): State.FAILED,
}

ENDED = frozenset({State.DONE, State.CANCELLED, State.FAILED})

_WORDS = {
    State.DRAFT: "下書き",
    State.APPROVED: "承認済み",
    State.SCHEDULED: "予約済み",
    State.SENDING: "配信中",
    State.PAUSED: "一時停止中",
    State.DONE: "完了",
    State.CANCELLED: "取り消し済み",
    State.FAILED: "失敗",
}
_REMEDIES = {
    Event.APPROVE: "承認できるのは下書きだけです。",
    Event.SCHEDULE: "もう一度送ることはできません。",
    Event.PAUSE: "一時停止できるのは、予約済みか配信中の配信だけです。",
    Event.RESUME: "再開できるのは、一時停止中の配信だけです。",
    Event.RESTORE: "再開できるのは、一時停止中の配信だけです。",
    Event.REOPEN: "不明の分を送り直せるのは、配信が終わってからです。",
    Event.CANCEL: "終わった配信は取り消せません。",
}
_SPECIAL_REMEDIES = {
    (
        State.DRAFT,
        Event.SCHEDULE,
    ): "先に、作成した人とは別の人が承認してください(machi broadcast approve ID)。",
    (State.PAUSED, Event.SCHEDULE): "続きを送る: machi broadcast resume ID",
}


def word(state: State) -> str:
    """A state as staff read it."""
    return _WORDS[state]


def advance(state: State, event: Event) -> State:
    """The state after an event.

    Raises:
        RefusedError: the event cannot happen in that state.
    """
    try:
        return _TRANSITIONS[state, event]
    except KeyError:
        remedy = _SPECIAL_REMEDIES.get((state, event), _REMEDIES.get(event, ""))
        raise RefusedError(f"この配信は{word(state)}です。{remedy}") from None


def transitions() -> dict[tuple[State, Event], State]:
    """Every allowed change, for the drawing and its test."""
    return dict(_TRANSITIONS)


class BatchState(StrEnum):
    """The states of a batch in the outbox; a retry puts a leased batch back to READY under the same key."""

    READY = "ready"
    LEASED = "leased"
    ACCEPTED = "accepted"
    FAILED = "failed"  # LINE refused it for good; the reason is kept
    UNKNOWN = "unknown"  # no answer within 23 hours: told to staff, never sent again by itself
    CANCELLED = "cancelled"


BATCH_SIZE = 500
"""Recipients of one multicast; https://developers.line.biz/en/reference/messaging-api/#send-multicast-message"""

HORIZON_SECONDS = 23 * 3600
"""LINE forgets a retry key 24 hours after its first request; then the same key would be a new message.
https://developers.line.biz/en/docs/messaging-api/retrying-api-request/"""

BY_LINE = "LINE"
"""Who paused a broadcast when LINE refused the channel; it goes on by itself when LINE takes the token again."""
BY_FOLDER = "town folder"
"""Who approved what the town's rules send without a clerk."""
BY_SERVICE = "machi"
"""Who paused a broadcast that needs staff to decide: the quota is used up, or LINE rejects what it says."""


class Endpoint(StrEnum):
    """How a batch goes out, each with a rate limit of its own at LINE."""

    MULTICAST = "multicast"
    PUSH = "push"  # for one resident alone: LINE advises it, and it is faster
    BROADCAST = "broadcast"  # to every friend, also those the database does not know

    @classmethod
    def to(cls, residents: int) -> Endpoint:
        """The endpoint for that many residents."""
        return cls.PUSH if residents == 1 else cls.MULTICAST


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One message to one audience. Times are milliseconds since the epoch; `id` is 0 before it is stored.

    `everyone`: it goes by LINE's broadcast endpoint. `digest`: it tells residents what they were spared
    on a day of many messages. `unit` is the name its statistics are gathered under.
    `failure` says why it failed or is paused, `paused_by` who paused it. Where there is an `audience`, it is meant
    and not the segment, which then only names it. `published`: other systems are given it, too. After
    `useful_until_ms` what it says is not true any more.
    """

    title: str
    segment: str
    author: str
    state: State = State.DRAFT
    priority: Priority = Priority.NORMAL
    drill: bool = False
    template: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    approver: str | None = None
    created_ms: int = 0
    approved_ms: int | None = None
    scheduled_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    audience_upto: int = 0
    audience_end: int | None = None
    audience_done: bool = False
    failure: str | None = None
    everyone: bool = False
    digest: bool = False
    unit: str | None = None
    paused_by: str | None = None
    audience: Audience | None = None
    published: bool = False
    useful_until_ms: int | None = None
    id: int = 0

    def approved(self, approver: str, *, due_ms: int | None = None) -> Self:
        """Approved as soon as made, and due then or when `due_ms` says, as what the service sends by itself is."""
        return replace(
            self,
            state=State.SCHEDULED,
            approver=approver,
            approved_ms=self.created_ms,
            scheduled_ms=self.created_ms if due_ms is None else due_ms,
        )
