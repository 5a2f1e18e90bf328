"""Broadcasts and their reports as JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.output import iso, pairs, table
from bot.domain.broadcasts import BatchState, State, word

if TYPE_CHECKING:
    from bot.store.broadcasts import Broadcast
    from bot.store.broadcasts import Report as Counts

_PRIORITIES = {"normal": "通常", "urgent": "急ぎ", "emergency": "緊急"}
_BATCHES = {
    "ready": "送信待ち",
    "leased": "送信中",
    "accepted": "受け付け済み",
    "failed": "失敗",
    "unknown": "不明",
    "cancelled": "取り消し",
}
_UNDELIVERED_SHOWN = 20


def summary(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast's own data."""
    return {
        "id": broadcast.id,
        "title": broadcast.title,
        "state": broadcast.state.value,
        "segment": broadcast.segment,
        "priority": broadcast.priority.name.lower(),
        "drill": broadcast.drill,
        "author": broadcast.author,
        "approver": broadcast.approver,
        "template": broadcast.template,
        "context": dict(broadcast.context),
        "created_at": iso(broadcast.created_ms),
        "approved_at": iso(broadcast.approved_ms),
        "scheduled_at": iso(broadcast.scheduled_ms),
        "started_at": iso(broadcast.started_ms),
        "finished_at": iso(broadcast.finished_ms),
        "failure": broadcast.failure,
    }


def words(data: Mapping[str, Any]) -> dict[str, object]:
    """The same for people; what is not set is left out."""
    found = {
        "番号": data["id"],
        "題名": data["title"],
        "状態": word(State(data["state"])),
        "対象": data["segment"],
        "人数": f"{data['recipients']} 人",
        "優先度": _PRIORITIES[data["priority"]],
        "訓練": "はい" if data["drill"] else None,
        "作成": f"{data['author']} {data['created_at']}",
        "承認": data["approver"] and f"{data['approver']} {data['approved_at']}",
        "ひな型": data["template"],
        "変数": " ".join(f"{name}={value}" for name, value in data["context"].items()) or None,
        "配信日時": data["scheduled_at"],
        "開始": data["started_at"],
        "終了": data["finished_at"],
        "理由": data["failure"],
    }
    return {name: value for name, value in found.items() if value is not None}


def report(broadcast: Broadcast, counts: Counts) -> dict[str, Any]:
    """What became of a broadcast, counted in residents; `seconds` from its first request to its last answer."""
    by_state = {state: counts.counts.get(state, 0) for state in BatchState}
    first_ms, last_ms = counts.first_ms, counts.last_ms
    return {
        "id": broadcast.id,
        "title": broadcast.title,
        "state": broadcast.state.value,
        "recipients": sum(by_state.values()),
        "complete": broadcast.audience_done,
        "accepted": by_state[BatchState.ACCEPTED],
        "failed": by_state[BatchState.FAILED],
        "unknown": by_state[BatchState.UNKNOWN],
        "pending": by_state[BatchState.READY] + by_state[BatchState.LEASED],
        "cancelled": by_state[BatchState.CANCELLED],
        "requests": counts.requests,
        "reasons": [
            {"state": state.value, "reason": reason, "residents": residents}
            for state, reason, residents in counts.reasons
        ],
        "undelivered": [
            {"user_id": user_id, "state": state.value, "reason": reason}
            for user_id, state, reason in counts.undelivered
        ],
        "started_at": iso(broadcast.started_ms),
        "finished_at": iso(broadcast.finished_ms),
        "first_request_at": iso(counts.first_ms),
        "last_answer_at": iso(counts.last_ms),
        "seconds": None if first_ms is None or last_ms is None else (last_ms - first_ms) / 1000,
        "failure": broadcast.failure,
    }


def report_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """A report for people."""
    yield f"配信 {data['id']}「{data['title']}」: {word(State(data['state']))}"
    if data["failure"]:
        yield f"理由: {data['failure']}"
    named = {
        "対象": f"{data['recipients']} 人" + ("" if data["complete"] else "(集計中)"),
        "受け付け済み": f"{data['accepted']} 人",
        "失敗": f"{data['failed']} 人",
        "不明": f"{data['unknown']} 人",
        "送信待ち": f"{data['pending']} 人",
        "取り消し": f"{data['cancelled']} 人",
        "リクエスト": f"{data['requests']} 回",
        "開始": data["started_at"] or "-",
        "終了": data["finished_at"] or "-",
    }
    yield from pairs(named)
    if data["reasons"]:
        yield ""
        rows = [(_BATCHES[r["state"]], f"{r['residents']} 人", r["reason"]) for r in data["reasons"]]
        yield from table(("状態", "人数", "理由"), rows)
    if undelivered := data["undelivered"]:
        yield ""
        yield "届かなかった人(すべては --json で):"
        yield from (f"  {each['user_id']}" for each in undelivered[:_UNDELIVERED_SHOWN])
