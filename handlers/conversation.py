"""Who answers what: from a webhook event to the resident afterwards and the reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.residents import Resident
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
    helping,
    in_force,
    language,
    registration,
    stopping,
    subscribing,
    summary,
)
from handlers.cards import rendered
from handlers.dialogue import opened
from handlers.scene import Scene, Step
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
    "bus": departures.ask,
    "which-stop": departures.page,
    "departures": departures.show,
    "look-up": departures.look_up,
    "in-force": in_force.show,
    "emergency": helping.emergency,
    "retry": helping.retry,
    "nonsense": helping.nonsense,
}
"""Every verb that an action's data may begin with."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The resident afterwards (None: nothing is kept of them) and the messages of the reply."""

    resident: Resident | None
    messages: list[Message]


class Conversation:
    """The conversation of a town's account; `public_url` is where its web server is reached from outside."""

    def __init__(
        self,
        town: Town,
        timetable: Timetable | None = None,
        *,
        public_url: str = "",
        present: Callable[[], Presence] = Presence,
    ) -> None:
        """`present` tells what is known to be in force for the town."""
        self._town = town
        self._public_url = public_url
        self._present = present
        self._bus = BusStops(town, timetable) if timetable else None

    def answer(self, resident: Resident | None, event: LineEvent, now: datetime) -> Turn:
        """What an event of a resident (None: a stranger) leads to."""
        if event.user_id is None:
            return Turn(resident, [])
        person = resident or Resident(event.user_id)
        scene = Scene(self._town, person, now, resident is None, self._public_url, self._bus, self._present)
        match event.type:
            case "follow":
                return self._turn(scene, language.welcome(scene))
            case "unfollow":
                return Turn(resident and stopping.block(resident), [])
            case "message" if event.message_type == "text":
                return self._turn(scene, self._act(scene, meaning(scene, event.text), {}))
            case "message":
                return self._turn(scene, helping.only_text(scene))
            case "postback" if "newRichMenuAliasId" not in event.postback_params:
                return self._turn(scene, self._act(scene, event.postback_data, event.postback_params))
            case _:
                return Turn(resident, [])

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
        return Turn(after, messages[:MESSAGES])
