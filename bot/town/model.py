"""What a town's folder says, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from bot.domain.broadcasts import Priority
from bot.domain.clock import TOKYO
from bot.domain.errors import Fault
from bot.domain.events import Event
from bot.domain.months import month_of
from bot.domain.overload import Overload
from bot.domain.quiet_hours import QuietHours
from bot.domain.residents import LANGUAGES, Fact
from bot.jma.values import Hazard, Places
from bot.schedule.garbage import GarbagePlan, Named
from bot.schedule.office import OfficeDays
from bot.schedule.rules import GarbageDays, Occurrence, Rule
from bot.schedule.stages import Born

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
"""`{name}` in a notice's title or segment."""


SAFETY_DAYS = 14
"""How long 安否 are kept in a town that does not say."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a resident can choose: a district, a tax, a bus stop, a garbage area.

    `name` is the value stored as a fact and used in segments. `reading` is hiragana for search,
    `aliases` are other spellings, `labels` maps a language to how it is shown (else `name`).
    """

    name: str
    reading: str = ""
    aliases: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, language: str) -> str:
        """How it is shown in a language."""
        return self.labels.get(language, self.labels.get("ja", self.name))


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic (分野): `choice.name` is its key, such as `childcare`.

    `asks` is the fact its question refines it with, or None where there is nothing to ask.
    """

    choice: Choice
    asks: Fact | None = None

    @property
    def key(self) -> str:
        """The value of the `topic` fact."""
        return self.choice.name


@dataclass(frozen=True, slots=True)
class Notice:
    """A standing notice: what goes out, to whom, and when.

    `segment` may hold `{placeholders}` that each occurrence's context fills in.
    `context` is passed to the template beside the occurrence's own. A missed occurrence may still go out for
    `grace` after its time or, where `until` is given, until the clock next shows that time or (`date`) until the
    day it is about is over. A `digest` tells of the town's events in the seven days it begins, and of the
    articles kept for it. `born` says which children it is about, by the month.
    """

    name: str
    title: str
    template: str
    segment: str
    rule: Rule
    grace: timedelta
    until: time | Literal["date"] | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL
    digest: bool = False
    born: Born | None = None

    def useful_until(self, occurrence: Occurrence) -> datetime:
        """The last moment at which an occurrence, if it is late, still makes sense."""
        if self.until is None:
            return occurrence.at + self.grace
        if self.until == "date":
            return datetime.combine(occurrence.about or occurrence.at.date(), time.max, TOKYO)
        moment = datetime.combine(occurrence.at.date(), self.until, TOKYO)
        return moment if moment > occurrence.at else moment + timedelta(days=1)

    def filled(self, context: Mapping[str, Any], day: date) -> dict[str, Any]:
        """What an occurrence of a day tells, with what the notice itself does."""
        born = self.born.months(month_of(day)) if self.born else {}
        return {**self.context, **born, **context}

    def titled(self, context: Mapping[str, Any]) -> str:
        """The title with its `{placeholders}` filled in from an occurrence's context."""
        return PLACEHOLDER.sub(lambda found: str(context.get(found[1], found[0])), self.title)


@dataclass(frozen=True, slots=True)
class Shelter:
    """A designated emergency evacuation site (指定緊急避難場所) and the hazards it is fit for.

    `hazards` holds the names of the open-data columns: 洪水, 崖崩れ、土石流及び地滑り, 高潮, 地震,
    津波, 大規模な火事, 内水氾濫, 火山現象. `reading` is hiragana, `serves` the neighbourhoods it is meant for; both may
    be empty.
    """

    id: str
    name: str
    address: str
    latitude: float
    longitude: float
    hazards: frozenset[str]
    reading: str = ""
    serves: str = ""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the town's staff, and the LINE user id where messages for staff go."""

    name: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """An evacuation order made ready beforehand; `reasons` are texts by language."""

    name: str
    level: int
    hazard: str
    districts: tuple[str, ...]
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewsRule:
    """Which articles of the news feed concern whom, and how they are told.

    An article fits if it has one of `categories` or one of `words` in its title; a rule with neither fits all.
    `how` is `at_once`, `draft` (staff approve it) or `digest` (kept for the weekly digest).
    """

    name: str
    segment: str
    how: str
    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    topic: str = ""
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class News:
    """The town's news feed (RSS or Atom) at `address`, looked at every so often."""

    address: str
    every: timedelta
    rules: tuple[NewsRule, ...]


@dataclass(frozen=True, slots=True)
class CapSource:
    """Somebody whose alerts (CAP) become drafts: the `sender` that their alerts name, and `title` as residents read it.

    `address` is a feed of their alerts or one alert, looked at every so often; empty where staff bring the files.
    `language` is that of information which names none.
    """

    name: str
    sender: str
    title: str
    segment: str
    address: str = ""
    every: timedelta = timedelta(minutes=10)
    priority: Priority = Priority.NORMAL
    language: str = "ja"
    topic: str = ""


@dataclass(frozen=True, slots=True)
class GarbageItem:
    """A thing to throw away: the category it goes to, and what to mind; `readings` are hiragana for search."""

    name: Named
    category: str
    notice: Named
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Garbage:
    """When garbage is collected, and what goes where; `kinds` are the categories, also those never collected."""

    plan: GarbagePlan
    kinds: Mapping[str, Named]
    items: tuple[GarbageItem, ...] = ()


@dataclass(frozen=True, slots=True)
class DisasterRule:
    """Who hears of what JMA issues, and how loud.

    It fits the `hazards` (none: all but earthquakes) from `rank` on (a bot.jma Rank; of an earthquake the index in
    INTENSITIES). `how` is `at_once`, `draft` (staff approve it) or `none`; `on` is of `raise`, `lower`, `lift`.
    """

    name: str
    rank: int
    segment: str
    hazards: frozenset[Hazard] = frozenset()
    how: str = "at_once"
    priority: Priority = Priority.URGENT
    on: frozenset[str] = frozenset({"raise", "lower", "lift"})

    def fits(self, hazard: Hazard, rank: int) -> bool:
        """Whether it is about a hazard of that rank."""
        named = hazard in self.hazards if self.hazards else hazard is not Hazard.EARTHQUAKE
        return named and rank >= self.rank


@dataclass(frozen=True, slots=True)
class Disaster:
    """The rules, the first that fits counts, and the 予報区域 of the rivers that concern the town.

    While a feed cannot be read, staff are told again after every `alarm_hours`.
    """

    rules: tuple[DisasterRule, ...] = ()
    rivers: tuple[str, ...] = ()
    alarm_hours: int = 6

    def rule(self, hazard: Hazard, rank: int) -> DisasterRule | None:
        """The rule for a hazard of a rank, if anybody hears of it."""
        found = next((rule for rule in self.rules if rule.fits(hazard, rank)), None)
        return found if found is not None and found.how != "none" else None


@dataclass(frozen=True, slots=True)
class Office:
    """How to reach the town office, in words for residents."""

    name: str
    phone: str
    hours: str
    website: str


@dataclass(frozen=True, slots=True)
class Loudspeakers:
    """防災行政無線: what its announcements begin with, and how the town sounds its siren (empty: nothing is said)."""

    opening: str = ""
    siren: str = ""


@dataclass(frozen=True, slots=True)
class Town:
    """A town as its folder describes it.

    `codes` maps `jis` (5 digits), `local_government` (6), `jma_class20`, `jma_class15`, `jma_class10`,
    `jma_prefecture` to codes; a town is always matched by code, never by name.
    `languages` are those the conversation offers; every one of LANGUAGES can be registered.
    `quiet_hours` is None for a town that sends at any hour, `news` for one without a news feed, `overload` for one
    that sends any number a day. `safety_days` is how long 安否 are kept. `left_out` are the faults of events that are not
    among `events`.
    """

    folder: Path
    name: str
    reading: str
    romaji: str
    codes: Mapping[str, str]
    office: Office
    languages: tuple[str, ...]
    topics: tuple[Topic, ...]
    choices: Mapping[Fact, tuple[Choice, ...]]
    notices: tuple[Notice, ...]
    shelters: tuple[Shelter, ...]
    quiet_hours: QuietHours | None
    office_days: OfficeDays = field(default_factory=OfficeDays)
    overload: Overload | None = None
    events: tuple[Event, ...] = ()
    left_out: tuple[Fault, ...] = ()
    news: News | None = None
    disaster: Disaster = field(default_factory=Disaster)
    staff: tuple[StaffMember, ...] = ()
    safety_days: int = SAFETY_DAYS
    scenarios: tuple[Scenario, ...] = ()
    garbage: Garbage | None = None
    loudspeakers: Loudspeakers = field(default_factory=Loudspeakers)
    cap: tuple[CapSource, ...] = ()

    @property
    def garbage_rule(self) -> GarbageDays | None:
        """The rule by which residents choose when to be told of garbage; None where there is nothing to choose."""
        rules = (notice.rule for notice in self.notices)
        return next((rule for rule in rules if isinstance(rule, GarbageDays) and rule.is_chosen), None)

    def holds_back(self, priority: Priority, moment: datetime) -> bool:
        """Whether the quiet hours keep a broadcast of that priority from going out at an aware moment."""
        quiet = self.quiet_hours
        return priority is Priority.NORMAL and quiet is not None and quiet.holds(moment)

    def free_from(self, priority: Priority, moment: datetime) -> datetime:
        """When a broadcast of that priority can go out at the earliest: at the moment, or after the quiet hours."""
        quiet = self.quiet_hours
        return quiet.over(moment) if quiet is not None and self.holds_back(priority, moment) else moment

    @property
    def places(self) -> Places:
        """The town as JMA's telegrams name it."""
        return Places.of(self.codes, self.disaster.rivers)

    def topic(self, key: str) -> Topic | None:
        """The topic of that key, if the town has it."""
        return next((topic for topic in self.topics if topic.key == key), None)

    def vocabulary(self) -> dict[str, tuple[str, ...]]:
        """The known values of each fact that has a fixed list (all but children's months)."""
        names = {str(fact): tuple(c.name for c in choices) for fact, choices in self.choices.items()}
        return {
            **names,
            str(Fact.TOPIC): tuple(topic.key for topic in self.topics),
            "language": LANGUAGES,
        }
