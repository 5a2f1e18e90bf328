"""A year to come, as rehearsed, against what the same program sends and what one counts by hand."""

from __future__ import annotations

import random
import re
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import icalendar
import pytest
from rich.cells import cell_len

import segments
from bot.cli.rehearsal import lines
from bot.domain.broadcasts import Priority
from bot.domain.clock import TOKYO
from bot.domain.months import month_of
from bot.domain.residents import LANGUAGES, Fact, Resident, ResidentState
from bot.rehearsal.ics import calendar
from bot.rehearsal.page import page
from bot.rehearsal.plan import Planned, Planner
from bot.rehearsal.rehearsing import Rehearsal, rehearsed
from bot.rehearsal.tally import percentile
from bot.rehearsal.why import why
from bot.rehearsal.wording import text
from bot.rendering import Personal
from bot.store.store import Store
from bot.town import load, templates_for, vocabulary
from bot.town.model import Town
from tests.settling import settle, user
from tests.unit.town_folders import KAHOKU

FROM, UNTIL = datetime(2026, 3, 31, 23, 59, tzinfo=TOKYO), datetime(2027, 3, 31, 23, 59, tzinfo=TOKYO)
MORE = """
[[notices]]
name = "late"
title = "夜ふけ"
template = "announcement"
segment = "topic = childcare and child.age_months = 3"
dates = ["2026-04-30"]
time = "22:00"
priority = "urgent"
context = { heading = "夜", body = "夜です" }

[[notices]]
name = "broken"
title = "長い {key}"
template = "announcement"
segment = "all"
days_before = { calendar = "long.csv", days = [0], time = "12:00" }
context = { heading = "長い" }
"""
MORE += "".join(
    f'[[notices]]\nname = "often-{n}"\ntitle = "たびたび"\ntemplate = "announcement"\nsegment = "topic = bus"\n'
    f'dates = ["2026-07-07"]\ntime = "1{n}:00"\ncontext = {{ heading = "x", body = "y" }}\n'
    for n in range(4)
)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kahoku with a notice too long for LINE on one of its days, and four on one day."""
    folder = tmp_path_factory.mktemp("town") / "kahoku"
    shutil.copytree(KAHOKU, folder)
    with (folder / "notices.toml").open("a", encoding="utf-8") as file:
        file.write(MORE)
    (folder / "long.csv").write_text(
        f"key,date,body\na,2026-05-01,短い\nb,2026-06-01,{'長' * 5100}\n", "utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def town(folder: Path) -> Town:
    return load(folder)


def people(town: Town, count: int = 60) -> list[Resident]:
    """Some of every kind, the same each time."""
    draw = random.Random(4)
    words = town.vocabulary()
    found = []
    for number in range(count):
        facts = {
            fact: tuple(draw.sample(words[fact], draw.randint(0, min(3, len(words[fact])))))
            for fact in (Fact.TOPIC, Fact.TAX, Fact.BUS_STOP)
        }
        facts[Fact.DISTRICT] = (draw.choice(words[Fact.DISTRICT]),)
        facts[Fact.GARBAGE_AREA] = (draw.choice(words[Fact.GARBAGE_AREA]),)
        facts[Fact.BIRTH_MONTH] = tuple(
            f"{draw.randint(2022, 2027)}-{draw.randint(1, 12):02}" for _ in range(2)
        )
        state = draw.choice([ResidentState.FOLLOWING] * 4 + list(ResidentState))
        facts = {fact: tuple(dict.fromkeys(values)) for fact, values in facts.items() if values}
        found.append(Resident(user(number + 1), draw.choice(LANGUAGES), state, facts))
    return found


async def plans(store: Store, town: Town, now: datetime = FROM) -> list[Planned]:
    planner = Planner(store, town, templates_for(town))
    return [plan async for plan in planner.plan(FROM, UNTIL, now)]


async def year(store: Store, town: Town) -> Rehearsal:
    return await rehearsed(store.database, await plans(store, town), town.overload)


def got(plan: Planned, everybody: list[Resident], town: Town) -> list[Resident]:
    """Who would get it, asked of each resident."""
    expression = segments.parse(plan.segment, vocabulary(town))
    return [
        each
        for each in everybody
        if each.state is ResidentState.FOLLOWING and segments.matches(expression, each, plan.starts.date())
    ]


async def test_every_number_is_what_one_counts_by_hand(store: Store, town: Town) -> None:
    everybody = people(town)
    await settle(store, *everybody)
    found = await year(store, town)
    following = [each.user_id for each in everybody if each.state is ResidentState.FOLLOWING]
    assert found.residents == len(following)
    months: dict[str, Counter[str]] = {}
    days: dict[date, Counter[str]] = {}
    for plan, recipients in found.occurrences:
        if plan.fault is not None:
            assert recipients == 0
            continue
        reached = [each.user_id for each in got(plan, everybody, town)]
        assert recipients == len(reached), plan
        months.setdefault(month_of(plan.starts), Counter()).update(reached)
        if plan.notice.priority is Priority.NORMAL:
            days.setdefault(plan.starts.date(), Counter()).update(reached)
    assert sum(each.recipients for each in found.occurrences) > 1000
    for month in found.months:
        spread = Counter(months[month.month][each] for each in following)
        assert (month.median, month.ninetieth, month.maximum, month.messages) == (
            percentile(spread, 0.5),
            percentile(spread, 0.9),
            max(spread),
            months[month.month].total(),
        )
    crowded = {day: sum(n > 3 for n in each.values()) for day, each in days.items()}
    assert found.crowded == {day: n for day, n in crowded.items() if n}
    assert date(2026, 7, 7) in found.crowded


@on_one_database
async def test_what_is_shown_is_what_would_be_rendered(store: Store, town: Town) -> None:
    templates = templates_for(town)
    planned = await plans(store, town)
    assert len(planned) > 400
    for plan in planned:
        if plan.fault is None:
            children = plan.context.get("birth_months") or [plan.context.get("birth_month")]
            if len(children) > 1:
                continue  # below: one message may not hold all of them
            facts = {**templates.example.facts, Fact.BIRTH_MONTH: tuple(children)}
            parent = None if children == [None] else Personal(facts, plan.starts.date())
            shown = templates.render_all(plan.notice.template, plan.context, resident=parent)
            assert plan.messages == shown, plan


@on_one_database
async def test_each_message_names_the_children_and_what_is_due(store: Store, town: Town) -> None:
    told = [plan for plan in await plans(store, town) if plan.notice.name == "vaccinations"]
    assert len(told) == 12
    for plan in told:
        said, children = text(plan), plan.context["birth_months"]
        named = [each for each in children if f"{each[:4]}年{int(each[5:])}月生まれのお子さん" in said]
        items = [item for item in plan.context["items"] if item["birth_month"] in named]
        assert all(item["name"] in said for item in items)
        assert children[-1] in named
        assert len(named) > len(children) * 0.6  # in English, 5,000 characters hold no more


@on_one_database
async def test_the_date_is_shown_beside_the_base_date(store: Store, town: Town) -> None:
    rehearsal = await year(store, town)
    rows = list(lines(rehearsal))
    assert any("6/1(もとは 5/31)" in row for row in rows)
    assert any("  6/30  " in row for row in rows)
    assert "期日 6/1(もとは 5/31)" in page(rehearsal, town, FROM.date(), UNTIL.date(), FROM)
    assert max(cell_len(row) for row in rows if "【送れません】" not in row) < 180


@on_one_database
async def test_what_cannot_be_rendered_is_marked_and_nothing_else(store: Store, town: Town) -> None:
    faulty = [plan for plan in await plans(store, town) if plan.fault is not None]
    assert [(plan.notice.name, plan.at.date()) for plan in faulty] == [("broken", date(2026, 6, 1))]
    assert "149文字減らして" in str(faulty[0].fault)


@on_one_database
async def test_what_falls_into_the_quiet_hours_is_counted_when_they_are_over(
    store: Store, folder: Path
) -> None:
    """A child who is 3 months old on April 30 is 4 on May 1, when the message goes out."""
    loud = load(folder)
    late = next(notice for notice in loud.notices if notice.name == "late")
    town = _with(loud, late, Priority.NORMAL)
    child = {Fact.TOPIC: ("childcare",), Fact.BIRTH_MONTH: ("2026-02",)}
    await settle(store, Resident(user(1), facts=child))
    (plan, recipients), *_ = [each for each in (await year(store, town)).occurrences if each.planned.held]
    assert (plan.at, plan.starts) == (
        datetime(2026, 4, 30, 22, 0, tzinfo=TOKYO),
        datetime(2026, 5, 1, 7, 0, tzinfo=TOKYO),
    )
    assert recipients == 1
    at_once = next(
        each for each in (await year(store, loud)).occurrences if each.planned.notice.name == "late"
    )
    assert (at_once.planned.held, at_once.recipients) == (False, 0)


@on_one_database
async def test_the_morning_that_residents_chose_does_not_wait_for_the_quiet_hours(
    store: Store, town: Town
) -> None:
    """As the clock sends it: at half past six, although its notice can wait and the evening's would."""
    garbage = next(notice for notice in town.notices if notice.name == "garbage-day")
    calm = _with(town, garbage, Priority.NORMAL)
    mornings = [
        plan for plan in await plans(store, calm) if plan.notice.name == "garbage-day" and plan.at.hour == 6
    ]
    assert mornings
    assert {(plan.held, plan.priority) for plan in mornings} == {(False, Priority.URGENT)}
    chosen = {
        Fact.TOPIC: ("garbage",),
        Fact.GARBAGE_AREA: (calm.choices[Fact.GARBAGE_AREA][0].name,),
        Fact.GARBAGE_TIME: ("morning",),
    }
    await settle(store, Resident(user(1), facts=chosen))
    found = await why(store, calm, templates_for(calm), user(1), "garbage-day", now=FROM)
    assert found.reached is not None
    assert f"{found.reached.at:%H:%M}" == "06:30"


def _with(town: Town, notice, priority: Priority) -> Town:
    changed = replace(notice, priority=priority)
    return replace(
        town, notices=tuple(changed if each.name == notice.name else each for each in town.notices)
    )


@on_one_database
async def test_the_calendar_is_valid_and_its_events_keep_their_names(store: Store, town: Town) -> None:
    await settle(store, *people(town, 5))
    found = await year(store, town)
    read = icalendar.Calendar.from_ical(calendar(found, town, FROM))
    again = icalendar.Calendar.from_ical(calendar(found, town, FROM + timedelta(days=9)))
    events = read.walk("VEVENT")
    assert [event["UID"] for event in events] == [event["UID"] for event in again.walk("VEVENT")]
    assert len({event["UID"] for event in events}) == len(events) == len(found.occurrences)
    zone = read.walk("VTIMEZONE")[0]
    for event, (plan, recipients) in zip(events, found.occurrences, strict=True):
        assert event["DTSTART"].params["TZID"] == zone["TZID"] == "Asia/Tokyo"
        assert event["DTSTART"].dt == plan.starts
        assert event["DTSTAMP"].dt == FROM.astimezone(UTC)
        assert f"({recipients}人)" in event["SUMMARY"]
    assert [str(event["SUMMARY"])[:7] for event in events if "送れません" in event["SUMMARY"]] == [
        "【送れません】"
    ]


class Reader(HTMLParser):
    """Every tag with its attributes, and that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@on_one_database
async def test_the_page_stands_alone_and_leads_from_each_day_to_its_list(store: Store, town: Town) -> None:
    late = next(notice for notice in town.notices if notice.name == "late")
    town = _with(town, replace(late, segment="all"), Priority.NORMAL)
    await settle(store, *people(town))
    found = await year(store, town)
    text = page(found, town, date(2026, 4, 1), date(2027, 3, 31), FROM)
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert not re.search(
        r"https?://|url\(|@import", re.sub(r'<p class="words">.*?</p>', "", text, flags=re.DOTALL)
    )
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe"}
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    ids = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    assert {link.removeprefix("#") for link in links} <= ids
    assert len(ids) == len({plan.starts.date() for plan, _ in found.occurrences})
    assert "4月30日22:00から待つ" in text
    assert text.count('class="leaf"') == 12
    assert "149文字減らして" in text
    assert f"{sum(each.recipients for each in found.sent):,}" in text


@on_one_database
async def test_what_a_town_writes_is_shown_and_never_run(store: Store, town: Town) -> None:
    nasty = _with_title(town, "<script>alert(1)</script>")
    text = page(await year(store, nasty), nasty, date(2026, 4, 1), date(2027, 3, 31), FROM)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def _with_title(town: Town, title: str) -> Town:
    return replace(town, notices=tuple(replace(notice, title=title) for notice in town.notices))


@on_one_database
async def test_an_empty_time_has_a_page_too(store: Store, town: Town) -> None:
    text = page(await rehearsed(store.database, []), town, date(2026, 4, 3), date(2026, 4, 3), FROM)
    assert "送るお知らせはありません" in text
