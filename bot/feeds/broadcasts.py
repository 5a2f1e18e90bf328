"""The town's public broadcasts as messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.broadcasts import Broadcast, Priority, State
from bot.domain.clock import from_ms
from bot.feeds.messages import Grade, Message, Publisher, Words, in_order
from bot.feeds.orders import KEPT
from bot.feeds.words import said
from bot.rendering.drill import MARK
from bot.store.published import Messages

DAYS = timedelta(days=7)
"""How long a broadcast is published."""

GRADES: Mapping[Priority, Grade] = {
    Priority.EMERGENCY: Grade("Immediate", "Severe", "Likely"),
    Priority.URGENT: Grade("Expected", "Moderate", "Likely"),
    Priority.NORMAL: Grade("Unknown", "Minor", "Unknown"),
}
"""Staff say how urgent it is, and nothing more is known of what a text tells."""

_EVENT = "町からのお知らせ"
_TAKEN_BACK = "このお知らせは取り消されました。"


def told(broadcast: Broadcast, messages: Messages, publisher: Publisher) -> list[Message]:
    """The messages of a broadcast that has begun: itself, and if it was taken back since, what cancels it. The last holds."""
    assert broadcast.started_ms is not None
    code = publisher.town.codes["local_government"]
    begun = from_ms(broadcast.started_ms)
    drill = broadcast.drill
    words = {language: said(messages[language], _EVENT, 1, drill=drill) for language in in_order(messages)}
    found = Message(
        identifier=f"{code}-broadcast{broadcast.id}-{begun:%Y%m%d%H%M%S}",
        sent=begun,
        kind="Alert",
        drill=drill,
        subject=("broadcast", broadcast.id),
        references=(),
        categories=("Safety",) if broadcast.priority is Priority.EMERGENCY else ("Other",),
        grade=GRADES[broadcast.priority],
        words=words,
        expires=begun + DAYS,
    )
    cancelled = broadcast.state is State.CANCELLED
    return [found, _taken_back(found, broadcast, publisher)] if cancelled else [found]


def _taken_back(message: Message, broadcast: Broadcast, publisher: Publisher) -> Message:
    assert broadcast.finished_ms is not None
    ended = from_ms(broadcast.finished_ms)
    mark = MARK if message.drill else ""
    words = f"{mark}【取り消し】{message.words['ja'].headline.removeprefix(MARK)}"
    return Message(
        identifier=f"{message.identifier}-cancel-{ended:%Y%m%d%H%M%S}",
        sent=ended,
        kind="Cancel",
        drill=message.drill,
        subject=message.subject,
        references=(publisher.reference(message.identifier, message.sent),),
        categories=message.categories,
        grade=Grade("Past", "Minor", "Unknown"),
        words={"ja": Words(_EVENT, words, f"{mark}{_TAKEN_BACK}")},
        expires=ended + KEPT,
    )
