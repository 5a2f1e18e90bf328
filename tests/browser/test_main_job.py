"""The main job as a resident and a clerk see it: the chat page in a browser, the service and the CLI as processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from simulator import Simulator
from tests.integration.running import Running, line_simulator, town_folder, user

pytestmark = pytest.mark.browser

NEIGHBOUR = user(0xB)
NOTICE = """
[[notices]]
name = "probe"
title = "お知らせ"
template = "probe"
segment = "topic = childcare and child.birth_month = 2026-03"
dates = ["2026-11-24"]
time = "09:00"
"""


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as line:
        line.add_user(NEIGHBOUR, "となりの人")
        yield line
        assert line.violations == []
        assert line.webhook_errors == []


async def say(page: Page, words: str) -> None:
    await page.locator('[name="text"]').fill(words)
    await page.locator('[data-action="send"]').click()


async def tap(page: Page, label: str) -> None:
    """Tap the newest button with this label."""
    await (
        page.locator('[role="log"] button, [data-role="quick-replies"] button')
        .get_by_text(label, exact=True)
        .last.click()
    )


async def test_a_resident_registers_by_tapping_and_typing_and_is_told_what_concerns_them(
    browser: Browser, line: Simulator, tmp_path: Path
) -> None:
    service = Running(
        line,
        f"sqlite:///{tmp_path / 'machi.db'}",
        MACHI_TOWN=str(town_folder(tmp_path, NOTICE)),
        MACHI_CLOCK="2026-11-24T08:30:00+09:00",
    )
    await service.residents(
        {
            "user_id": NEIGHBOUR,
            "topics": ["childcare", "disaster"],
            "children": ["2023-11"],
            "district": "西里",
        }
    )
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    async with service:
        await page.goto(f"{line.base_url}/")
        await page.locator('[data-action="add-friend"]').click()
        await page.locator('[name="name"]').fill("住民9")
        await page.locator('[data-action="add-confirm"]').click()
        await tap(page, "子育て")
        log = page.locator('[role="log"]')
        await expect(log).to_contain_text("「子育て」を登録しました")
        await say(page, "令和８年３月")
        await expect(log).to_contain_text("2026年3月")
        await say(page, "防災")
        await tap(page, "谷地中部")
        await expect(page.locator('[data-sender="bot"]').last).to_contain_text("谷地中部")
        await say(page, "登録内容")
        registered = page.locator('[data-sender="bot"]').last
        await expect(registered).to_contain_text("登録内容")
        for words in ("2026年3月", "谷地中部"):
            await expect(registered).to_contain_text(words)

        await service.stop()
        service.configure(MACHI_CLOCK="2026-11-24T08:59:58+09:00")
        await service.start()
        pushed = page.locator('[data-via="multicast"], [data-via="push"]')
        await expect(pushed).to_contain_text("定期のお知らせです。", timeout=20_000)

        report = await service.ended(
            await service.broadcast("あす10時から断水します。", "topic = disaster and district = 谷地中部")
        )
        assert (report["recipients"], report["accepted"]) == (1, 1)
        await expect(pushed).to_have_count(2)
        await expect(pushed.last).to_contain_text("あす10時から断水します。")
        await expect(page.locator(f'[data-resident="{NEIGHBOUR}"] [data-unread]')).to_have_count(0)
        assert line.heard(NEIGHBOUR) == []
    await page.close()
