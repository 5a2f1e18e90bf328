"""How long the delivery of a broadcast took, for the reports of orders and of drills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.cli.output import iso
from bot.domain.broadcasts import BatchState

if TYPE_CHECKING:
    from bot.domain.broadcasts import Broadcast
    from bot.store.reports import Report


def delivery(broadcast: Broadcast, counts: Report) -> dict[str, Any]:
    """How far a broadcast is, in residents, and when its first request and its last answer were."""
    by_state = {state: counts.counts.get(state, 0) for state in BatchState}
    return {
        "broadcast": broadcast.id,
        "state": broadcast.state.value,
        "recipients": sum(by_state.values()),
        "accepted": by_state[BatchState.ACCEPTED],
        "failed": by_state[BatchState.FAILED],
        "first_request_at": iso(counts.first_ms),
        "last_answer_at": iso(counts.last_ms),
        "seconds_to_last_answer": between(counts.first_ms, counts.last_ms),
    }


def between(first_ms: int | None, last_ms: int | None) -> float | None:
    """The seconds from one time to another, if both are known; 0 where the clocks of two machines differ."""
    return None if first_ms is None or last_ms is None else max(0, last_ms - first_ms) / 1000


def seconds(value: float | None) -> str:
    """Seconds for people."""
    return "-" if value is None else f"{value:.1f} 秒"
