"""What a handler is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.domain.residents import REFINES, Fact, Resident, ResidentState
from bot.domain.safety import SafetyAnswer
from bot.domain.situation import Situation
from bot.domain.spelling import folded
from bot.town.bus_stops import BusStops
from bot.town.hazards import Presence
from bot.town.model import Choice, Topic, Town
from handlers.texts import texts

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HAZARDS = {
    "洪水": "hazard.flood",
    "土砂災害": "hazard.landslide",
    "内水氾濫": "hazard.inland_flood",
    "高潮": "hazard.storm_surge",
    "地震": "hazard.earthquake",
    "津波": "hazard.tsunami",
    "大規模な火事": "hazard.fire",
    "火山現象": "hazard.volcano",
}
DEPARTURES = "departures"
"""The question which stop's next bus is wanted."""
WHEREABOUTS = "whereabouts"
"""The question where somebody is who has said how they are."""
IN_WORDS = "in_words"
"""The same, once they have sent the place: what they say more is kept, and another place asks for shelters."""


def names(choice: Choice) -> set[str]:
    """Everything a choice is called, folded."""
    called = (choice.name, choice.reading, *choice.aliases, *choice.labels.values())
    return {folded(name) for name in called if name}


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be tapped, or typed by its label; `data` is what a tap sends back.

    `picks_a_date`: the tap opens a calendar first. A tap on one with a `uri` opens that instead, and on one that
    `sends_location` the map to choose a place from (a quick reply only).
    """

    label: str
    data: str
    picks_a_date: bool = False
    uri: str = ""
    sends_location: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One reply: a title, what it says, buttons, and quick replies below.

    `aside` is a text message before it, for links: LINE makes them tappable only there.
    """

    title: str
    words: str
    buttons: Sequence[Action] = ()
    quick: Sequence[Action] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to: the resident afterwards (None: nothing is kept) and the replies.

    `asks` is the question that is open now: a fact, DEPARTURES, WHEREABOUTS or IN_WORDS. `keeps` says whether a stranger is
    registered by this. `safety` is what they say of themselves.
    """

    resident: Resident | None
    cards: Sequence[Card]
    asks: str | None = None
    keeps: bool = True
    safety: SafetyAnswer | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """The town, the resident (a new one for a stranger) and the moment.

    `public_url` is where the web server is reached from outside; empty where the town does not say. `bus` is
    None without a timetable. `situation` is what the town has in force, `present` tells what is known of JMA.
    """

    town: Town
    resident: Resident
    now: datetime
    is_stranger: bool = False
    public_url: str = ""
    bus: BusStops | None = None
    situation: Situation = field(default_factory=Situation)
    present: Callable[[], Presence] = Presence

    def say(self, key: str, **values: object) -> str:
        """A text in the resident's language."""
        return texts(self.resident.language)[key].format(**values)

    def action(self, key: str, data: str, **values: object) -> Action:
        """An action labelled by a text; of several wordings the first is shown."""
        return Action(self.say(key, **values).partition("|")[0], data)

    def label(self, choice: Choice) -> str:
        """How a choice is shown in the resident's language."""
        return choice.label(self.resident.language)

    def month(self, month: str) -> str:
        """A month `YYYY-MM` in the resident's language."""
        year, number = int(month[:4]), int(month[5:])
        return self.say("list.month", year=year, month=number, name=_MONTHS[number - 1])

    def full_date(self, day: date) -> str:
        """A date in the resident's language."""
        return self.say("list.date", year=day.year, month=day.month, day=day.day, name=_MONTHS[day.month - 1])

    def day(self, day: date) -> str:
        """A day without its year in the resident's language."""
        weekday = self.say("list.weekdays").split("|")[day.weekday()]
        return self.say(
            "list.day", month=day.month, day=day.day, name=_MONTHS[day.month - 1], weekday=weekday
        )

    def hazard(self, hazard: str) -> str:
        """A hazard of orders in the resident's language."""
        return self.say(_HAZARDS[hazard])

    def joined(self, words: Iterable[str]) -> str:
        """A list in the resident's language."""
        return texts(self.resident.language)["list.join"].join(words)

    def become(self, resident: Resident) -> Scene:
        """The scene with the resident changed."""
        return replace(self, resident=resident)

    @property
    def topics(self) -> list[Topic]:
        """The topics the resident has registered, in the town's order."""
        registered = self.resident.values(Fact.TOPIC)
        return [topic for topic in self.town.topics if topic.key in registered]

    def topic_of(self, fact: Fact) -> Topic | None:
        """The topic whose question a fact answers: one that is registered, else the first there is."""
        asking = [topic for topic in self.town.topics if topic.asks is REFINES.get(fact, fact)]
        return next((topic for topic in asking if topic in self.topics), asking[0] if asking else None)

    def values(self, fact: Fact) -> list[str]:
        """What is registered for a fact, as it is shown."""
        if fact is Fact.BIRTH_MONTH:
            return [self.month(value) for value in self.resident.values(fact)]
        known = {choice.name: choice for choice in self.town.choices.get(fact, ())}
        return [self.label(known[value]) if value in known else value for value in self.resident.values(fact)]

    @property
    def stopped_note(self) -> str:
        """What to add for a resident who gets no messages now; empty for others."""
        stopped = self.resident.state is ResidentState.STOPPED
        return "\n\n" + self.say("stop.note") if stopped else ""

    @property
    def calendar(self) -> list[Action]:
        """The quick reply that leads to the calendar's link, in a town that offers one."""
        return [self.action("command.calendar", "calendar")] if self.public_url else []

    @property
    def urgent(self) -> list[Action]:
        """The quick replies that stand first while an order is in force."""
        return [self.action("command.shelters", "shelters"), self.action("command.safety", "safety")]

    @property
    def usual(self) -> list[Action]:
        """The quick replies that stand below most cards."""
        resume = [self.action("command.resume", "resume")]
        return [
            *(self.urgent if self.situation.orders else []),
            *(resume if self.resident.state is ResidentState.STOPPED else []),
            *([self.action("command.bus", "bus")] if self.bus else []),
            self.action("command.settings", "settings"),
            self.action("command.summary", "summary"),
            self.action("command.language", "language"),
            self.action("command.help", "help"),
        ]
