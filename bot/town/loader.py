"""Reads a town's folder into a `Town`, or lists every fault in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain.errors import Fault, TownFaultsError
from bot.domain.residents import Fact
from bot.rendering import Personal, Templates, example
from bot.rendering import check as check_templates
from bot.schedule.office import OfficeDays
from bot.town.disaster import DisasterEntry, disaster_faults, read_disaster
from bot.town.events import read_events
from bot.town.faults import Faults
from bot.town.holidays import read_holidays
from bot.town.model import Choice, Shelter, Town
from bot.town.news import NewsEntry, news_faults, read_news
from bot.town.notice_checks import notice_faults
from bot.town.notices import Entry, read_notices
from bot.town.profile import Profile, read_profile
from bot.town.sheets import read_bus_stops, read_garbage_areas, read_shelters

SHARED_TEMPLATES = Path(__file__).parents[2] / "templates"
"""The templates every town has, in the root of the project."""

HOLIDAYS = "holidays.csv"

_LISTS: Mapping[Fact, tuple[str, Callable[[Path, Faults], tuple[Choice, ...]]]] = {
    Fact.BUS_STOP: ("bus_stops.csv", read_bus_stops),
    Fact.GARBAGE_AREA: ("garbage/area_days.csv", read_garbage_areas),
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
    """The town a folder describes.

    Raises:
        TownFaultsError: the folder has faults in its data or notices; every one is listed with file and line.
    """
    reading = _read(folder)
    faults = reading.faults
    if reading.town is not None and not faults:
        templates = templates_for(reading.town)
        faults = list(notice_faults(reading.town, reading.entries, templates, render_all=False))
        faults += reading.news_faults() + reading.disaster_faults()
    if faults or reading.town is None:
        raise TownFaultsError(faults)
    return reading.town


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
    entries = read_notices(folder / "notices.toml", faults("notices.toml"), taxes, office, faults)
    shelters = read_shelters(folder / "shelters.csv", faults("shelters.csv"))
    town = _town(folder, profile, choices, entries, shelters) if profile else None
    rules: Sequence[NewsEntry] = ()
    hazards: Sequence[DisasterEntry] = ()
    if town is not None and profile is not None:
        news, rules = read_news(folder / "news.toml", faults("news.toml"))
        events = read_events(folder, profile, faults)
        disaster, hazards = read_disaster(folder / "disaster.toml", faults("disaster.toml"))
        town = replace(town, office_days=office, events=events, news=news, disaster=disaster)
    found = sorted(fault for note in notes.values() for fault in note.found)
    return _Reading(
        town, entries, found, partial(news_faults, town, rules), partial(disaster_faults, town, hazards)
    )


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
