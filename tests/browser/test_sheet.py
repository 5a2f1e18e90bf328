"""Sheets printed by a real browser: the number of pages, nothing cut off, large and dark enough."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from bot.broadcasts.announcing import Announcement, Announcer
from bot.broadcasts.order_words import lifted_words, narrowed_words, order_words
from bot.domain.broadcasts import Broadcast
from bot.domain.clock import TOKYO, to_ms
from bot.domain.orders import Deed, Order
from bot.domain.residents import Fact
from bot.domain.shelters import ShelterState
from bot.rendering.on_paper import words
from bot.rendering.sheet import Term, html
from bot.store.store import Store, open_database
from bot.town import load, templates_for
from bot.town.shelters import fit
from tests.clock import HandClock

pytestmark = pytest.mark.browser

TOWN = load(Path(__file__).parents[2] / "towns" / "kahoku")
TEMPLATES = templates_for(TOWN)
DISTRICTS = [choice.name for choice in TOWN.choices[Fact.DISTRICT]]
REASON = "最上川の水位が、氾濫するおそれのある高さに達しました。これからも強い雨が続く見込みです。"
AT = to_ms(datetime(2026, 7, 29, 15, 10, tzinfo=TOKYO))
NAMES = {Deed.ISSUE: "evacuation", Deed.NARROW: "evacuation_narrowed", Deed.LIFT: "evacuation_lifted"}


@pytest.fixture
async def empty(tmp_path: Path, clock: HandClock) -> AsyncIterator[Store]:
    database = await open_database(f"sqlite:///{tmp_path / 'machi.db'}", clock)
    await database.upgrade()
    yield Store.over(database, clock)
    await database.close()


def sheet(
    store: Store,
    level: int,
    hazard: str,
    deed: Deed,
    *,
    sites: int = 0,
    districts: int = 6,
    drill: bool = False,
) -> str:
    reasons = {"ja": REASON, "ja-easy": REASON, "en": REASON}
    order = Order(level, hazard, tuple(DISTRICTS[:districts]), "clerk", reasons, drill=drill)
    usable = {shelter.id: ShelterState.OPEN for shelter in fit(TOWN.shelters, [hazard])[:sites]}
    match deed:
        case Deed.ISSUE:
            context = order_words(order, TOWN.shelters, usable)
        case Deed.NARROW:
            context = narrowed_words(order, DISTRICTS[:1])
        case _:
            context = lifted_words(order)
    messages = TEMPLATES.render_all(NAMES[deed], context, drill=drill)
    broadcast = Broadcast("t", "all", "clerk", drill=drill, context=context, approved_ms=AT)
    texts = {language: words(each) for language, each in messages.items()}
    return html(Announcer(store, TOWN).sheet(Announcement(broadcast, texts, order, deed)))


async def printed(browser: Browser, document: str) -> tuple[int, dict[str, Any]]:
    """How many pages a PDF has, and what is wider than its place, how high the sections are, how large the level is."""
    page = await browser.new_page(viewport={"width": 718, "height": 1047})  # A4 within margins of 10 mm
    await page.emulate_media(media="print")
    await page.set_content(document)
    pdf = await page.pdf(prefer_css_page_size=True, print_background=True)
    seen: dict[str, Any] = await page.evaluate("""() => ({
      wide: [...document.querySelectorAll('body, .page, .page *')]
        .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80)),
      high: [...document.querySelectorAll('.page')].map(e => e.scrollHeight),
      level: [...document.querySelectorAll('.band p')].map(e => parseFloat(getComputedStyle(e).fontSize) * 0.75),
      text: parseFloat(getComputedStyle(document.querySelector('.first')).fontSize) * 0.75,
      band: (e => e && [getComputedStyle(e).backgroundColor, getComputedStyle(e).color])(document.querySelector('.band')),
    })""")
    await page.close()
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)), seen


async def test_an_order_is_one_page_and_its_translations_another(browser: Browser, empty: Store) -> None:
    for level in (3, 4, 5):
        documents = [sheet(empty, level, "洪水", Deed.ISSUE, sites=12, drill=True)]
        documents += [sheet(empty, level, "洪水", deed) for deed in Deed]
        for document in documents:
            pages, seen = await printed(browser, document)
            assert pages == 2, (level, seen)
            assert seen["wide"] == [], (level, seen)
            assert round(min(seen["level"]), 2) >= 40, (level, seen)
            assert seen["text"] >= 9, (level, seen)


async def test_any_number_of_shelters_and_districts_fits(browser: Browser, empty: Store) -> None:
    page = await browser.new_page(viewport={"width": 718, "height": 1047})
    await page.emulate_media(media="print")
    for level, sites, hazard in product((3, 4, 5), range(13), ("洪水", "地震")):
        districts, drill = 1 + (sites + level) % 6, sites % 2 == 0
        await page.set_content(
            sheet(empty, level, hazard, Deed.ISSUE, sites=sites, districts=districts, drill=drill)
        )
        high = await page.evaluate("[...document.querySelectorAll('.page')].map(e => e.scrollHeight)")
        assert max(high) <= 1047, (level, sites, hazard, districts, drill)  # 277 mm


async def test_few_words_are_printed_large(browser: Browser, empty: Store) -> None:
    _, short = await printed(browser, sheet(empty, 4, "洪水", Deed.LIFT, districts=1))
    _, full = await printed(browser, sheet(empty, 4, "洪水", Deed.ISSUE, sites=12))
    assert short["text"] >= 16 > full["text"]
    assert short["high"][0] > 700  # the page is used


async def test_what_is_far_too_long_goes_on_and_is_not_cut(browser: Browser, empty: Store) -> None:
    pages, seen = await printed(browser, sheet(empty, 4, "洪水", Deed.ISSUE, sites=53))
    assert pages > 2
    assert seen["wide"] == []


@pytest.mark.parametrize("level", [3, 4, 5])
async def test_the_band_can_be_read_in_grey(browser: Browser, empty: Store, level: int) -> None:
    _, seen = await printed(browser, sheet(empty, level, "洪水", Deed.ISSUE))
    back, front = ([int(part) for part in re.findall(r"\d+", colour)] for colour in seen["band"])
    assert tuple(back) == {3: (255, 40, 0), 4: (170, 0, 170), 5: (12, 0, 12)}[level]
    assert (_luminance(front) + 0.05) / (_luminance(back) + 0.05) >= 3  # WCAG 2.2, 1.4.3, for large type


def _luminance(colour: list[int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


async def test_an_ordinary_broadcast_is_one_page(browser: Browser, empty: Store) -> None:
    sample = TEMPLATES.sample("water_outage")
    texts = {language: words(each) for language, each in TEMPLATES.render_all("water_outage", sample).items()}
    broadcast = Broadcast("断水", "all", "clerk", approved_ms=AT)
    pages, seen = await printed(browser, html(Announcer(empty, TOWN).sheet(Announcement(broadcast, texts))))
    assert (pages, seen["wide"]) == (2, [])
    only = Announcer(empty, TOWN).sheet(Announcement(broadcast, {"ja": "水が止まります。\n" * 12}))
    pages, seen = await printed(browser, html(only))
    assert (pages, seen["wide"]) == (1, [])
    assert only.town == Term("河北町", "かほくちょう")
