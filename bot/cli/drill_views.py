"""Drills as JSON and as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.cli.output import iso, pairs, shown, table
from bot.cli.timing import between, delivery, seconds
from bot.domain.broadcasts import State, word

if TYPE_CHECKING:
    from bot.store.drills import Drill, Step
    from bot.wiring import Desk

STATES = {
    "running": "訓練中",
    "done": "終わり",
    "stopped": "途中で終了",
    "real": "本物の情報で中止",
    "undelivered": "送れずに中止",
}
_STEPS = {
    "new": "発表",
    "raised": "発表",
    "updated": "続報",
    "lowered": "切り替え",
    "lifted": "解除",
    "retracted": "取り消し",
    "end": "訓練の終わり",
}


def data(drill: Drill) -> dict[str, Any]:
    """A drill's own data."""
    return {
        "id": drill.id,
        "folder": drill.folder,
        "speed": drill.speed,
        "actor": drill.actor,
        "to": drill.reach,
        "state": drill.state,
        "reason": drill.reason,
        "started_at": iso(drill.started_ms),
        "ended_at": iso(drill.ended_ms),
    }


async def report(desk: Desk, drill_id: int) -> dict[str, Any]:
    """What was issued, what came of it, and how long each step took.

    Raises:
        NotFoundError: there is no such drill.
    """
    drill = await desk.store.drills.find(drill_id)
    steps = await desk.store.drills.steps(drill_id)
    issued: dict[int | None, list[dict[str, Any]]] = {}
    by_id = {step.id: step for step in steps}
    for message in await desk.store.drills.messages(drill_id):
        broadcast = await desk.store.broadcasts.find(message.broadcast_id)
        counts = await desk.store.reports.of(broadcast.id)
        step = by_id.get(message.step_id or 0)
        each = {
            "title": broadcast.title,
            "step": message.step,
            "segment": broadcast.segment,
            **delivery(broadcast, counts),
            "seconds_to_first_request": between(step.written_ms if step else None, counts.first_ms),
        }
        issued.setdefault(message.step_id, []).append(each)
    every = [each for found in issued.values() for each in found]
    return {
        **data(drill),
        "steps": [_step(step, issued.get(step.id, [])) for step in steps],
        "closing": issued.get(None, []),
        "telegrams": sum(len(step.files) for step in steps),
        "broadcasts": len(every),
        "messages": sum(each["recipients"] for each in every),
        "accepted": sum(each["accepted"] for each in every),
        "failed": sum(each["failed"] for each in every),
    }


def _step(step: Step, broadcasts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "files": list(step.files),
        "reported_at": iso(step.reported_ms),
        "issued_at": iso(step.issued_ms),
        "decided_at": iso(step.decided_ms),
        "written_at": iso(step.written_ms),
        "seconds_to_decided": between(step.issued_ms, step.decided_ms),
        "seconds_to_written": between(step.decided_ms, step.written_ms),
        "broadcasts": broadcasts,
    }


def report_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A report for people."""
    reason = f"({found['reason']})" if found["reason"] else ""
    outcome = f"受け付け {found['accepted']}、失敗 {found['failed']}"
    yield f"【訓練】 {found['id']}: {STATES[found['state']]}{reason}"
    yield from pairs(
        {
            "フォルダー": found["folder"],
            "速さ": f"{found['speed']:g} 倍" if found["speed"] else "すぐに",
            "送る相手": found["to"],
            "始まり": found["started_at"],
            "終わり": found["ended_at"] or "-",
            "電文": f"{found['telegrams']} 通",
            "配信": f"{found['broadcasts']} 件(のべ {found['messages']} 人、{outcome})",
        }
    )
    for step in found["steps"]:
        yield ""
        names = "、".join(file["title"] for file in step["files"])
        yield f"{step['reported_at'][5:16].replace('T', ' ')} {names}"
        yield from (f"  {file['name']}" for file in step["files"])
        decided, written = seconds(step["seconds_to_decided"]), seconds(step["seconds_to_written"])
        yield f"  発表 {step['issued_at'][11:19]}、判断まで {decided}、配信の記録まで {written}"
        if step["broadcasts"]:
            yield from (f"  {line}" for line in _broadcasts(step["broadcasts"]))
        else:
            yield "  知らせることはありませんでした。"
    if found["closing"]:
        yield ""
        yield "訓練の終わり"
        yield from (f"  {line}" for line in _broadcasts(found["closing"]))


def _broadcasts(broadcasts: list[dict[str, Any]]) -> Iterator[str]:
    headings = ("配信", "何を", "題名", "状態", "人数", "受け付け", "最初の送信まで", "最後の答えまで")
    rows = [
        (
            each["broadcast"],
            _STEPS.get(each["step"], each["step"]),
            each["title"],
            word(State(each["state"])),
            each["recipients"],
            each["accepted"],
            seconds(each["seconds_to_first_request"]),
            seconds(each["seconds_to_last_answer"]),
        )
        for each in broadcasts
    ]
    yield from table(headings, rows)


def list_lines(drills: list[Drill]) -> Iterator[str]:
    """Drills for people."""
    headings = ("番号", "状態", "フォルダー", "送る相手", "始まり", "終わり", "した人")
    rows = [
        (
            each.id,
            STATES[each.state],
            each.folder,
            each.reach,
            shown(each.started_ms),
            shown(each.ended_ms),
            each.actor,
        )
        for each in drills
    ]
    yield from table(headings, rows) if rows else ["まだ訓練はありません。"]
