"""Cards to LINE messages: a Flex bubble, and a plain text that says the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.line import messages as line
from bot.line.limits import ALT_TEXT, QUICK_REPLIES, Message, utf16_length
from handlers.children import AHEAD_MONTHS, BACK_YEARS
from handlers.scene import Action, Card

_HEAD, _INK, _PRIMARY = "#0B5D3B", "#1A1A1A", "#0B5D3B"


def rendered(card: Card, now: datetime) -> list[Message]:
    """The messages of a card; where the plain text is longer than LINE's alternative text, it comes first."""
    plain = _plain(card)
    bubble = {"type": "bubble", "size": "mega", "header": _header(card), "body": _body(card, now)}
    found = [line.flex(plain, bubble)]
    if utf16_length(plain) > ALT_TEXT:
        found.insert(0, line.text(plain))
    if card.aside:
        found.insert(0, line.text(card.aside))
    quick = [_action(action, now) for action in card.quick[:QUICK_REPLIES]]
    return [*found[:-1], line.with_quick_replies(found[-1], quick)]


def _plain(card: Card) -> str:
    choices = [f"・{action.label}" for action in (*card.buttons, *card.quick)]
    return "\n".join([card.title, card.words, *dict.fromkeys(choices)])


def _header(card: Card) -> Message:
    title = line.paragraph(card.title, weight="bold", color="#FFFFFF", size="lg")
    return line.stack(title, backgroundColor=_HEAD, paddingAll="16px")


def _body(card: Card, now: datetime) -> Message:
    parts = [line.paragraph(card.words, color=_INK, size="md")]
    for number, action in enumerate(card.buttons):
        primary = number == 0 and action.picks_a_date
        made = line.button(_action(action, now), primary=primary, colour=_PRIMARY if primary else None)
        parts.append({**made, "margin": "lg" if number == 0 else "sm"})
    return line.stack(*parts, paddingAll="16px")


def _action(action: Action, now: datetime) -> Message:
    if action.uri:
        return line.link(action.label, action.uri)
    if action.sends_location:
        return line.location(action.label)
    if not action.picks_a_date:
        return line.postback(action.label, action.data)
    today = now.date()
    first, last = (
        today.replace(year=today.year - BACK_YEARS, day=1),
        today + timedelta(days=AHEAD_MONTHS * 30),
    )
    return line.date_picker(action.label, action.data, first.isoformat(), last.isoformat(), today.isoformat())
