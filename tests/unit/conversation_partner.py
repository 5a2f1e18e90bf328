"""A resident talking to the conversation, with everything kept in between passed through JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bot.domain.clock import TOKYO
from bot.domain.residents import Fact, Resident
from bot.line import limits
from bot.line.events import LineEvent
from bot.town import load
from handlers.conversation import Conversation

TOWN = load(Path(__file__).parents[2] / "towns" / "kahoku")
USER = "U" + "1" * 32


class Partner:
    """Says and taps; `resident` is what the store would hold, None for a stranger."""

    def __init__(self, resident: Resident | None = None) -> None:
        self.conversation = Conversation(TOWN)
        self.resident = resident
        self.now = datetime(2026, 11, 24, 9, tzinfo=TOKYO)
        self.messages: list[dict[str, Any]] = []

    def hear(self, event: LineEvent) -> str:
        """Let an event happen; the words of the reply."""
        turn = self.conversation.answer(self.resident, msgspec.structs.replace(event, user_id=USER), self.now)
        assert limits.faults(turn.messages) == [] or not turn.messages
        self.messages = turn.messages
        self.resident = turn.resident
        if turn.resident is not None:
            dialogue = json.dumps(turn.resident.dialogue)
            assert len(dialogue.encode()) < 4096
            self.resident = replace(turn.resident, dialogue=json.loads(dialogue))
        return "\n".join(message.get("text") or message["altText"] for message in turn.messages)

    def follow(self) -> str:
        return self.hear(LineEvent("follow"))

    def unfollow(self) -> str:
        return self.hear(LineEvent("unfollow"))

    def say(self, text: str) -> str:
        return self.hear(LineEvent("message", message_type="text", text=text))

    def send(self, data: str, **params: str) -> str:
        return self.hear(LineEvent("postback", postback_data=data, postback_params=params))

    def tap(self, label: str, date: str = "") -> str:
        """Tap what is shown now under a label."""
        action = next(action for action in self.actions if action["label"] == label)
        return self.send(action["data"], **({"date": date} if date else {}))

    def wait(self, **spans: float) -> None:
        self.now += timedelta(**spans)

    @property
    def actions(self) -> list[dict[str, Any]]:
        """Everything that can be tapped below the last reply."""
        return [action for message in self.messages for action in _actions(message)]

    @property
    def labels(self) -> list[str]:
        return [action["label"] for action in self.actions]

    def facts(self, fact: Fact) -> tuple[str, ...]:
        return self.resident.values(fact) if self.resident else ()


def _actions(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [action for element in part for action in _actions(element)]
    if not isinstance(part, dict):
        return []
    own = [part["action"]] if isinstance(part.get("action"), dict) else []
    return own + [action for key, value in part.items() if key != "action" for action in _actions(value)]
