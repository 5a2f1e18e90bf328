"""What a planned message says in Japanese, for lists and calendars."""

from __future__ import annotations

from bot.rehearsal.plan import Planned


def text(plan: Planned) -> str:
    """The texts in Japanese; a card says the same again."""
    said = (message["text"] for message in plan.messages.get("ja", ()) if message["type"] == "text")
    return "\n\n".join(said)
