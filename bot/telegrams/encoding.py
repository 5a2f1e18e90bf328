"""The state as the JSON text that the database keeps."""

from __future__ import annotations

import msgspec

from bot.jma.state import State
from bot.jma.values import Telegram

_DECODER = msgspec.json.Decoder(tuple[Telegram, ...])


def encoded(state: State) -> str:
    """The text of a state."""
    return msgspec.json.encode(state.telegrams).decode()


def decoded(text: str) -> State:
    """The state of a text; an empty one is nothing."""
    return State(_DECODER.decode(text)) if text else State()
