"""「今の警報」: the town's orders in force, and apart from them JMA's warnings, since when, and whether that is sure."""

from __future__ import annotations

from datetime import datetime

from bot.domain.clock import TOKYO, from_ms
from bot.domain.orders import LEVELLED as ORDERED_BY_LEVEL
from bot.domain.orders import Order
from bot.domain.residents import Fact
from bot.jma.state import InForce
from bot.jma.values import LEVELLED, Hazard
from handlers.scene import Card, Scene, Step

_MOST = 12
_LEVELS = {3: "orders.elderly", 4: "orders.instruction", 5: "orders.safety_measures"}


def show(scene: Scene, _words: str = "") -> Step:
    """What is in force; that nothing is, only while the last look is fresh and all of it was understood."""
    warnings = Card(scene.say("warnings.title"), "\n".join(_lines(scene)), quick=scene.usual)
    return Step(scene.resident, [*_orders(scene), warnings], keeps=False)


def _orders(scene: Scene) -> list[Card]:
    """The town's own orders, the highest level first; nothing where there is none."""
    orders = sorted(scene.situation.orders, key=lambda order: (-order.level, order.id))
    return (
        [Card(scene.say("orders.title"), "\n".join(_order(scene, each) for each in orders))] if orders else []
    )


def _order(scene: Scene, order: Order) -> str:
    name = scene.say(_LEVELS[order.level])
    if order.hazard in ORDERED_BY_LEVEL:
        name = scene.say("orders.levelled", level=order.level, name=name)
    shown = {choice.name: scene.label(choice) for choice in scene.town.choices.get(Fact.DISTRICT, ())}
    areas = scene.joined(shown.get(district, district) for district in order.districts)
    when = _when(scene, from_ms(order.issued_ms or order.created_ms))
    return scene.say("orders.line", name=name, hazard=scene.hazard(order.hazard), areas=areas, when=when)


def _lines(scene: Scene) -> list[str]:
    known, now = scene.present().known, scene.now.astimezone(TOKYO)
    elsewhere = scene.say("warnings.elsewhere")
    if known is None:
        return [scene.say("warnings.off"), elsewhere]
    found = known.present(now)
    lines = [_line(scene, each) for each in found[:_MOST]]
    if len(found) > _MOST:
        lines.append(scene.say("warnings.more", number=len(found) - _MOST))
    if known.is_stale(now):
        when = _when(scene, known.at) if known.at else scene.say("warnings.never")
        head = scene.say("warnings.stale_with" if lines else "warnings.stale", when=when)
        return [head, *lines, elsewhere]
    assert known.at is not None
    if known.is_partial:
        lines.append(scene.say("warnings.partial"))
        return [*lines, scene.say("warnings.at", when=_when(scene, known.at)), elsewhere]
    if not lines:
        lines.append(scene.say("warnings.nothing"))
    return [*lines, scene.say("warnings.at", when=_when(scene, known.at)), scene.say("warnings.source")]


def _line(scene: Scene, found: InForce) -> str:
    claim, heading = found.claim, found.telegram.heading
    name = claim.name or claim.hazard.value
    if claim.hazard in LEVELLED and claim.rank > 2:
        name += scene.say("warnings.level", level=int(claim.rank))
    area = scene.say("warnings.wide", area=claim.area) if claim.wide else claim.area
    key = "warnings.quake" if claim.hazard is Hazard.EARTHQUAKE else "warnings.line"
    return scene.say(key, name=name, area=area, when=_when(scene, heading.reported))


def _when(scene: Scene, moment: datetime) -> str:
    local = moment.astimezone(TOKYO)
    return scene.say("warnings.when", date=scene.full_date(local.date()), time=f"{local:%H:%M}")
