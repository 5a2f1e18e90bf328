"""The town's evacuation orders as messages: each change of an order is one, and a day without change renews it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.broadcasts import Broadcast
from bot.domain.clock import from_ms, to_ms
from bot.domain.errors import InvalidInputError
from bot.domain.orders import ACTIVE, LEVELLED, LEVELS, STATE_WORDS, Order, OrderState, Reach
from bot.feeds.messages import Grade, Message, Publisher, Words, in_order
from bot.feeds.words import lines, said
from bot.rendering import Templates, text_messages
from bot.store.broadcasts import Payloads
from bot.store.published import OrderChange, Record

_log = logging.getLogger(__name__)

KEPT = timedelta(hours=48)
"""How long an order that has ended is still published; Google asks for 24 to 48 hours.
https://developers.google.com/public-alerts/guides/send-alerts"""

RENEWED = timedelta(hours=24)
"""An order has no end of its own, but a CAP message must have one, lest it stay in force where the end of the order
is never heard of: so it holds for KEPT, and while the order is in force a new one takes its place in time."""

GRADES: Mapping[int, Grade] = {
    5: Grade("Immediate", "Extreme", "Likely", ("Shelter",)),
    4: Grade("Immediate", "Severe", "Likely", ("Evacuate",)),
    3: Grade("Expected", "Moderate", "Likely", ("Prepare", "Evacuate")),
}
OVER = Grade("Past", "Minor", "Observed", ("AllClear",))

CATEGORIES: Mapping[str, str] = {
    "洪水": "Met",
    "土砂災害": "Geo",
    "内水氾濫": "Met",
    "高潮": "Met",
    "地震": "Geo",
    "津波": "Geo",
    "大規模な火事": "Fire",
    "火山現象": "Geo",
}
"""CAP counts floods among Met and landslides among Geo (3.2.2 `category`)."""

_LINES: Mapping[str, int] = {"issue": 4, "narrow": 3, "lift": 2}
"""How many lines of a text are its headline: whose it is, the order's name, and as far as it has lines of their own for
them, the area and the hazard."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A message that was or is: the change it tells of, its number among those of that change, its time."""

    change: OrderChange
    number: int
    sent_ms: int

    @property
    def sent(self) -> datetime:
        return from_ms(self.sent_ms)

    @property
    def expires_ms(self) -> int:
        return self.sent_ms + _ms(KEPT)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


class OrderMessages:
    """The messages of the orders in a record, as they are at a moment."""

    def __init__(self, record: Record, templates: Templates, publisher: Publisher, now: datetime) -> None:
        self._record = record
        self._templates = templates
        self._publisher = publisher
        self._now_ms = to_ms(now)
        self._changes: dict[int, list[OrderChange]] = {}
        for change in record.changes:
            self._changes.setdefault(change.order_id, []).append(change)
        self.public = {
            order.id: order
            for order in record.orders
            if order.reach is not Reach.STAFF and order.id in self._changes
        }
        """The orders that are published, by id: none that only staff were told of."""

    def of(self, order: Order) -> list[Message]:
        """The messages of a public order that have not expired, the oldest first; the last holds, unless `is_replaced`."""
        stamps = list(self._stamps(order))
        return [
            self._message(order, stamp, stamps[:number])
            for number, stamp in enumerate(stamps)
            if stamp.expires_ms > self._now_ms
        ]

    def is_replaced(self, order: Order) -> bool:
        """Whether another order has taken its place: then that one's message takes the place of its own."""
        return self._replaces(order, self._changes[order.id][-1])

    def _replaces(self, order: Order, change: OrderChange) -> bool:
        return change.state is OrderState.SUPERSEDED and order.superseded_by in self.public

    def _stamps(self, order: Order) -> Iterator[_Stamp]:
        changes = self._changes[order.id]
        for number, change in enumerate(changes):
            if self._replaces(order, change):
                return
            yield _Stamp(change, 0, change.at_ms)
            if change.state in ACTIVE:
                end_ms = changes[number + 1].at_ms if number + 1 < len(changes) else self._now_ms
                spans = (end_ms - change.at_ms) // _ms(RENEWED)
                for each in range(1, spans + 1):
                    yield _Stamp(change, each, change.at_ms + each * _ms(RENEWED))

    def _identifier(self, stamp: _Stamp) -> str:
        """Also unique where a database was begun anew: by its time."""
        code, change = self._publisher.town.codes["local_government"], stamp.change
        return f"{code}-order{change.order_id}-{change.id}-{stamp.number}-{stamp.sent:%Y%m%d%H%M%S}"

    def _references(self, order: Order, stamp: _Stamp, earlier: Sequence[_Stamp]) -> tuple[str, ...]:
        """The messages not yet expired that this one takes the place of: its order's, and those of lower orders."""
        held = list(earlier)
        if stamp.change.change == "issue" and stamp.number == 0:
            for other in self.public.values():
                if other.superseded_by == order.id:
                    held += self._stamps(other)
        valid = [each for each in held if each.sent_ms <= stamp.sent_ms < each.expires_ms]
        return tuple(self._publisher.reference(self._identifier(each), each.sent) for each in valid)

    def _message(self, order: Order, stamp: _Stamp, earlier: Sequence[_Stamp]) -> Message:
        change = stamp.change
        in_force = change.state in ACTIVE
        state = change.state if in_force else OrderState.LIFTED
        references = self._references(order, stamp, earlier)
        return Message(
            identifier=self._identifier(stamp),
            sent=stamp.sent,
            kind="Update" if references else "Alert",
            drill=order.drill,
            subject=("order", order.id),
            references=references,
            categories=(CATEGORIES.get(order.hazard, "Other"), "Safety"),
            grade=GRADES[order.level] if in_force else OVER,
            words=self._words(order, change),
            expires=from_ms(stamp.expires_ms),
            onset=from_ms(order.issued_ms) if order.issued_ms is not None else None,
            districts=change.districts,
            parameters=(
                ("発令区分", LEVELS[order.level]),
                *((("警戒レベル", str(order.level)),) if order.hazard in LEVELLED else ()),
                ("災害", order.hazard),
                ("状態", STATE_WORDS[state]),
            ),
        )

    def _words(self, order: Order, change: OrderChange) -> dict[str, Words]:
        """As residents were told; where nobody was told, as the templates say it."""
        issue = self._changes[order.id][0]
        issued, payloads = self._told(issue), self._payloads(order, change)
        events = {
            language: order.title if language == "ja" else (lines(said)[1:2] or [order.title])[0]
            for language, said in issued.items()
        }
        deed = change.change
        if deed == "supersede":  # told as an order for the districts that are left, or as lifted
            deed = "issue" if change.state in ACTIVE else "lift"
        found = {}
        for language in in_order(payloads):
            event, drill = events.get(language, order.title), order.drill
            words = said(payloads[language], event, _LINES[deed], drill=drill, split=deed == "issue")
            if deed == "narrow" and language in issued:  # what to do where it is still in force
                whole = said(issued[language], event, _LINES["issue"], drill=drill, split=True)
                words = replace(words, instruction=whole.instruction)
            found[language] = words
        return found

    def _payloads(self, order: Order, change: OrderChange) -> Payloads:
        if change.broadcast_id is not None:
            return self._told(change)
        issue = self._record.order_broadcasts[self._changes[order.id][0].broadcast_id or 0]
        areas = "、".join(change.districts)
        if change.state in ACTIVE:
            context = {**issue.context, "areas": areas}
            return self._rendered(issue, "evacuation", context, self._record.messages[issue.id])
        over = {"ja": text_messages(f"{order.title}({order.hazard})は解除されました。", drill=order.drill)}
        words = {"level": str(order.level), "areas": areas, "hazard": order.hazard}
        return self._rendered(issue, "evacuation_lifted", words, over)

    def _told(self, change: OrderChange) -> Payloads:
        """What the broadcast of a change says by language; what went to everyone at once has them all in one text."""
        broadcast = self._record.order_broadcasts[change.broadcast_id or 0]
        if broadcast.everyone and broadcast.template is not None:
            sent = self._record.messages[broadcast.id]
            return self._rendered(broadcast, broadcast.template, broadcast.context, sent)
        return self._record.messages[broadcast.id]

    def _rendered(
        self, broadcast: Broadcast, template: str, context: Mapping[str, object], otherwise: Payloads
    ) -> Payloads:
        """The template's words; should the town's own fail by now, others rather than nothing."""
        try:
            return self._templates.render_all(template, context, drill=broadcast.drill)
        except InvalidInputError as error:
            _log.error("Feeds: the template %s failed, other words are published: %s", template, error)
            return otherwise
