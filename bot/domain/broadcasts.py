"""The life of a broadcast and of its batches, as a state machine in one place.

The drawing is in `docs/state-machine.md`; every change of state in the program asks `advance`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

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
    DONE = "done"  # every batch has ended, whether accepted, failed or unknown
    CANCELLED = "cancelled"
    FAILED = "failed"  # its segment no longer fits the town's folder


class Event(StrEnum):
    """What can happen to a broadcast."""

    APPROVE = "approve"
    SCHEDULE = "schedule"
    START = "start"
    FINISH = "finish"
    CANCEL = "cancel"
    FAIL = "fail"


_TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.DRAFT, Event.APPROVE): State.APPROVED,
    (State.APPROVED, Event.SCHEDULE): State.SCHEDULED,
    (State.SCHEDULED, Event.START): State.SENDING,
    (State.SENDING, Event.FINISH): State.DONE,
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
    State.DONE: "完了",
    State.CANCELLED: "取り消し済み",
    State.FAILED: "失敗",
}
_REMEDIES = {
    Event.APPROVE: "承認できるのは下書きだけです。",
    Event.SCHEDULE: "もう一度送ることはできません。",
    Event.CANCEL: "終わった配信は取り消せません。",
}
_NOT_APPROVED = "先に、作成した人とは別の人が承認してください(machi broadcast approve ID)。"


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
        early = (state, event) == (State.DRAFT, Event.SCHEDULE)
        remedy = _NOT_APPROVED if early else _REMEDIES.get(event, "")
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
    UNKNOWN = "unknown"  # no answer within 23 hours: told to staff, never sent again
    CANCELLED = "cancelled"


BATCH_SIZE = 500
"""Recipients of one multicast; https://developers.line.biz/en/reference/messaging-api/#send-multicast-message"""
