"""The weekly digest: what takes place, and what the home page said, in one message. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol, TypeVar

from bot.domain.events import Event
from bot.line.limits import cut, utf16_length
from bot.rendering.filters import day_in_words, time_in_words
from bot.schedule.rules import Occurrence
from bot.town.model import Town
from bot.town.recurrence import occurring

T = TypeVar("T")

LANGUAGES = ("ja", "ja-easy", "en")
"""The languages that the template `weekly_digest` is written in."""

_EVENTS_ROOM, _NEWS_ROOM = 2800, 1500
"""UTF-16 units for events and for articles: together with the template's own words within a text message's 5,000."""
_NAME, _PLACE, _LINK = 80, 60, 400
_WEEK = timedelta(days=6)


class Story(Protocol):
    """An article as the digest tells it."""

    @property
    def title(self) -> str:
        """Plain text."""

    @property
    def link(self) -> str:
        """An http address, or empty."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One event as a line in each language, under its day."""

    day: date
    words: tuple[str, ...]


def digest(
    events: Iterable[Event], articles: Iterable[Story], first_day: date, last_day: date
) -> dict[str, str] | None:
    """The variables of the template `weekly_digest` for the days from `first_day` to `last_day`; None for a week
    with neither events nor articles.

    `events` are occurrences (see `bot.town.recurrence.occurring`); those of other days and the cancelled ones are
    left out. Both are cut to what fits in one text message, and counted: `more_events` and `more_news` are how many
    did not fit, "0" if all did. The keys `events`, `events_easy`, `events_en` and `news` are there where there are any.
    """  # noqa: D205  the summary needs both halves
    lines = sorted(_lines(events, first_day, last_day), key=lambda line: line.day)
    stories = [_story(article) for article in articles]
    if not lines and not stories:
        return None
    kept = _fitting(lines, _EVENTS_ROOM, _length_of_line)
    told = _fitting(stories, _NEWS_ROOM, lambda story: utf16_length(story) + 1)
    context = {
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "more_events": str(len(lines) - len(kept)),
        "more_news": str(len(stories) - len(told)),
    }
    for number, key in enumerate(("events", "events_easy", "events_en") if kept else ()):
        context[key] = _grouped(kept, number)
    if told:
        context["news"] = "\n".join(told)
    return context


def week_of(town: Town, occurrence: Occurrence, stories: Iterable[Story] = ()) -> Occurrence | None:
    """An occurrence that tells of the seven days it begins, and these articles; None if there is nothing to tell."""
    first = occurrence.at.date()
    last = first + _WEEK
    context = digest(occurring(town.events, first, last), stories, first, last)
    return None if context is None else replace(occurrence, context={**occurrence.context, **context})


def _lines(events: Iterable[Event], first: date, last: date) -> Iterator[_Line]:
    """A line for each event of the span; one that has begun before stands under its first day within it."""
    within = (e for e in events if not e.cancelled and e.first_day <= last and e.last_day >= first)
    for event in sorted(within, key=lambda e: (max(e.first_day, first), not e.all_day, e.start, e.name)):
        day = max(event.first_day, first)
        yield _Line(day, tuple(_line(event, day, language) for language in LANGUAGES))


def _line(event: Event, day: date, language: str) -> str:
    """`・10時〜11時30分 親子クリスマス会(サハトべに花)`, and until when, where it lasts for days."""
    name = event.name_en if language == "en" and event.name_en else event.name
    place = cut(_flat(event.place), _PLACE)
    shown = f" ({place})" if place and language == "en" else f"({place})" if place else ""
    return f"・{_when(event, day, language)}{cut(_flat(name), _NAME)}{shown}"


def _when(event: Event, day: date, language: str) -> str:
    parts = []
    if not event.all_day and day == event.first_day:
        parts.append(_times(event, language))
    if event.last_day > day:
        until = day_in_words(event.last_day, language)
        parts.append(f"until {until}" if language == "en" else f"{until}まで")
    return "".join(f"{part} " for part in parts)


def _times(event: Event, language: str) -> str:
    begin = time_in_words(event.start.time(), language)
    if event.end <= event.start or event.last_day > event.first_day:
        return begin if language == "en" else f"{begin}から"
    end = "midnight" if language == "en" else "24時"
    if event.end.date() == event.first_day:
        end = time_in_words(event.end.time(), language)
    return f"{begin}–{end}" if language == "en" else f"{begin}〜{end}"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _story(article: Story) -> str:
    link = article.link if utf16_length(article.link) <= _LINK else ""
    return "\n".join(part for part in (f"・{cut(_flat(article.title), _NAME)}", link) if part)


def _length_of_line(line: _Line) -> int:
    """In the longest language, as if each line had a heading of its own."""
    return max(map(utf16_length, line.words)) + len("\n\n■ September 30 (Wednesday)")


def _fitting(items: Sequence[T], room: int, length: Callable[[T], int]) -> Sequence[T]:
    """The first items that fit into so much room."""
    for number, item in enumerate(items):
        room -= length(item)
        if room < 0:
            return items[:number]
    return items


def _grouped(lines: Sequence[_Line], language: int) -> str:
    """The lines by day, each day under its date."""
    parts = []
    for day in dict.fromkeys(line.day for line in lines):
        heading = f"■ {day_in_words(day, LANGUAGES[language])}"
        parts.append("\n".join([heading, *(line.words[language] for line in lines if line.day == day)]))
    return "\n\n".join(parts)
