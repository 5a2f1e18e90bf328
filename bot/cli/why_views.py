"""Why a resident does or does not get a notice, as JSON and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import segments
from bot.cli.output import LANGUAGE_NAMES, STATES, iso, shown
from bot.domain.broadcasts import BatchState
from bot.domain.clock import from_ms
from bot.domain.residents import ResidentState
from bot.rehearsal.why import Past, Turn, Why

_DELIVERED = {
    BatchState.READY: "まだ送っていません(送信待ち)",
    BatchState.LEASED: "いま送っています",
    BatchState.ACCEPTED: "この人に送り、LINE が受け付けました",
    BatchState.FAILED: "この人に送りましたが、LINE が断りました",
    BatchState.UNKNOWN: "この人に送りましたが、LINE の答えがなく、届いたか分かりません",
    BatchState.CANCELLED: "取り消したので、この人には送っていません",
}
_BARRED = {
    ResidentState.STOPPED: "配信停止中なので、何も届きません。本人が「受信設定」から再開できます。",
    ResidentState.BLOCKED: "アカウントをブロックしているので、何も届きません。",
}


def data(why: Why) -> dict[str, Any]:
    """As JSON; times are Asia/Tokyo."""
    return {
        "user_id": why.resident.user_id,
        "notice": why.notice.name,
        "state": why.resident.state.value,
        "gets_it": why.gets_it,
        "next": why.next and _turn(why.next),
        "next_for_resident": why.reached and _turn(why.reached),
        "last": why.last and _past(why.last),
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "at": turn.at.isoformat(timespec="seconds"),
        "title": turn.title,
        "segment": turn.segment,
        "reaches": turn.reaches,
        "conditions": [_answer(answer) for answer in turn.answers],
    }


def _answer(answer: segments.Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"condition": answer.words, "holds": answer.holds}
    if answer.registered is not None:
        found["registered"] = list(answer.registered)
    if answer.parts:
        found["conditions"] = [_answer(part) for part in answer.parts]
    return found


def _past(past: Past) -> dict[str, Any]:
    return {
        "at": iso(past.occurrence.at_ms),
        "title": past.title,
        "state": past.occurrence.state,
        "reason": past.missed or None,
        "broadcast": past.occurrence.broadcast_id,
        "went_to_resident": past.delivery is not None and past.delivery.state is BatchState.ACCEPTED,
        "delivery": past.delivery and past.delivery.state.value,
        "deferred_to_digest": past.deferred,
        "delivered_at": past.delivery and iso(past.delivery.ended_ms),
    }


def lines(why: Why) -> Iterator[str]:
    """In words: the answer first, then what it rests on."""
    yield _verdict(why)
    yield ""
    following = why.resident.state is ResidentState.FOLLOWING
    yield f"{_mark(holds=following)} 状態: {STATES[why.resident.state]}"
    if turn := why.reached or why.next:
        yield from _conditions(turn.answers)
        yield f"   (対象の式: {turn.segment})"
    if why.next and why.reached and why.next is not why.reached:
        yield ""
        yield f"その前の {why.next.at:%Y-%m-%d %H:%M}「{why.next.title}」は、この人には届きません。"
        yield from _conditions(why.next.answers)
    yield ""
    yield _before(why.last)


def _verdict(why: Why) -> str:
    if barred := _BARRED.get(why.resident.state):
        return barred
    if why.reached:
        return f"届きます。次は {why.reached.at:%Y-%m-%d %H:%M}「{why.reached.title}」です。"
    if why.next:
        at = f"{why.next.at:%Y-%m-%d %H:%M}"
        return f"届きません。2年のあいだに、この人に届く回はありません(次の回は {at}「{why.next.title}」)。"
    return "届きません。2年のあいだに、送る予定がありません。"


def _conditions(answers: Sequence[segments.Answer], depth: int = 0) -> Iterator[str]:
    for answer in answers:
        registered = "" if answer.registered is None else f"(登録: {_values(answer.registered)})"
        yield f"{'   ' * depth}{_mark(holds=answer.holds)} {answer.words}{registered}"
        yield from _conditions(answer.parts, depth + 1)


def _values(registered: Sequence[str]) -> str:
    return "、".join(LANGUAGE_NAMES.get(value, value) for value in registered) or "なし"


def _mark(*, holds: bool) -> str:
    return "○" if holds else "×"


def _before(past: Past | None) -> str:
    if past is None:
        return "前回: まだ一度も送っていません。"
    when = f"前回: {from_ms(past.occurrence.at_ms):%Y-%m-%d %H:%M}「{past.title}」"
    if past.missed:
        return f"{when}は、だれにも送れませんでした({past.missed})。"
    if past.deferred:
        return f"{when}は、この人には多い日だったので、その日のまとめに回しました。"
    if past.delivery is None:
        return f"{when}は、この人には送っていません(そのときは対象でないか、登録していませんでした)。"
    reason = f": {past.delivery.reason}" if past.delivery.reason else ""
    at = f"({shown(past.delivery.ended_ms)})" if past.delivery.ended_ms else ""
    return f"{when}は、{_DELIVERED[past.delivery.state]}{at}{reason}。"
