"""What a planned message says in Japanese, for lists and calendars."""

from __future__ import annotations

from datetime import date

from bot.rehearsal.plan import Planned


def text(plan: Planned) -> str:
    """The texts in Japanese; a card says the same again."""
    said = (message["text"] for message in plan.messages.get("ja", ()) if message["type"] == "text")
    return "\n\n".join(said)


def due_day(plan: Planned) -> str:
    """The date a calendar's entry came to, and its own where the office is closed on that; else empty."""
    if "base_date" not in plan.context:
        return ""
    base = str(plan.context["base_date"])
    due = str(plan.context.get("due_date") or plan.context.get("date") or base)
    return _day(due) if due == base else f"{_day(due)}(もとは {_day(base)})"


def _day(iso: str) -> str:
    found = date.fromisoformat(iso)
    return f"{found.month}/{found.day}"
