"""The chat page in a real browser, on a simulator whose bot follows a small script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect

from simulator import Simulator
from simulator.demo import channel

pytestmark = pytest.mark.browser

AKARI, BOTAN = "U" + "a" * 32, "U" + "b" * 32
DESK, PHONE = (1280, 800), (390, 844)
Open = Callable[..., Awaitable[Page]]


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def quick(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"quickReply": {"items": [{"type": "action", "action": action} for action in actions]}}


def says(label: str) -> dict[str, Any]:
    return {"type": "message", "label": label, "text": label}


def box(layout: str, *contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "box", "layout": layout, "contents": list(contents), **more}


def bubble(size: str, *contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "bubble", "size": size, "body": box("vertical", *contents), **more}


def flex(container: dict[str, Any]) -> dict[str, Any]:
    return {"type": "flex", "altText": "カード", "contents": container}


class Bot:
    """A bot's server: keeps every event, and replies to messages and postbacks what `answer` gives."""

    def __init__(self, line: Simulator) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda event: text("はい")
        headers = {"Authorization": "Bearer token"}
        self.api = aiohttp.ClientSession(line.base_url, headers=headers, raise_for_status=True)

    async def receive(self, request: web.Request) -> web.Response:
        for event in (await request.json())["events"]:
            self.events.append(event)
            if event["type"] in ("message", "postback"):
                await self.send("reply", replyToken=event["replyToken"], messages=[self.answer(event)])
        return web.Response()

    async def send(self, endpoint: str, **body: Any) -> None:
        async with self.api.post(f"/v2/bot/message/{endpoint}", json=body):
            pass


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with Simulator(channel_secret="secret", channel_access_token="token") as line:
        line.add_user(AKARI, "あかり")
        line.add_user(BOTAN, "<b>ぼたん</b>")
        yield line
        assert line.webhook_errors == []


@pytest.fixture
async def bot(line: Simulator) -> AsyncIterator[Bot]:
    bot = Bot(line)
    app = web.Application()
    app.router.add_post("/line/webhook", bot.receive)
    async with TestServer(app) as server:
        line.webhook_url = str(server.make_url("/line/webhook"))
        yield bot
    await bot.api.close()


@pytest.fixture
async def open_page(browser: Browser, line: Simulator) -> AsyncIterator[Open]:
    """Opens the page, connected, and at the end of the test holds that its scripts never failed."""
    errors: list[str] = []

    async def open_(size: tuple[int, int] = DESK) -> Page:
        page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{line.base_url}/")
        await expect(page.locator("body")).to_have_attribute("data-live", "true")
        return page

    yield open_
    for page in [page for context in browser.contexts for page in context.pages]:
        await page.close()
    assert errors == []


@pytest.fixture
async def page(open_page: Open, bot: Bot) -> Page:
    return await open_page()


async def write(page: Page, words: str) -> None:
    await page.locator('[name="text"]').fill(words)
    await page.locator('[name="text"]').press("Enter")


async def width(page: Page, selector: str) -> float:
    found = await page.locator(selector).bounding_box()
    assert found is not None
    return found["width"]


async def height(page: Page, selector: str) -> float:
    found = await page.locator(selector).bounding_box()
    assert found is not None
    return found["height"]


async def test_what_is_written_and_what_the_bot_replies_appear_at_once(page: Page, bot: Bot) -> None:
    bot.answer = lambda event: text(f"「{event['message']['text']}」ですね")
    await write(page, "受信設定")
    await expect(page.locator('[data-sender="user"]')).to_contain_text("受信設定")
    await expect(page.locator('[data-sender="bot"][data-via="reply"]')).to_contain_text("「受信設定」ですね")
    await expect(page.locator('[name="text"]')).to_have_value("")
    await page.reload()
    await expect(page.locator('[data-sender="bot"]')).to_contain_text("「受信設定」ですね")


async def test_quick_replies_say_their_text_and_vanish(page: Page, bot: Bot) -> None:
    bot.answer = lambda event: text("どれにしますか", **quick(says("子育て"), says("防災")))
    await write(page, "受信設定")
    chips = page.locator('[data-role="quick-replies"] button')
    await expect(chips).to_have_text(["子育て", "防災"])
    bot.answer = lambda event: text("登録しました")
    await chips.get_by_text("防災").click()
    await expect(page.locator('[data-sender="bot"]').last).to_contain_text("登録しました")
    await expect(page.locator('[data-role="quick-replies"]')).to_be_hidden()
    assert [event["message"]["text"] for event in bot.events] == ["受信設定", "防災"]


async def test_a_date_is_picked_in_a_dialog_or_not_at_all(page: Page, bot: Bot) -> None:
    pick = {
        "type": "datetimepicker",
        "label": "生まれた月",
        "data": "birth",
        "mode": "date",
        "max": "2026-11-24",
    }
    bot.answer = lambda event: text("いつですか", **quick(pick))
    await write(page, "子育て")
    picker = page.locator('[data-role="picker"]')
    await page.get_by_role("button", name="生まれた月").click()
    await picker.locator('[data-action="cancel"]').click()
    await expect(picker).to_be_hidden()
    await page.get_by_role("button", name="生まれた月").click()
    await picker.locator("input").fill("2026-12-01")
    await picker.locator('[data-action="pick"]').click()
    await expect(picker).to_be_visible()  # later than the greatest date that may be picked
    await picker.locator("input").fill("2026-03-15")
    await picker.locator('[data-action="pick"]').click()
    await expect(page.locator('[data-sender="bot"]')).to_have_count(2)
    assert bot.events[1]["postback"] == {"data": "birth", "params": {"date": "2026-03-15"}}
    assert len(bot.events) == 2


async def test_messages_for_others_are_counted_until_they_are_looked_at(page: Page, bot: Bot) -> None:
    badge = page.locator(f'[data-resident="{BOTAN}"] [data-unread]')
    await expect(badge).to_have_count(0)
    await bot.send("multicast", to=[AKARI, BOTAN], messages=[text("一"), text("二")])
    await expect(badge).to_have_text("2")
    await expect(page.locator(f'[data-resident="{AKARI}"] [data-unread]')).to_have_count(0)
    await page.locator(f'[data-resident="{BOTAN}"]').click()
    await expect(page.locator(f'[role="log"][data-chat="{BOTAN}"] [data-via="multicast"]')).to_have_count(2)
    await expect(badge).to_have_count(0)
    await page.reload()
    await expect(badge).to_have_count(0)


async def test_a_resident_blocks_and_comes_back(page: Page, line: Simulator, bot: Bot) -> None:
    resident = page.locator(f'[data-resident="{AKARI}"]')
    await page.locator('[data-action="block"]').click()
    await expect(resident).to_have_attribute("data-standing", "blocked")
    await expect(page.locator('[data-role="composer"]')).to_be_hidden()
    await bot.send("multicast", to=[AKARI], messages=[text("届かない")])
    await page.locator('[data-action="unblock"]').click()
    await expect(page.locator('[data-role="composer"]')).to_be_visible()
    await expect(resident).to_have_attribute("data-standing", "friend")
    assert [event["type"] for event in bot.events] == ["unfollow", "follow"]
    assert bot.events[1]["follow"] == {"isUnblocked": True}
    assert line.heard(AKARI) == []


async def test_a_new_friend_is_added_and_their_chat_opens(page: Page, line: Simulator, bot: Bot) -> None:
    await page.locator('[data-action="add-friend"]').click()
    await page.locator('[name="name"]').fill("住民9")
    await page.locator('[data-action="add-confirm"]').click()
    await expect(page.locator('[aria-current="true"]')).to_contain_text("住民9")
    await expect(page.locator('[data-via="follow"]')).to_be_visible()
    [event] = bot.events
    assert event["type"] == "follow"
    assert line.chats.users[event["source"]["userId"]].name == "住民9"


async def test_a_stranger_becomes_a_friend(open_page: Open, line: Simulator, bot: Bot) -> None:
    line.add_user("U" + "c" * 32, "つばき", following=False)
    page = await open_page()
    await page.get_by_text("つばき").click()
    await page.get_by_role("button", name="友だち追加", exact=True).click()
    await expect(page.locator('[data-role="composer"]')).to_be_visible()
    assert bot.events[0]["follow"] == {"isUnblocked": False}


async def test_the_rich_menu_opens_and_its_areas_work_from_the_keyboard(
    page: Page, line: Simulator, bot: Bot
) -> None:
    assert line.webhook_url
    await channel.set_up(line.base_url, "token", line.webhook_url)
    await page.locator('[data-action="toggle-menu"]').focus()
    await page.keyboard.press("Enter")
    menu = page.locator('[data-role="rich-menu"]')
    await expect(menu.locator("button")).to_have_count(6)
    picture = menu.locator("img")
    await expect(picture).to_have_js_property("naturalWidth", 1200)
    await menu.get_by_role("button", name="ヘルプ").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-sender="user"]')).to_contain_text("ヘルプ")
    await page.locator('[data-action="toggle-menu"]').click()
    await expect(menu).to_be_hidden()


async def test_no_message_and_no_name_is_ever_read_as_html(page: Page, bot: Bot) -> None:
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    button = {"type": "button", "action": says("<i>はい</i>")}
    await bot.send(
        "push",
        to=AKARI,
        messages=[
            text(attack, **quick(says("<u>x</u>"))),
            flex(bubble("mega", text(attack, wrap=True), button)),
        ],
    )
    await expect(page.locator('[data-type="text"]')).to_contain_text(attack)
    await expect(page.locator('[data-type="flex"]')).to_contain_text(attack)
    await expect(page.locator(f'[data-resident="{BOTAN}"]')).to_contain_text("<b>ぼたん</b>")
    assert await page.locator(".log img, .log script, .log i, .log u, .person-words b b").count() == 0
    assert "owned" not in await page.title()


async def test_web_addresses_become_links_that_are_safe_to_open(page: Page, bot: Bot) -> None:
    await bot.send(
        "push",
        to=AKARI,
        messages=[text("詳しくは https://example.com/a をご覧ください。javascript:alert(1)")],
    )
    link = page.locator(".balloon a")
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute("href", "https://example.com/a")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", "noopener")


async def test_a_telephone_button_tells_the_number_and_a_line_link_does_not_leave_the_page(
    page: Page, bot: Bot
) -> None:
    def opens(label: str, uri: str) -> dict[str, Any]:
        return {"type": "button", "action": {"type": "uri", "label": label, "uri": uri}}

    await bot.send(
        "push",
        to=AKARI,
        messages=[flex(bubble("mega", opens("電話", "tel:0237732111"), opens("友だちに", "line://nv/chat")))],
    )
    await page.get_by_role("button", name="電話").click()
    await expect(page.locator('[data-role="toast"]')).to_contain_text("0237732111")
    await page.get_by_role("button", name="友だちに").click()
    await expect(page.locator('[data-role="toast"]')).to_contain_text("LINE")
    assert page.url.startswith("http://127.0.0.1")
    assert bot.events == []


async def test_bubbles_are_as_wide_as_in_line(page: Page, bot: Bot) -> None:
    widths = {"nano": 120, "micro": 160, "deca": 220, "hecto": 241, "kilo": 260, "mega": 300}
    for size in widths:
        await bot.send("push", to=AKARI, messages=[flex(bubble(size, text("本文")))])
    await expect(page.locator(".fx-bubble")).to_have_count(len(widths))
    assert {size: await width(page, f".fx-{size}") for size in widths} == widths


async def test_the_largest_bubble_takes_the_width_of_a_phone_and_no_more(open_page: Open, bot: Bot) -> None:
    await bot.send("push", to=AKARI, messages=[flex(bubble("giga", text("本文")))])
    page = await open_page(PHONE)
    await page.locator(f'[data-resident="{AKARI}"]').click()
    assert 300 < await width(page, ".fx-giga") <= 390
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_flex_ratios_lines_heights_and_gaps_are_kept(page: Page, bot: Bot) -> None:
    long = "とても長い文章です。" * 20
    contents = [
        box("horizontal", text("場所", flex=1), text("谷地", flex=3), margin="none"),
        text(long),
        text(long, wrap=True, maxLines=2, margin="xxl"),
        {"type": "separator", "margin": "md"},
        {"type": "button", "style": "primary", "action": says("はい"), "color": "#aa0000"},
        {"type": "button", "height": "sm", "action": says("いいえ")},
    ]
    await bot.send("push", to=AKARI, messages=[flex(bubble("mega", *contents))])
    inner = 300 - 2 * 20
    row = ".fx-body > .fx-box > .fx-text"
    assert await width(page, f"{row}:nth-child(1)") == pytest.approx(inner / 4)
    assert await width(page, f"{row}:nth-child(2)") == pytest.approx(inner * 3 / 4)
    one_line = 16 * 1.4
    assert await height(page, ".fx-body > .fx-text:nth-child(2)") == pytest.approx(one_line, abs=0.5)
    assert await height(page, ".fx-body > .fx-text:nth-child(3)") == pytest.approx(2 * one_line, abs=0.5)
    assert await height(page, ".fx-button-primary") == 52
    assert await height(page, ".fx-button-sm") == 40
    await expect(page.locator(".fx-body > .fx-text:nth-child(3)")).to_have_css("margin-top", "20px")
    await expect(page.locator(".fx-button-primary")).to_have_css("background-color", "rgb(170, 0, 0)")
    await expect(page.locator(".fx-line")).to_have_css("height", "1px")


async def test_a_carousel_scrolls_sideways_and_its_bubbles_are_equally_tall(page: Page, bot: Bot) -> None:
    bubbles = [
        bubble("kilo", text("短い")),
        bubble("kilo", text("長い" * 60, wrap=True)),
        bubble("kilo", text("三")),
    ]
    await bot.send("push", to=AKARI, messages=[flex({"type": "carousel", "contents": bubbles})])
    carousel = page.locator(".fx-carousel")
    assert await carousel.evaluate("row => row.scrollWidth > row.clientWidth")
    heights = await carousel.locator(".fx-bubble").evaluate_all("all => all.map(each => each.offsetHeight)")
    assert len(set(heights)) == 1
    await carousel.focus()
    await page.keyboard.press("ArrowRight")
    await page.wait_for_function("document.querySelector('.fx-carousel').scrollLeft > 0")


async def test_a_tappable_box_works_from_the_keyboard(page: Page, bot: Bot) -> None:
    card = box("vertical", text("詳しく"), action={"type": "postback", "label": "詳しく", "data": "more"})
    await bot.send("push", to=AKARI, messages=[flex(bubble("mega", card))])
    await page.get_by_role("button", name="詳しく").press("Enter")
    await expect(page.locator('[data-via="reply"]')).to_be_visible()
    assert bot.events[0]["postback"] == {"data": "more"}


async def test_confirm_and_buttons_templates_can_be_tapped(page: Page, bot: Bot) -> None:
    confirm = {"type": "confirm", "text": "止めますか", "actions": [says("はい"), says("いいえ")]}
    buttons = {"type": "buttons", "title": "分野", "text": "選んでください", "actions": [says("税")]}
    for template in (confirm, buttons):
        await bot.send(
            "push", to=AKARI, messages=[{"type": "template", "altText": "x", "template": template}]
        )
    await expect(page.locator('[data-type="template"]')).to_have_count(2)
    await page.get_by_role("button", name="いいえ").click()
    await page.get_by_role("button", name="税", exact=True).click()
    await expect(page.locator('[data-sender="bot"][data-via="reply"]')).to_have_count(2)
    assert [event["message"]["text"] for event in bot.events] == ["いいえ", "税"]


async def test_on_a_phone_the_list_and_the_chat_take_turns(open_page: Open, bot: Bot) -> None:
    page = await open_page(PHONE)
    await expect(page.locator('[role="log"]')).to_be_hidden()
    await page.locator(f'[data-resident="{AKARI}"]').press("Enter")
    await expect(page.locator('[role="log"]')).to_be_visible()
    await expect(page.locator('[data-role="residents"]')).to_be_hidden()
    await page.locator('[data-action="back"]').click()
    await expect(page.locator('[data-role="residents"]')).to_be_visible()


async def test_the_page_says_when_the_simulator_is_gone(browser: Browser) -> None:
    async with Simulator(channel_secret="secret", channel_access_token="token") as line:
        page = await browser.new_page()
        await page.goto(f"{line.base_url}/")
        await expect(page.locator("body")).to_have_attribute("data-live", "true")
    await expect(page.locator("body")).to_have_attribute("data-live", "false")
    await expect(page.get_by_text("接続が切れました")).to_be_visible()
    await page.close()
