"""「次のバス」: the next departures of a resident's stops, or of one that is named."""

from __future__ import annotations

from bot.domain.clock import TOKYO
from bot.domain.residents import Fact
from bot.domain.spelling import folded
from bot.town.bus_stops import BusStops
from bot.transit import Departure, Place
from handlers import helping
from handlers.scene import DEPARTURES, Action, Card, Scene, Step

_SHOWN, _STOPS = 3, 4
"""Departures of a stop, and stops, shown at once: LINE takes five messages in a reply."""
_PAGE = 8


def ask(scene: Scene, _words: str = "") -> Step:
    """The stops that are registered, each in its own card; without any, which one is meant."""
    if scene.bus is None:
        return _without_timetable(scene)
    names = scene.resident.values(Fact.BUS_STOP)
    places = list({place.number: place for name in names if (place := scene.bus.of(name))}.values())
    if not places:
        listed = scene.joined(scene.values(Fact.BUS_STOP))
        return _which(scene, scene.say("bus.unlisted", stop=listed) if names else "")
    cards = [_card(scene, scene.bus, place) for place in places[:_STOPS]]
    more = [_option(scene, scene.bus, place) for place in places[_STOPS:]]
    other = scene.action("bus.other", "which-stop 0")
    return Step(scene.resident, [*cards[:-1], _with_quick(scene, cards[-1], [*more[:6], other])], keeps=False)


def show(scene: Scene, name: str) -> Step:
    """The next departures of a place."""
    if scene.bus is None:
        return _without_timetable(scene)
    place = scene.bus.named(name)
    if place is None:
        return helping.old_button(scene)
    card, choice = _card(scene, scene.bus, place), scene.bus.choice(place)
    register = []
    if choice is not None and choice.name not in scene.resident.values(Fact.BUS_STOP):
        data = f"add {Fact.BUS_STOP} {choice.name}"
        register.append(scene.action("bus.register", data, stop=scene.label(choice)))
    card = Card(card.title, card.words, register)
    return Step(
        scene.resident, [_with_quick(scene, card, [scene.action("bus.other", "which-stop 0")])], keeps=False
    )


def page(scene: Scene, number: str) -> Step:
    """Which stop: a page of the stops there are."""
    if not (number.isascii() and number.isdecimal()):
        return helping.old_button(scene)
    return _which(scene, "", int(number[:6]))


def look_up(scene: Scene, part: str) -> Step:
    """The place whose name has a part in it, or those to choose from."""
    if scene.bus is None:
        return _without_timetable(scene)
    found = scene.bus.holding(part)
    if not found:
        return _which(scene, scene.say("choice.unclear"))
    if len(found) == 1:
        return show(scene, found[0].name)
    options = [_option(scene, scene.bus, place) for place in found[:_PAGE]]
    card = Card(scene.say("bus.title"), scene.say("choice.found", words=part), options, scene.usual)
    return Step(scene.resident, [card], asks=DEPARTURES, keeps=False)


def _which(scene: Scene, intro: str, number: int = 0) -> Step:
    if scene.bus is None:
        return _without_timetable(scene)
    known = scene.bus.offered
    start = number * _PAGE if number * _PAGE < len(known) else 0
    options = [_option(scene, scene.bus, place) for place in known[start : start + _PAGE]]
    if len(known) > _PAGE:
        following = (start // _PAGE + 1) % -(-len(known) // _PAGE)
        options.append(scene.action("action.next", f"which-stop {following}"))
    words = "\n".join(filter(None, [intro, scene.say("bus.which")]))
    card = Card(scene.say("bus.title"), words, options, scene.usual)
    return Step(scene.resident, [card], asks=DEPARTURES, keeps=False)


def _option(scene: Scene, bus: BusStops, place: Place) -> Action:
    return Action(bus.label(place, scene.resident.language), f"departures {place.name}")


def _with_quick(scene: Scene, card: Card, more: list[Action]) -> Card:
    return Card(card.title, card.words, card.buttons, [*more, *scene.usual])


def _without_timetable(scene: Scene) -> Step:
    words = _with_office(scene, "bus.no_timetable")
    return Step(scene.resident, [Card(scene.say("bus.title"), words, quick=scene.usual)], keeps=False)


def _with_office(scene: Scene, key: str, **values: object) -> str:
    office = scene.town.office
    return scene.say(key, **values) + "\n" + scene.say("bus.office", office=office.name, phone=office.phone)


def _card(scene: Scene, bus: BusStops, place: Place) -> Card:
    title = scene.say("bus.at_stop", stop=bus.label(place, scene.resident.language))
    return Card(title, _said(scene, bus, place))


def _said(scene: Scene, bus: BusStops, place: Place) -> str:
    timetable, now = bus.timetable, scene.now.astimezone(TOKYO)
    left = timetable.left(place, now, _SHOWN)
    if left:
        return "\n".join(_line(scene, bus, place, departure) for departure in left)
    if timetable.ends is not None and timetable.is_over(now.date()):
        return _with_office(scene, "bus.expired", date=scene.full_date(timetable.ends))
    lines = [scene.say("bus.none_left")]
    if timetable.begins is not None and now.date() < timetable.begins:
        lines = [scene.say("bus.not_begun", date=scene.full_date(timetable.begins))]
    following = timetable.first_after(place, now)
    if following is not None:
        lines.append(_first(scene, bus, following))
    elif timetable.ends is not None:
        lines.append(_with_office(scene, "bus.nothing_known", date=scene.full_date(timetable.ends)))
    return "\n".join(lines)


def _first(scene: Scene, bus: BusStops, departure: Departure) -> str:
    day = departure.at.date()
    weekday = scene.say("bus.weekdays").split("|")[day.weekday()]
    when = scene.say("bus.day", date=scene.full_date(day), weekday=weekday)
    return scene.say("bus.next_day", day=when, time=_time(scene, departure), bus=_bus(scene, bus, departure))


def _line(scene: Scene, bus: BusStops, place: Place, departure: Departure) -> str:
    now = scene.now.astimezone(TOKYO).replace(second=0, microsecond=0)
    minutes = int((departure.at - now).total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    if hours:
        wait = scene.say("bus.hours", hours=hours, minutes=rest)
    else:
        wait = scene.say("bus.minutes", minutes=minutes) if minutes else scene.say("bus.soon")
    line = scene.say("bus.line", time=_time(scene, departure), wait=wait, bus=_bus(scene, bus, departure))
    pole = departure.pole
    sign = pole.platform or (pole.name if folded(pole.name) != folded(place.name) else "")
    if sign:
        line += " " + scene.say("bus.pole", pole=bus.timetable.word(sign, scene.resident.language))
    return f"{line} {scene.say('bus.by_phone')}" if departure.is_by_phone else line


def _time(scene: Scene, departure: Departure) -> str:
    time = f"{departure.at.hour}:{departure.at.minute:02}"
    return scene.say("bus.about", time=time) if departure.is_approximate else time


def _bus(scene: Scene, bus: BusStops, departure: Departure) -> str:
    """The route and where the bus goes, in the resident's language as far as the feed tells."""
    language, word = scene.resident.language, bus.timetable.word
    bound = word(departure.bound, language)
    bound = scene.say("bus.bound", stop=bound) if departure.is_last_stop else bound
    return f"{word(departure.route.name, language)} {bound}".strip()
