"""Broadcasts and their reports as JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.output import iso, pairs, table
from bot.domain.broadcasts import BatchState, State, word

if TYPE_CHECKING:
    from bot.broadcasts.compose import Ways
    from bot.domain.broadcasts import Broadcast
    from bot.store.reports import BatchReport
    from bot.store.reports import Report as Counts

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
        "everyone": broadcast.everyone,
        "published": broadcast.published,
        "author": broadcast.author,
        "approver": broadcast.approver,
        "template": broadcast.template,
        "context": dict(broadcast.context),
        "created_at": iso(broadcast.created_ms),
        "approved_at": iso(broadcast.approved_ms),
        "scheduled_at": iso(broadcast.scheduled_ms),
        "started_at": iso(broadcast.started_ms),
        "finished_at": iso(broadcast.finished_ms),
        "reason": broadcast.failure,
        "paused_by": broadcast.paused_by,
        "aggregation_unit": broadcast.unit,
    }


def ways(broadcast: Broadcast, ways: Ways) -> dict[str, Any]:
    """How a broadcast goes out, what the other way would be where there is a choice, and whether it is published."""
    return {
        "requests": ways.requests,
        "quota_left": ways.quota.left if ways.quota else None,
        "yen": ways.yen,
        "everyone": broadcast.everyone,
        "everyone_possible": ways.everyone_possible,
        "stopped": ways.stopped,
        "published": broadcast.published,
    }


def ways_lines(broadcast: Broadcast, ways: Ways) -> Iterator[str]:
    """The same for people: what it costs, and for an emergency to all, the choice there is."""
    if ways.quota is not None and ways.quota.left is not None:
        extra = f"。足りない分の追加は約 {ways.yen:,} 円" if ways.yen else ""
        yield f"今月の残り {ways.quota.left:,} 通のうち {ways.residents:,} 通を使います{extra}。"
    if broadcast.everyone:
        yield (
            f"LINEの一斉配信で、登録のない友だちも含む全員に1回の送信で届きます(通数は友だちの数、少なくとも"
            f" {ways.residents:,} 通)。配信停止にしている {ways.stopped:,} 人にも届きます。"
        )
    elif ways.everyone_possible:
        yield f"登録した {ways.residents:,} 人に {ways.requests:,} 回の送信で届きます。"
        yield (
            "登録のない友だちにも届けるなら、--everyone を付けて作り直してください(1回の送信。通数は友だちの数。"
            f"配信停止にしている {ways.stopped:,} 人にも届きます)。"
        )
    if broadcast.published:
        yield (
            "送ると、ホームページなどほかのシステムにも公開します(/feeds/cap.xml など、7日間)。"
            "公開しないなら、--no-publish を付けて作り直してください。"
        )


def batches(found: Iterable[BatchReport]) -> list[dict[str, Any]]:
    """What became of each batch; `seconds` from its first request in doubt to the final answer."""
    return [
        {
            "id": each.id,
            "endpoint": each.endpoint.value,
            "residents": each.size,
            "state": each.state.value,
            "attempts": each.attempts,
            "first_request_at": iso(each.first_attempt_ms),
            "ended_at": iso(each.ended_ms),
            "seconds": None
            if each.first_attempt_ms is None or each.ended_ms is None
            else (each.ended_ms - each.first_attempt_ms) / 1000,
            "request_id": each.request_id,
            "reason": each.reason,
        }
        for each in found
    ]


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
        "送り方": "LINEの一斉配信(友だち全員)" if data["everyone"] else None,
        "公開": "ほかのシステムにも公開(/feeds に、送り始めてから7日間)" if data["published"] else None,
        "作成": f"{data['author']} {data['created_at']}",
        "承認": data["approver"] and f"{data['approver']} {data['approved_at']}",
        "ひな型": data["template"],
        "変数": " ".join(f"{name}={value}" for name, value in data["context"].items()) or None,
        "配信日時": data["scheduled_at"],
        "開始": data["started_at"],
        "終了": data["finished_at"],
        "理由": data["reason"],
        "控える時間": data["held_until"] and f"{data['held_until']} に送ります",
        "集計の名前": data["aggregation_unit"],
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
        "pending": counts.pending,
        "cancelled": by_state[BatchState.CANCELLED],
        "deferred": counts.deferred,
        "lapsed": counts.lapsed,
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
        "reason": broadcast.failure,
        "paused_by": broadcast.paused_by,
        "aggregation_unit": broadcast.unit,
    }


def report_lines(data: Mapping[str, Any], *, batches: bool = False) -> Iterator[str]:
    """A report for people, with each of its batches if asked for."""
    yield f"配信 {data['id']}「{data['title']}」: {word(State(data['state']))}"
    if data["reason"]:
        yield f"理由: {data['reason']}"
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
    if data["deferred"]:
        named["まとめに回した"] = f"{data['deferred']} 人(1日の通数を超えるので、その日のまとめで知らせます)"
    if data["lapsed"]:
        named["知らせない"] = f"{data['lapsed']} 人(1日の通数を超え、まとめの時刻には古くなっているため)"
    yield from pairs(named)
    if data["reasons"]:
        yield ""
        rows = [(_BATCHES[r["state"]], f"{r['residents']} 人", r["reason"]) for r in data["reasons"]]
        yield from table(("状態", "人数", "理由"), rows)
    if undelivered := data["undelivered"]:
        yield ""
        yield "届かなかった人、届いたかどうか分からない人(すべては --json で):"
        yield from (f"  {each['user_id']}" for each in undelivered[:_UNDELIVERED_SHOWN])
    if data["unknown"]:
        yield ""
        yield f"不明の {data['unknown']} 人に送り直すか決める: machi broadcast retry-unknown {data['id']}"
    if batches:
        yield ""
        yield from _batch_lines(data["batches"])


def _batch_lines(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    headings = ("単位", "人数", "状態", "回数", "最初の送信", "秒", "リクエスト番号")
    rows = [
        (
            each["id"],
            each["residents"],
            _BATCHES[each["state"]],
            each["attempts"],
            each["first_request_at"] or "-",
            "-" if each["seconds"] is None else f"{each['seconds']:.2f}",
            each["request_id"] or "-",
        )
        for each in found
    ]
    return table(headings, rows)
