"""Who answers what: from a webhook event to the resident afterwards and the reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.residents import Resident
from bot.domain.safety import SafetyAnswer
from bot.domain.shelters import Place
from bot.domain.situation import Situation
from bot.line.events import LineEvent
from bot.line.limits import MESSAGES, Message
from bot.town.bus_stops import BusStops
from bot.town.hazards import Presence
from bot.town.model import Town
from bot.transit import Timetable
from handlers import (
    children,
    choices,
    departures,
    erasing,
    garbage,
    helping,
    in_force,
    language,
    registration,
    safety,
    sheltering,
    stopping,
    subscribing,
    summary,
)
from handlers.cards import rendered
from handlers.dialogue import asked, opened
from handlers.scene import WHEREABOUTS, Scene, Step
from handlers.typed import meaning

Handler = Callable[..., Step]
"""Takes the scene and the words that follow the verb of an action's data."""

HANDLERS: Mapping[str, Handler] = {
    "settings": registration.menu,
    "summary": summary.show,
    "stop": stopping.stop,
    "resume": stopping.resume,
    "erase": erasing.erase,
    "ask-erase": erasing.ask,
    "confirm-erase": erasing.confirm,
    "language": language.ask,
    "set-language": language.choose,
    "calendar": subscribing.show,
    "help": helping.general,
    "done": helping.done,
    "topic": registration.choose,
    "quit": registration.quit_topic,
    "pick": children.pick,
    "born": children.add,
    "add": choices.add,
    "add-all": choices.add_all,
    "remove": choices.remove,
    "page": choices.page,
    "find": choices.find,
    "which": choices.which,
    "bus": departures.ask,
    "which-stop": departures.page,
    "departures": departures.show,
    "look-up": departures.look_up,
    "garbage-days": garbage.days,
    "garbage-time": garbage.ask_time,
    "dispose": garbage.dispose,
    "shelters": sheltering.ask,
    "shelters-for": sheltering.choose,
    "shelters-page": sheltering.page,
    "locate": sheltering.locate,
    "safety": safety.ask,
    "safety-is": safety.answer,
    "safety-at": safety.tell_place,
    "in-force": in_force.show,
    "emergency": helping.emergency,
    "retry": helping.retry,
    "nonsense": helping.nonsense,
}
"""Every verb that an action's data may begin with."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The resident afterwards (None: nothing is kept of them), the reply, and what they say of themselves."""

    resident: Resident | None
    messages: list[Message]
    safety: SafetyAnswer | None = None


class Conversation:
    """The conversation of a town's account; `public_url` is where its web server is reached from outside.

    `situation` tells what the town has in force at the moment, `present` what the Meteorological Agency has.
    """

    def __init__(
        self,
        town: Town,
        timetable: Timetable | None = None,
        *,
        public_url: str = "",
        situation: Callable[[], Situation] = Situation,
        present: Callable[[], Presence] = Presence,
    ) -> None:
        self._town = town
        self._public_url = public_url
        self._situation = situation
        self._present = present
        self._bus = BusStops(town, timetable) if timetable else None

    def answer(self, resident: Resident | None, event: LineEvent, now: datetime) -> Turn:
        """What an event of a resident (None: a stranger) leads to."""
        if event.user_id is None:
            return Turn(resident, [])
        person = resident or Resident(event.user_id)
        outside = self._public_url, self._bus, self._situation(), self._present
        scene = Scene(self._town, person, now, resident is None, *outside)
        match event.type:
            case "follow":
                return self._turn(scene, language.welcome(scene))
            case "unfollow":
                return Turn(resident and stopping.block(resident), [])
            case "message" if event.message_type == "text":
                return self._turn(scene, self._act(scene, meaning(scene, event.text), {}))
            case "message" if event.place is not None:
                return self._turn(scene, self._located(scene, event.place, event.address))
            case "message":
                return self._turn(scene, helping.only_text(scene))
            case "postback" if "newRichMenuAliasId" not in event.postback_params:
                return self._turn(scene, self._act(scene, event.postback_data, event.postback_params))
            case _:
                return Turn(resident, [])

    def _located(self, scene: Scene, place: Place, address: str) -> Step:
        """A place that was sent: it answers where somebody is, or asks for the shelters near it."""
        if asked(scene) == WHEREABOUTS:
            return safety.locate(scene, place, address)
        return sheltering.near(scene, place)

    def _act(self, scene: Scene, data: str, params: Mapping[str, str]) -> Step:
        """Do what an action's data says; data we do not know, such as an old button's, does no harm."""
        verb, _, words = data.partition(" ")
        handler = HANDLERS.get(verb)
        if handler is None:
            return helping.old_button(scene)
        if verb == "pick":
            return children.pick(scene, params.get("date", ""))
        return handler(scene, words)

    def _turn(self, scene: Scene, step: Step) -> Turn:
        after = step.resident
        messages = [message for card in step.cards for message in rendered(card, scene.now)]
        if after is not None and scene.is_stranger and not step.keeps:
            after = None
        elif after is not None:
            after = replace(after, dialogue=opened(step))
        return Turn(after, messages[:MESSAGES], step.safety)
