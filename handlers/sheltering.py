"""「避難所」, or a place that is sent: the nearest shelters, never one that is unfit for a hazard in force."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.domain.clock import TOKYO
from bot.domain.orders import SHELTER_COLUMNS
from bot.domain.residents import Fact
from bot.domain.shelters import Place, ShelterState, is_on_earth, map_link
from bot.jma.values import INTENSITIES, Hazard, Rank
from bot.town.model import Shelter
from bot.town.shelters import Near, fit, middle_of, near_districts, nearest, place_of
from handlers import helping
from handlers.scene import Action, Card, Scene, Step

STRONG = INTENSITIES.index("5弱")
"""The rank of an earthquake after which houses may not be safe."""
_NEAR, _AVOIDED, _PAGE = 3, 2, 5
"""Shelters to go to, shelters nearby that are full or closed, and shelters of a page of the list."""
_DEGREES = re.compile(r"(-?\d{1,3}\.\d{1,6}),(-?\d{1,3}\.\d{1,6})")
_STATES: dict[ShelterState | None, str] = {
    ShelterState.OPEN: "shelters.open",
    ShelterState.FULL: "shelters.full",
    ShelterState.CLOSED: "shelters.closed",
    None: "shelters.unknown",
}
_AGENCY = {
    Hazard.LANDSLIDE: "土砂災害",
    Hazard.FLOOD: "洪水",
    Hazard.RIVER: "洪水",
    Hazard.HEAVY_RAIN: "内水氾濫",
    Hazard.EARTHQUAKE: "地震",
    Hazard.VOLCANO: "火山現象",
}
"""What a shelter must be fit for while the Meteorological Agency warns of a hazard."""
_BARRED = frozenset({ShelterState.FULL, ShelterState.CLOSED})


def ask(scene: Scene, _words: str = "") -> Step:
    """「避難所」: those for the hazards in force; where nothing is, which hazard is meant."""
    if hazards(scene, ()):
        return _listed(scene, ())
    return _which_hazard(scene, None)


def near(scene: Scene, place: Place) -> Step:
    """A place was sent: the nearest for the hazards in force; where nothing is, which hazard is meant."""
    if hazards(scene, ()):
        return _nearest(scene, (), place)
    return _which_hazard(scene, place)


def choose(scene: Scene, words: str) -> Step:
    """`HAZARD`, or `HAZARD LATITUDE,LONGITUDE`: what was chosen; what is in force counts as well."""
    hazard, _, where = words.partition(" ")
    if hazard not in SHELTER_COLUMNS:
        return helping.old_button(scene)
    place = _place(where)
    return _listed(scene, (hazard,)) if place is None else _nearest(scene, (hazard,), place)


def page(scene: Scene, words: str) -> Step:
    """Another page of the list, `PAGE` or `PAGE HAZARD`."""
    number, _, hazard = words.partition(" ")
    if not (number.isascii() and number.isdecimal()) or (hazard and hazard not in SHELTER_COLUMNS):
        return helping.old_button(scene)
    if not hazard and not hazards(scene, ()):
        return _which_hazard(scene, None)
    return _listed(scene, (hazard,) if hazard else (), int(number[:6]))


def locate(scene: Scene, _words: str = "") -> Step:
    """The label of the button that opens the map, typed: how to send a place without it."""
    card = Card(scene.say("shelters.title"), scene.say("shelters.how_to_send"), quick=[sender(scene)])
    return Step(scene.resident, [card], keeps=False)


def hazards(scene: Scene, chosen: Iterable[str]) -> tuple[str, ...]:
    """What a shelter must be fit for: what is in force where the resident lives, and what was chosen.

    Orders for the resident's district go before those for others: a landslide order elsewhere must not send people past
    the shelter next to them. What the Meteorological Agency warns of counts as long as there is a shelter fit for all.
    """
    orders = scene.situation.orders
    lives_in = scene.resident.values(Fact.DISTRICT)
    own = [order for order in orders if any(district in order.districts for district in lives_in)]
    needed = list(dict.fromkeys([*(order.hazard for order in own or orders), *chosen]))
    for hazard in _of_the_agency(scene):
        if hazard not in needed and fit(scene.town.shelters, [*needed, hazard]):
            needed.append(hazard)
    return tuple(needed)


def _of_the_agency(scene: Scene) -> list[str]:
    """The hazards for which residents may have to leave by its warnings and earthquakes, the gravest first."""
    known = scene.present().known
    found = known.present(scene.now.astimezone(TOKYO)) if known else []
    return [
        _AGENCY[each.claim.hazard]
        for each in found
        if each.claim.hazard in _AGENCY
        and each.claim.rank >= (STRONG if each.claim.hazard is Hazard.EARTHQUAKE else Rank.WARNING)
    ]


def sender(scene: Scene) -> Action:
    """The quick reply that opens the map."""
    return Action(scene.say("shelters.send_location"), "locate", sends_location=True)


def _place(text: str) -> Place | None:
    found = _DEGREES.fullmatch(text)
    if found is None:
        return None
    place = Place(float(found[1]), float(found[2]))
    return place if is_on_earth(*place) else None


def _which_hazard(scene: Scene, place: Place | None) -> Step:
    where = "" if place is None else f" {place.latitude:.5f},{place.longitude:.5f}"
    known = [hazard for hazard in SHELTER_COLUMNS if fit(scene.town.shelters, [hazard])]
    buttons = [Action(scene.hazard(hazard), f"shelters-for {hazard}{where}") for hazard in known]
    quick = [*([sender(scene)] if place is None else []), *scene.usual]
    words = scene.say("shelters.which")
    return Step(scene.resident, [Card(scene.say("shelters.title"), words, buttons, quick)], keeps=False)


def _nearest(scene: Scene, chosen: Sequence[str], place: Place) -> Step:
    """The nearest that may take people in; those nearer that are full or closed are told to be avoided."""
    needed = hazards(scene, chosen)
    by_distance = nearest(fit(scene.town.shelters, needed), place)
    usable = [each for each in by_distance if _state(scene, each.shelter) not in _BARRED][:_NEAR]
    reach = usable[-1].metres if usable else float("inf")
    barred = [each for each in by_distance if _state(scene, each.shelter) in _BARRED and each.metres <= reach]
    if not usable:
        return _none(scene, needed)
    lines = [_line(scene, each.shelter, each) for each in usable]
    if barred:
        lines.append(scene.say("shelters.avoid"))
        lines += [_line(scene, each.shelter, each) for each in barred[:_AVOIDED]]
    return _told(scene, needed, lines, [each.shelter for each in usable], [])


def _listed(scene: Scene, chosen: Sequence[str], number: int = 0) -> Step:
    """Without a place: those of the resident's district first, else all, the open ones first, page by page."""
    needed = hazards(scene, chosen)
    found = [s for s in fit(scene.town.shelters, needed) if _state(scene, s) not in _BARRED]
    if not found:
        return _none(scene, needed)
    districts = [d for d in scene.resident.values(Fact.DISTRICT) if middle_of(scene.town.shelters, d)]
    ordered = near_districts(scene.town.shelters, found, districts)
    if not districts:
        ordered = sorted(ordered, key=lambda shelter: _state(scene, shelter) is not ShelterState.OPEN)
    start = number * _PAGE if number * _PAGE < len(ordered) else 0
    shown = ordered[start : start + _PAGE]
    lines = [_line(scene, shelter) for shelter in shown]
    if districts:
        lines.insert(0, scene.say("shelters.by_district", district=scene.joined(scene.values(Fact.DISTRICT))))
    more = []
    if len(ordered) > _PAGE:
        following = (start // _PAGE + 1) % -(-len(ordered) // _PAGE)
        data = " ".join(["shelters-page", str(following), *chosen])
        more = [scene.action("action.next", data)]
    return _told(scene, needed, lines, shown, [sender(scene), *more])


def _told(
    scene: Scene,
    needed: Sequence[str],
    lines: Sequence[str],
    shown: Sequence[Shelter],
    more: Sequence[Action],
) -> Step:
    intro = scene.say("shelters.for", hazards=_named(scene, needed))
    words = "\n".join([intro, *lines, "", scene.say("shelters.caution")])
    maps = [
        Action(scene.say("shelters.map", name=shelter.name), "", uri=map_link(place_of(shelter)))
        for shelter in shown
    ]
    quick = [*more, scene.action("command.safety", "safety"), *scene.usual]
    unique = list({action.label: action for action in quick}.values())
    card = Card(scene.say("shelters.title"), words, maps, unique)
    return Step(scene.resident, [card], keeps=False)


def _none(scene: Scene, needed: Sequence[str]) -> Step:
    office = scene.town.office
    words = scene.say("shelters.none", hazards=_named(scene, needed), office=office.name, phone=office.phone)
    words = f"{words}\n\n{scene.say('shelters.caution')}"
    return Step(scene.resident, [Card(scene.say("shelters.title"), words, quick=scene.usual)], keeps=False)


def _named(scene: Scene, needed: Iterable[str]) -> str:
    return scene.joined(scene.hazard(hazard) for hazard in needed)


def _state(scene: Scene, shelter: Shelter) -> ShelterState | None:
    return scene.situation.shelters.get(shelter.id)


def _line(scene: Scene, shelter: Shelter, near: Near | None = None) -> str:
    state = scene.say(_STATES[_state(scene, shelter)])
    if near is None:
        return scene.say("shelters.line", name=shelter.name, state=state, address=shelter.address)
    distance = _distance(scene, near.metres)
    return scene.say(
        "shelters.near_line", name=shelter.name, state=state, address=shelter.address, distance=distance
    )


def _distance(scene: Scene, metres: float) -> str:
    """To 10 m below a kilometre, to 100 m above."""
    rounded = round(metres / 10) * 10
    if rounded < 1000:
        return scene.say("shelters.metres", number=rounded)
    return scene.say("shelters.kilometres", number=f"{metres / 1000:.1f}")
