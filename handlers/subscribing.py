"""「カレンダー」: the link with which a resident's own calendar program shows the town's dates."""

from __future__ import annotations

import secrets
from dataclasses import replace

from handlers.scene import Card, Scene, Step

_TOKEN_BYTES = 24
"""192 random bits: nobody guesses a link."""


def show(scene: Scene, words: str = "") -> Step:
    """The resident's link, made when first asked for; with `new`, another, and the old one is dead.

    Who has registered nothing gets the town's whole calendar, and nothing is kept of them.
    """
    title = scene.say("calendar.title")
    if not scene.public_url:
        office = scene.town.office
        told = scene.say("calendar.not_offered", office=office.name, phone=office.phone)
        return Step(scene.resident, [Card(title, told, quick=scene.usual)], keeps=False)
    if not scene.resident.facts:
        told = scene.say("calendar.whole")
        return Step(scene.resident, [_card(scene, told, "/feeds/calendar.ics")], keeps=False)
    resident = scene.resident
    made_new = words == "new" and resident.calendar_token is not None
    if resident.calendar_token is None or made_new:
        resident = replace(resident, calendar_token=secrets.token_urlsafe(_TOKEN_BYTES))
    told = scene.say("calendar.renewed" if made_new else "calendar.own")
    card = _card(scene, told, f"/feeds/calendar/{resident.calendar_token}.ics")
    return Step(resident, [replace(card, buttons=[scene.action("action.new_link", "calendar new")])])


def _card(scene: Scene, told: str, path: str) -> Card:
    """The link stands in a text message of its own, where it can be tapped and copied."""
    link = scene.public_url + path
    webcal = "webcal://" + link.partition("://")[2]
    words = f"{told}\n\n{scene.say('calendar.how')}"
    aside = scene.say("calendar.links", link=link, webcal=webcal)
    return Card(scene.say("calendar.title"), words, quick=scene.usual, aside=aside)
