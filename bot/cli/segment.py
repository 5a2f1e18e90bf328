"""`machi segment`: who an expression reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.options import Group, as_json
from bot.cli.output import emit
from bot.cli.session import at_desk

if TYPE_CHECKING:
    from bot.wiring import Desk
    from segments import Condition


@click.group(cls=Group, help="対象の式")
def segment() -> None:
    """Commands about segments."""


def _condition(desk: Desk, expression: str) -> Condition:
    from bot.broadcasts.reach import segment_condition

    return segment_condition(expression, desk.town, desk.clock.now().date())


@segment.command(help="式に当てはまる人数")
@click.argument("expression", metavar="EXPR")
@as_json
def count(expression: str, *, json_: bool) -> None:
    """Count."""

    async def work(desk: Desk) -> int:
        return await desk.store.residents.count(_condition(desk, expression))

    number = at_desk(work)
    emit({"count": number}, json_=json_, text=lambda: [f"{number} 人"])


@segment.command("list", help="式に当てはまる人の user_id")
@click.argument("expression", metavar="EXPR")
@as_json
def list_(expression: str, *, json_: bool) -> None:
    """List user ids."""

    async def work(desk: Desk) -> list[str]:
        audience = desk.store.residents.audience(_condition(desk, expression))
        return [recipient.user_id async for recipient in audience]

    user_ids = at_desk(work)
    emit({"user_ids": user_ids}, json_=json_, text=lambda: user_ids)


@segment.command(help="式の意味を日本語で")
@click.argument("expression", metavar="EXPR")
@as_json
def explain(expression: str, *, json_: bool) -> None:
    """Say it in words, with the number."""

    async def work(desk: Desk) -> dict[str, object]:
        import segments
        from bot.town import topic_labels, vocabulary

        parsed = segments.parse(expression, vocabulary(desk.town))
        today = desk.clock.now().date()
        return {
            "segment": str(parsed),
            "explanation": segments.explain(parsed, today, topic_labels(desk.town)),
            "count": await desk.store.residents.count(segments.compile(parsed, today)),
        }

    found = at_desk(work)
    emit(found, json_=json_, text=lambda: [f"{found['explanation']}", f"いまの人数: {found['count']} 人"])
