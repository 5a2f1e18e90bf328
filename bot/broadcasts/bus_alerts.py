"""Staff's notices for a bus route or a stop: a draft broadcast, and the alert that is published once it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segments
from bot.broadcasts.compose import Composer, Draft
from bot.domain.broadcasts import Priority
from bot.domain.bus_alerts import CAUSES, EFFECTS, IN_ENGLISH, BusAlert
from bot.domain.clock import TOKYO, Clock, to_ms
from bot.domain.errors import InvalidInputError
from bot.domain.nearest import did_you_mean
from bot.domain.residents import Fact
from bot.domain.spelling import folded
from bot.store import bus_alerts as rows
from bot.store.port import Session
from bot.town.bus_stops import BusStops
from bot.transit.timetable import Route

_TITLE = 100


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """What a clerk writes. `routes` and `stops` are names or ids; `effect` and `cause` are keys of EFFECTS and CAUSES."""

    routes: Sequence[str]
    stops: Sequence[str]
    start: datetime
    until: datetime | None
    effect: str
    text: str
    text_en: str | None = None
    text_easy: str | None = None
    cause: str = "不明"
    priority: Priority = Priority.NORMAL
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What an alert is about: the routes and stop_ids, their names, and the places where residents are told."""

    routes: list[Route]
    stop_ids: list[str]
    names: list[str]
    english: list[str]
    places: set[int]


class AlertWriter:
    """Writes alerts as drafts; they are approved and sent like any other broadcast."""

    def __init__(self, composer: Composer, bus: BusStops, clock: Clock) -> None:
        self._composer = composer
        self._bus = bus
        self._clock = clock

    async def create(self, draft: AlertDraft, author: str) -> tuple[int, int]:
        """Store an alert with its draft broadcast, both or neither; the ids of alert and broadcast.

        It goes to who has registered one of the stops, or a stop that one of the routes serves.

        Raises:
            InvalidInputError: a route or stop is not in the timetable, nobody can have registered any of the
                stops, or times or texts are not valid.
        """
        self._require_times(draft)
        scope = self._scope(draft)
        chosen = self._bus.choices_at(scope.places)
        if not chosen:
            raise InvalidInputError(
                f"{'、'.join(scope.names)}のバス停は bus_stops.csv になく、登録した人がいません。"
                "machi broadcast new で、ほかの対象に送ってください。"
            )
        segment = f"{Fact.BUS_STOP} in ({', '.join(map(segments.quote, chosen))})"
        title = f"バス: {'、'.join(scope.names)} {draft.effect}"[:_TITLE]
        variables = self._variables(draft, scope)
        broadcast = Draft(
            title, segment, template="bus_alert", variables=variables, at=draft.at, priority=draft.priority
        )
        alert = self._alert(draft, scope)
        made: list[int] = []

        async def beside(session: Session, broadcast_id: int) -> None:
            made[:] = [await rows.insert(session, alert, broadcast_id)]

        broadcast_id = await self._composer.create(broadcast, author, beside=beside)
        return made[0], broadcast_id

    def _require_times(self, draft: AlertDraft) -> None:
        if not draft.text.strip():
            raise InvalidInputError("本文 (--text) が空です。")
        if draft.until is None:
            return
        if draft.until <= draft.start:
            raise InvalidInputError("--until は --from より後の日時にしてください。")
        if draft.until <= self._clock.now():
            raise InvalidInputError(f"--until {draft.until:%Y-%m-%d %H:%M} はもう過ぎています。")

    def _scope(self, draft: AlertDraft) -> _Scope:
        scope = _Scope([], [], [], [], set())
        timetable = self._bus.timetable
        for text in draft.routes:
            found = self._routes(text)
            scope.routes.extend(found)
            scope.names.append(found[0].name)
            scope.english.append(timetable.word(found[0].name, "en"))
            for route in found:
                scope.places.update(place.number for place in timetable.served_by(route.id))
        for text in draft.stops:
            self._add_stop(text, scope)
        if not scope.names:
            raise InvalidInputError("--route か --stop を1つは指定してください。")
        return scope

    def _routes(self, text: str) -> list[Route]:
        """The routes of an id or a name; several may be called the same."""
        routes = self._bus.timetable.routes
        if text in routes:
            return [routes[text]]
        found = [route for route in routes.values() if folded(route.name) == folded(text)]
        if not found:
            near = did_you_mean(text, [route.name for route in routes.values()])
            raise InvalidInputError(f"路線「{text}」は時刻表にありません。{near}")
        return found

    def _add_stop(self, text: str, scope: _Scope) -> None:
        """Add the poles of a stop by its name, or one pole by its stop_id."""
        for place in self._bus.timetable.places:
            for pole in place.poles:
                if pole.id == text:
                    scope.stop_ids.append(pole.id)
                    scope.names.append(pole.name)
                    scope.english.append(self._bus.label(place, "en"))
                    scope.places.add(place.number)
                    return
        found = self._bus.named(text)
        if found is None:
            near = did_you_mean(text, [each.name for each in self._bus.holding(text) or self._bus.offered])
            raise InvalidInputError(f"バス停「{text}」は時刻表にありません。{near}")
        poles = [pole.id for pole in found.poles if not pole.is_station] or [pole.id for pole in found.poles]
        scope.stop_ids.extend(poles)
        scope.names.append(self._bus.label(found, "ja"))
        scope.english.append(self._bus.label(found, "en"))
        scope.places.add(found.number)

    def _variables(self, draft: AlertDraft, scope: _Scope) -> dict[str, str]:
        start, until = draft.start.astimezone(TOKYO), draft.until and draft.until.astimezone(TOKYO)
        values = {
            "where": "、".join(scope.names),
            "where_en": ", ".join(scope.english),
            "effect": draft.effect,
            "effect_en": IN_ENGLISH[EFFECTS[draft.effect]],
            "from": f"{start:%Y-%m-%d}",
            "from_time": f"{start:%H:%M}",
            "text": draft.text.strip(),
        }
        if until:
            values |= {"until": f"{until:%Y-%m-%d}", "until_time": f"{until:%H:%M}"}
        translated = {"text_en": draft.text_en, "text_easy": draft.text_easy}
        return values | {name: text.strip() for name, text in translated.items() if text}

    def _alert(self, draft: AlertDraft, scope: _Scope) -> BusAlert:
        effect = EFFECTS[draft.effect]
        header = {"ja": f"{'、'.join(scope.names)}: {draft.effect}"}
        header["en"] = f"{', '.join(scope.english)}: {IN_ENGLISH[effect]}"
        description = {"ja": draft.text.strip()} | ({"en": draft.text_en.strip()} if draft.text_en else {})
        return BusAlert(
            effect,
            CAUSES[draft.cause],
            to_ms(draft.start),
            to_ms(draft.until) if draft.until else None,
            tuple(dict.fromkeys(route.id for route in scope.routes)),
            tuple(dict.fromkeys(scope.stop_ids)),
            header,
            description,
        )
