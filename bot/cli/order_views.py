"""Evacuation orders as JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.output import iso, pairs, table
from bot.cli.timing import between, delivery, seconds
from bot.domain.orders import DEED_WORDS, STATE_WORDS, Deed, OrderState, Reach

if TYPE_CHECKING:
    from bot.broadcasts.orders import Made
    from bot.domain.broadcasts import Broadcast
    from bot.domain.orders import Order
    from bot.store.reports import Report

REACHES = {
    Reach.TOPIC: "防災を選んだ人のうち、対象の地区の人と地区の登録がない人",
    Reach.DISTRICT: "対象の地区の人と、地区の登録がない人",
    Reach.ALL: "登録している全員",
    Reach.EVERYONE: "LINEの友だち全員(一斉配信)",
    Reach.STAFF: "職員だけ",
}

_AREAS = {Deed.ISSUE: "地区", Deed.NARROW: "残る地区", Deed.LIFT: "解除する地区"}


def data(order: Order) -> dict[str, Any]:
    """An order's own data."""
    return {
        "id": order.id,
        "level": order.level,
        "title": order.title,
        "hazard": order.hazard,
        "districts": list(order.districts),
        "state": order.state.value,
        "to": order.reach.value,
        "drill": order.drill,
        "scenario": order.scenario,
        "reasons": dict(order.reasons),
        "author": order.author,
        "approver": order.approver,
        "alone": order.alone,
        "created_at": iso(order.created_ms),
        "issued_at": iso(order.issued_ms),
        "ended_at": iso(order.ended_ms),
        "superseded_by": order.superseded_by,
    }


def made(made: Made) -> dict[str, Any]:
    """A draft or an approved deed, with its broadcast."""
    return {
        **data(made.order),
        "deed": made.deed.value,
        "broadcast": made.broadcast.id,
        "broadcast_state": made.broadcast.state.value,
        "segment": made.broadcast.segment,
        "recipients": made.recipients,
    }


def made_lines(made: Made) -> Iterator[str]:
    """A draft for people, and what comes next."""
    order, number = made.order, made.order.id
    yield f"避難情報 {number} の{DEED_WORDS[made.deed]}を下書きしました。まだ送っていません。"
    told = REACHES[order.reach] if made.deed is Deed.ISSUE else "この避難情報が届いた人"
    yield from pairs(
        {
            "避難情報": ("【訓練】" if order.drill else "") + order.title,
            "災害": order.hazard,
            _AREAS[made.deed]: "・".join(made.districts),
            "送る相手": f"{told}(いま {made.recipients} 人)",
        }
    )
    yield f"内容を確かめる: machi broadcast preview {made.broadcast.id}"
    yield f"別の人が承認する(すぐに送られます): machi order approve {number} --as 名前"
    yield f"やめる: machi order cancel {number}"


def approved_lines(made: Made, note: int | None, *, alone: bool) -> Iterator[str]:
    """What was approved, for people."""
    order = made.order
    yield f"避難情報 {order.id} の{DEED_WORDS[made.deed]}を承認しました。すぐに送ります({made.recipients} 人)。"
    yield f"いま: {STATE_WORDS[order.state]} {order.title} {order.hazard} {'・'.join(order.districts)}"
    if alone and note is not None:
        yield f"1人で承認したことを、ほかの職員に知らせます(配信 {note})。"
    elif alone:
        yield "1人で承認したことを記録しました。town.toml の [[staff]] にほかの職員がいないので、だれにも知らせていません。"
    yield f"届き具合: machi order report {order.id}"
    yield (
        f"スマートフォンを持たない人に: 紙 machi order sheet {order.id} --output 紙.html、"
        f"放送の原稿 machi order script {order.id}"
    )
    if made.deed is Deed.ISSUE and order.state is OrderState.IN_FORCE:
        yield f"解除するとき: machi order lift {order.id}"


def step(deed: Deed, broadcast: Broadcast, counts: Report) -> dict[str, Any]:
    """How long a broadcast of an order took, in seconds from one step to the next."""
    return {
        "deed": deed.value,
        **delivery(broadcast, counts),
        "created_at": iso(broadcast.created_ms),
        "approved_at": iso(broadcast.approved_ms),
        "seconds_to_approval": between(broadcast.created_ms, broadcast.approved_ms),
        "seconds_to_first_request": between(broadcast.approved_ms, counts.first_ms),
    }


def report_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """The steps of an order for people."""
    drill = "【訓練】" if data["drill"] else ""
    yield f"避難情報 {data['id']} {drill}{data['title']} {data['hazard']} {'・'.join(data['districts'])}"
    for each in data["steps"]:
        yield ""
        yield f"{DEED_WORDS[Deed(each['deed'])]}(配信 {each['broadcast']}、{each['recipients']} 人)"
        rows = [
            ("作成", each["created_at"] or "-", "-"),
            ("承認", each["approved_at"] or "-", seconds(each["seconds_to_approval"])),
            ("最初の送信", each["first_request_at"] or "-", seconds(each["seconds_to_first_request"])),
            ("最後の答え", each["last_answer_at"] or "-", seconds(each["seconds_to_last_answer"])),
        ]
        yield from table(("段階", "時刻", "前の段階から"), rows)
