"""「今の警報」: what JMA has in force for the town, since when, and whether that is sure."""

from __future__ import annotations

from datetime import datetime

from bot.domain.clock import TOKYO
from bot.jma.state import InForce
from bot.jma.values import LEVELLED, Hazard
from handlers.scene import Card, Scene, Step

_MOST = 12


def show(scene: Scene, _words: str = "") -> Step:
    """What is in force; that nothing is, only while the last look is fresh and all of it was understood."""
    card = Card(scene.say("warnings.title"), "\n".join(_lines(scene)), quick=scene.usual)
    return Step(scene.resident, [card], keeps=False)


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
