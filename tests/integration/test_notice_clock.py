"""What the clock makes of the notices' occurrences, also after a stop: each once, while it is still useful."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bot.broadcasts.audience import Renderer
from bot.broadcasts.notices import NoticeClock
from bot.domain.clock import TOKYO
from bot.domain.events import Event
from bot.domain.residents import Fact
from bot.schedule.rules import CalendarEntry, ChildStages, FromDates, Rule, Weekly
from bot.schedule.stages import Age, Stage
from bot.store.news import Finding
from bot.store.residents import Group
from bot.store.store import Store
from bot.town import load, templates_for
from bot.town.model import Notice
from tests.clock import HandClock
from tests.integration.running import user
from tests.unit.town_folders import KAHOKU, copied

TOWN = load(KAHOKU)
ALLOWED = {"name": "B型肝炎", "name_easy": "B型肝炎", "name_en": "Hepatitis B"} | dict.fromkeys(
    ("limit", "limit_easy", "limit_en"), "1"
)


CHECKS = """
[[notices]]
name = "health-checks"
title = "乳幼児健診のお知らせ"
template = "health_checks"
segment = "topic = childcare and child.birth_month in ({birth_months})"
child_age = { months = [4, 9, 30], day = 1, time = "10:00" }
context = { check = "乳幼児健診", place = "保健センター" }
"""


def notice(rule: Rule, template: str = "announcement", segment: str = "all", **changes: Any) -> Notice:
    """A notice of one town, like those of a folder."""
    context = {"heading": "h", "body": "b"} if template == "announcement" else {}
    made = Notice("n", "題名", template, segment, rule, timedelta(hours=6), context=context)
    return replace(made, **changes)


class Hall:
    """A town with one notice, whose program is started and stopped at will."""

    def __init__(self, store: Store, clock: HandClock, one: Notice, **changes: Any) -> None:
        self.store, self.clock, self.notice, self.changes = store, clock, one, changes

    def start(self, one: Notice | None = None) -> NoticeClock:
        self.notice = one or self.notice
        town = replace(TOWN, notices=(self.notice,), **self.changes)
        return NoticeClock(self.store, town, templates_for(town), self.clock)

    async def happened(self) -> list[tuple[str, str]]:
        return sorted((each.key, each.state) for each in await self.store.notices.history(100))


async def test_of_two_reminders_that_are_late_only_the_last_goes_out_with_the_days_really_left(
    store: Store, clock: HandClock
) -> None:
    clock.set("2026-12-10T12:00")
    entry = CalendarEntry(date(2026, 12, 25), "固定資産税/2026/4", _row())
    hall = Hall(store, clock, notice(FromDates((entry,), (-7, -1, 0), time(9)), "tax_due", until="date"))
    await hall.start().tick()
    clock.set("2026-12-24T15:00")  # down since the 10th
    await hall.start().tick()
    assert await hall.happened() == [("固定資産税/2026/4/-1", "fired"), ("固定資産税/2026/4/-7", "missed")]
    clock.set("2026-12-25T08:00")
    running = hall.start()
    await running.tick()
    clock.set("2026-12-25T09:00")
    await running.tick()
    assert ("固定資産税/2026/4/-0", "fired") in await hall.happened()


async def test_a_reminder_tells_the_days_that_are_left_when_it_goes_out(
    store: Store, clock: HandClock
) -> None:
    clock.set("2026-12-10T12:00")
    entry = CalendarEntry(date(2026, 12, 25), "固定資産税/2026/4", _row())
    hall = Hall(store, clock, notice(FromDates((entry,), (-7,), time(9)), "tax_due", until="date"))
    await hall.start().tick()
    clock.set("2026-12-21T10:00")
    await hall.start().tick()
    (broadcast,) = await store.broadcasts.newest(100)
    assert broadcast.context["days_left"] == "4"


async def test_nothing_about_a_due_date_goes_out_after_it_nor_waits_for_the_morning_after(
    store: Store, clock: HandClock
) -> None:
    clock.set("2026-12-10T12:00")
    entry = CalendarEntry(date(2026, 12, 25), "固定資産税/2026/4", _row())
    hall = Hall(store, clock, notice(FromDates((entry,), (0,), time(9)), "tax_due", until="date"))
    await hall.start().tick()
    clock.set("2026-12-25T21:30")  # still the day, but the quiet hours would hold it until the next
    await hall.start().tick()
    assert await hall.happened() == [("固定資産税/2026/4/-0", "missed")]


async def test_a_notice_is_useful_until_a_time_of_day(store: Store, clock: HandClock) -> None:
    evening = notice(Weekly(frozenset({0}), time(19)), until=time(8, 30))  # Mondays, about Tuesday morning
    clock.set("2026-11-29T12:00")
    hall = Hall(store, clock, evening)
    await hall.start().tick()
    clock.set("2026-12-01T08:29")
    await hall.start().tick()
    clock.set("2026-12-08T08:31")
    await hall.start().tick()
    assert await hall.happened() == [("2026-11-30", "fired"), ("2026-12-07", "missed")]


async def test_what_was_told_of_a_child_is_not_told_again_when_the_table_changes(
    store: Store, clock: HandClock
) -> None:
    segment = "topic = childcare and child.birth_month in ({birth_months})"

    def vaccinations(begin: int) -> Notice:
        rule = ChildStages((Stage("hepatitis-b", Age(begin), Age(12), ALLOWED),), 1, time(10))
        return notice(rule, "child_stages", segment)

    clock.set("2026-11-30T12:00")
    hall = Hall(store, clock, vaccinations(2))
    await hall.start().tick()
    clock.set("2026-12-01T10:00")
    await hall.start().tick()
    (first,) = await store.broadcasts.newest(100)
    assert [item["birth_month"] for item in first.context["items"]] == ["2026-01", "2026-10"]
    clock.set("2027-01-01T10:00")
    await hall.start(vaccinations(3)).tick()  # the clerk has put the beginning off by a month
    second, _ = await store.broadcasts.newest(100)
    assert [item["birth_month"] for item in second.context["items"]] == ["2026-02"]  # not 2026-10 again
    assert "2026-10" not in second.segment


async def test_a_second_clock_and_a_second_tick_change_nothing(store: Store, clock: HandClock) -> None:
    clock.set("2026-11-29T12:00")
    hall = Hall(store, clock, notice(Weekly(frozenset({0}), time(9))))
    one, two = hall.start(), hall.start()
    await one.tick()
    await two.tick()
    clock.set("2026-11-30T09:00")
    for each in (one, two, one):
        await each.tick()
    assert len(await store.broadcasts.newest(100)) == 1


async def test_two_children_of_one_family_are_named_in_one_message(store: Store, clock: HandClock) -> None:
    segment = "topic = childcare and child.birth_month in ({birth_months})"
    rule = ChildStages((Stage("hepatitis-b", Age(2), Age(12), ALLOWED),), 1, time(10))
    clock.set("2026-11-30T12:00")
    hall = Hall(store, clock, notice(rule, "child_stages", segment))
    await hall.start().tick()
    clock.set("2026-12-01T10:00")
    await hall.start().tick()
    (broadcast,) = await store.broadcasts.newest(100)
    frozen = await store.broadcasts.frozen_template(broadcast.id)
    family = {Fact.TOPIC: ("childcare",), Fact.BIRTH_MONTH: ("2026-10", "2026-01", "2020-01")}
    text = Renderer(broadcast, frozen or "", clock.now().date()).text(Group("ja", family, ["1"], [user(1)]))
    assert "2026年10月生まれのお子さん" in text
    assert "2026年1月生まれのお子さん" in text
    assert "2020年" not in text


FRIDAYS = Weekly(frozenset({4}), time(12))
FEED = "https://example.jp/news.rss"


async def test_a_weekly_digest_tells_the_weeks_events_and_each_kept_article_once(
    store: Store, clock: HandClock
) -> None:
    start = datetime(2026, 12, 6, 10, tzinfo=TOKYO)
    fair = Event("fair", "もちつき大会", start, start + timedelta(hours=2), all_day=False)
    clock.set("2026-12-03T09:00")
    one = notice(FRIDAYS, "weekly_digest", "topic = events", digest=True)
    hall = Hall(store, clock, one, events=(fair,))
    await hall.start().tick()
    await keep(store, "図書館の休館日")
    clock.set("2026-12-04T12:00")
    await hall.start().tick()
    await keep(store, "雪かきのお願い")
    clock.set("2026-12-11T12:00")
    await hall.start().tick()
    clock.set("2026-12-18T12:00")
    await hall.start().tick()
    second, first = await store.broadcasts.newest(100)
    assert "もちつき大会" in first.context["events"]
    assert "図書館の休館日" in first.context["news"]
    assert "events" not in second.context
    assert "雪かきのお願い" in second.context["news"]
    assert "図書館" not in second.context["news"]
    assert await hall.happened() == [
        ("2026-12-04", "fired"),
        ("2026-12-11", "fired"),
        ("2026-12-18", "missed"),  # a week with nothing to tell
    ]


async def keep(store: Store, title: str) -> None:
    """An article that the rules keep for the digest."""
    finding = Finding(title, title, title, "", "https://example.jp/", None, "digest", "rule")
    await store.news.claim(FEED, 0)
    assert await store.news.take(FEED, [finding], None, None) == 1


def _row() -> dict[str, str]:
    return {
        "tax": "固定資産税",
        "fiscal_year": "2026",
        "period": "4",
        "period_name": "第4期",
        "base_date": "2026-12-25",
        "due_date": "2026-12-25",
    }


async def test_two_children_whose_ages_are_due_in_one_month_are_one_message(
    store: Store, clock: HandClock, tmp_path: Path
) -> None:
    folder = copied(tmp_path)
    with (folder / "notices.toml").open("a", encoding="utf-8") as file:
        file.write(CHECKS)
    checks = load(folder).notices[-1]
    clock.set("2026-11-30T12:00")
    hall = Hall(store, clock, checks)
    await hall.start().tick()
    clock.set("2026-12-01T10:00")
    await hall.start().tick()
    assert await hall.happened() == [("2026-12", "fired")]
    (broadcast,) = await store.broadcasts.newest(9)
    assert broadcast.segment.endswith("in (2024-06, 2026-03, 2026-08)")
    frozen = await store.broadcasts.frozen_template(broadcast.id)
    assert frozen is not None
    family = Group("ja", {Fact.BIRTH_MONTH: ("2024-06", "2026-08")}, [], [])
    said = Renderer(broadcast, frozen, date(2026, 12, 1)).text(family)
    assert "2024年6月生まれのお子さん(2歳6か月)" in said
    assert "2026年8月生まれのお子さん(4か月)" in said
