"""Reads a town's folder into a `Town`, or lists every fault in it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain.errors import Fault, TownFaultsError
from bot.domain.residents import Fact
from bot.rendering import Personal, Templates, example
from bot.rendering import check as check_templates
from bot.schedule.office import OfficeDays
from bot.town.cap import cap_faults
from bot.town.disaster import DisasterEntry, disaster_faults, read_disaster
from bot.town.emergency import SCENARIOS, read_scenarios
from bot.town.events import EVENT_FILES, read_events
from bot.town.faults import Faults
from bot.town.garbage import AREA_DAYS, read_garbage, time_choices
from bot.town.holidays import read_holidays
from bot.town.model import Choice, Garbage, Shelter, Town
from bot.town.news import NewsEntry, news_faults, read_news
from bot.town.notice_checks import notice_faults
from bot.town.notices import Entry, read_notices
from bot.town.profile import GARBAGE_DEADLINE, Profile, read_profile
from bot.town.sheets import read_bus_stops, read_shelters

SHARED_TEMPLATES = Path(__file__).parents[2] / "templates"
"""The templates every town has, in the root of the project."""

HOLIDAYS = "holidays.csv"

_LISTS: Mapping[Fact, tuple[str, Callable[[Path, Faults], tuple[Choice, ...]]]] = {
    Fact.BUS_STOP: ("bus_stops.csv", read_bus_stops),
}
"""The files of what residents choose from, needed where a topic asks for it."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read: the town (None if `town.toml` or the folder cannot be read), its notices, the faults."""

    town: Town | None
    entries: Sequence[Entry]
    faults: list[Fault]
    news_faults: Callable[[], list[Fault]] = list
    disaster_faults: Callable[[], list[Fault]] = list


def load(folder: Path) -> Town:
    """The town a folder describes; an event that has a fault is left out of it (`left_out`).

    Raises:
        TownFaultsError: the folder has faults in its data or notices; every one is listed with file and line.
    """
    reading = _read(folder)
    faults = [fault for fault in reading.faults if fault.file not in EVENT_FILES]
    if reading.town is not None and not faults:
        templates = templates_for(reading.town)
        faults = list(notice_faults(reading.town, reading.entries, templates, render_all=False))
        faults += reading.news_faults() + reading.disaster_faults()
    if faults or reading.town is None:
        raise TownFaultsError(faults)
    # One row of the list of events must not keep a disaster alert from going out.
    return replace(reading.town, left_out=tuple(each for each in reading.faults if each.file in EVENT_FILES))


def check(folder: Path) -> list[Fault]:
    """Every fault of a town's folder: its data, its notices, and every template in every language."""
    reading = _read(folder)
    if reading.town is None:
        return reading.faults
    templates = templates_for(reading.town)
    notices = notice_faults(reading.town, reading.entries, templates, render_all=True)
    named = [*reading.news_faults(), *reading.disaster_faults()]
    return sorted({*reading.faults, *notices, *named, *check_templates(templates)})


def _read(folder: Path) -> _Reading:
    """Read every file of a town's folder, noting the faults of all."""
    if not folder.is_dir():
        missing = "町のフォルダーがありません。環境変数 MACHI_TOWN を確かめてください。"
        return _Reading(None, (), [Fault(str(folder), 0, missing)])
    notes: dict[str, Faults] = {}

    def faults(file: str) -> Faults:
        return notes.setdefault(file, Faults(file))

    profile = read_profile(folder / "town.toml", faults("town.toml"))
    asked = {topic.asks for topic in profile.topics} if profile else set()
    choices: dict[Fact, tuple[Choice, ...]] = {}
    for fact, (file, read) in _LISTS.items():
        if fact in asked or (folder / file).exists():
            choices[fact] = read(folder / file, faults(file))
    taxes = [choice.name for choice in profile.taxes] if profile else None
    office = _office_days(folder / HOLIDAYS, profile, faults)
    garbage = _garbage(folder, profile, asked, faults)
    plan = None if garbage is None else garbage.plan
    of_notices = faults("notices.toml")
    entries = read_notices(folder / "notices.toml", of_notices, taxes, office, faults, garbage=plan)
    shelters = read_shelters(folder / "shelters.csv", faults("shelters.csv"))
    town = _town(folder, profile, choices, entries, shelters) if profile else None
    rules: Sequence[NewsEntry] = ()
    hazards: Sequence[DisasterEntry] = ()
    if town is not None and profile is not None:
        news, rules = read_news(folder / "news.toml", faults("news.toml"))
        events = read_events(folder, profile, faults)
        scenarios = read_scenarios(folder / SCENARIOS, faults(SCENARIOS), profile.districts)
        disaster, hazards = read_disaster(folder / "disaster.toml", faults("disaster.toml"))
        town = replace(town, office_days=office, events=events, news=news, scenarios=scenarios)
        town = replace(town, disaster=disaster)
    if town is not None and garbage is not None:
        town = _with_garbage(town, garbage)
    faults("town.toml").found += cap_faults(town, profile.cap if profile else ())
    found = sorted(fault for note in notes.values() for fault in note.found)
    return _Reading(
        town, entries, found, partial(news_faults, town, rules), partial(disaster_faults, town, hazards)
    )


def _garbage(
    folder: Path, profile: Profile | None, asked: Container[Fact | None], faults: Callable[[str], Faults]
) -> Garbage | None:
    """The folder `garbage/`, needed where a topic asks for the area."""
    if Fact.GARBAGE_AREA not in asked and not (folder / AREA_DAYS).exists():
        return None
    return read_garbage(
        folder,
        faults,
        week_shift=profile.garbage_week_shift if profile else True,
        deadline=profile.garbage_deadline if profile else GARBAGE_DEADLINE,
    )


def _with_garbage(town: Town, garbage: Garbage) -> Town:
    """The town with its garbage, and the areas and times that residents choose from."""
    rule = town.garbage_rule
    times = (rule.evening, rule.morning) if rule else (None, None)
    chosen = {
        Fact.GARBAGE_AREA: tuple(Choice(area.name) for area in garbage.plan.areas),
        Fact.GARBAGE_TIME: time_choices(*times),
    }
    return replace(town, garbage=garbage, choices={**town.choices, **chosen})


def _office_days(file: Path, profile: Profile | None, faults: Callable[[str], Faults]) -> OfficeDays:
    """When the office is open, by the Cabinet Office's list of holidays where the town has it."""
    closed = profile.closed_days if profile else frozenset()
    holidays = read_holidays(file, faults(file.name)) if file.exists() else {}
    return OfficeDays(closed, holidays)


def _town(
    folder: Path,
    profile: Profile,
    choices: Mapping[Fact, tuple[Choice, ...]],
    entries: Sequence[Entry],
    shelters: tuple[Shelter, ...],
) -> Town:
    return Town(
        folder=folder,
        name=profile.name,
        reading=profile.reading,
        romaji=profile.romaji,
        codes=profile.codes,
        office=profile.office,
        languages=profile.languages,
        topics=profile.topics,
        choices={Fact.DISTRICT: profile.districts, Fact.TAX: profile.taxes, **choices},
        notices=tuple(entry.notice for entry in entries),
        shelters=shelters,
        quiet_hours=profile.quiet_hours,
        overload=profile.overload,
        staff=profile.staff,
        safety_days=profile.safety_days,
        loudspeakers=profile.loudspeakers,
        cap=tuple(entry.source for entry in profile.cap),
    )


def template_folders(folder: Path) -> tuple[Path, ...]:
    """The shared templates, then the town's own, which override them file by file."""
    own = folder / "templates"
    return (SHARED_TEMPLATES, own) if own.is_dir() else (SHARED_TEMPLATES,)


def town_variables(town: Town) -> Mapping[str, Any]:
    """What templates see as `town`; `labels` maps a name to its labels by language (the filter `label`)."""
    labels: dict[str, dict[str, str]] = {}
    for choice in (choice for choices in town.choices.values() for choice in choices):
        labels[choice.name] = {**choice.labels, **labels.get(choice.name, {})}  # a stop named as its district
    return {
        "name": town.name,
        "reading": town.reading,
        "romaji": town.romaji,
        "office": {
            "name": town.office.name,
            "phone": town.office.phone,
            "hours": town.office.hours,
            "website": town.office.website,
        },
        "labels": labels,
    }


def templates_for(town: Town) -> Templates:
    """The town's templates, ready to render."""
    folders = template_folders(town.folder)
    return Templates(folders, town_variables(town), base=town.folder, example=_example(town))


def _example(town: Town) -> Personal:
    """The resident of previews and checks, who chose the town's first of everything, and two bus stops."""
    known = town.vocabulary()
    return example({fact: known.get(fact, ())[: 2 if fact is Fact.BUS_STOP else 1] for fact in Fact})
