"""What the town has published over HTTP: orders from issue to the end, public broadcasts, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.broadcasts.ceiling import Ceiling
from bot.broadcasts.compose import Composer, Draft
from bot.broadcasts.conductor import Conductor
from bot.broadcasts.orders import OrderDesk, OrderDraft
from bot.domain.broadcasts import Broadcast, Event, Priority
from bot.domain.errors import InvalidInputError
from bot.domain.orders import Reach
from bot.domain.shelters import ShelterState
from bot.feeds.messages import Publisher
from bot.feeds.orders import KEPT, RENEWED
from bot.feeds.town_alerts import FRESH_SECONDS, TownAlerts
from bot.metrics import Metrics
from bot.settings import Settings
from bot.store.store import Store
from bot.town import load, templates_for
from bot.town.model import StaffMember
from bot.town.shelters import fit
from bot.web.app import application
from bot.wiring import Service
from tests import cap_schema
from tests.cap_schema import CAP
from tests.clock import HandClock
from tests.integration.delivering import conduct, no_answer
from tests.integration.running import user
from tests.unit.town_folders import KAHOKU

BASE = "https://push.example.jp"
TOWN = replace(load(KAHOKU), staff=(StaffMember("clerk", user(1)), StaffMember("chief", user(2))))
TEMPLATES = templates_for(TOWN)
FLOOD = OrderDraft(
    4, "洪水", ["溝延", "谷地中部"], {"ja": "最上川の水位が上がっています。", "en": "The river is rising."}
)


class Hall:
    """The town hall: it issues, writes and lifts, and somebody outside reads."""

    def __init__(self, store: Store, clock: HandClock, client: TestClient[Any, Any]) -> None:
        self.store, self.clock, self.client = store, clock, client
        self.composer = Composer(store, TOWN, TEMPLATES, clock, Ceiling(no_answer, 3))
        self.orders = OrderDesk(store, TOWN, self.composer, clock)
        self.conductor = Conductor(store, TOWN, clock, Ceiling(no_answer, 3), lambda: None)

    async def issue(self, draft: OrderDraft = FLOOD) -> int:
        made = await self.orders.issue(draft, "clerk")
        await self.orders.approve(made.order.id, "chief")
        self.clock.advance(minutes=1)
        return made.order.id

    async def narrow(self, order: int, *keep: str) -> None:
        await self.orders.narrow(order, keep, "clerk")
        await self.orders.approve(order, "chief")
        self.clock.advance(minutes=1)

    async def lift(self, order: int) -> None:
        await self.orders.lift(order, "clerk")
        await self.orders.approve(order, "chief")
        self.clock.advance(minutes=1)

    async def tell(self, text: str, segment: str = "all", **options: Any) -> int:
        draft = Draft(
            "職員用の題名", segment, text, at=self.clock.now(), **{"priority": Priority.URGENT, **options}
        )
        number = await self.composer.create(draft, "clerk")
        await self.composer.approve(number, "chief")
        await conduct(self.conductor)
        self.clock.advance(minutes=1)
        return number

    async def get(self, path: str) -> bytes:
        self.clock.advance(seconds=FRESH_SECONDS)
        async with self.client.get(f"/feeds/{path}") as answer:
            assert answer.status == 200, path
            return await answer.read()

    async def read(self) -> tuple[list[Element], list[Any], dict[str, Any]]:
        """The alerts that hold (each by its entry's link), the items of RSS, and the JSON; each by its rules."""
        entries = cap_schema.atom(await self.get("cap.xml"))
        items = cap_schema.rss(await self.get("alerts.rss"))
        assert [entry.id for entry in entries] == [item.id for item in items]
        alerts = [cap_schema.alert(await self.get(path_of(entry))) for entry in entries]
        return alerts, items, json.loads(await self.get("alerts.json"))

    async def everything(self) -> str:
        """All bytes that anybody outside can read."""
        entries = cap_schema.atom(await self.get("cap.xml"))
        paths = ["cap.xml", "alerts.rss", "alerts.json", *(path_of(e) for e in entries)]
        return "".join([(await self.get(path)).decode() for path in paths])


@pytest.fixture
async def hall(store: Store, clock: HandClock) -> AsyncIterator[Hall]:
    @asynccontextmanager
    async def service() -> AsyncIterator[Service]:
        alerts = TownAlerts(store, TEMPLATES, Publisher(TOWN, BASE), clock)
        yield Service(Settings.from_environment({}), clock, store, Metrics(), alerts=alerts)

    async with TestClient(TestServer(application(service))) as client:
        yield Hall(store, clock, client)


def path_of(entry: Any) -> str:
    """Where an entry's alert lies, below `/feeds`."""
    href: str = entry.links[0].href
    assert href.startswith(f"{BASE}/feeds/")
    return href.removeprefix(f"{BASE}/feeds/")


def told(alert: Element, language: str = "ja") -> dict[str, str]:
    """What an alert says in a language, of what is repeated the first; with what it says of itself."""
    (info,) = (each for each in alert.iter(CAP + "info") if each.findtext(CAP + "language") == language)
    own = {each.tag.removeprefix(CAP): each.text or "" for each in reversed(alert) if len(each) == 0}
    inner = {each.tag.removeprefix(CAP): each.text or "" for each in reversed(info) if len(each) == 0}
    return {**own, **inner, "areaDesc": info.findtext(f"{CAP}area/{CAP}areaDesc", "")}


def parameters(alert: Element) -> dict[str, str]:
    info = next(alert.iter(CAP + "info"))
    return {
        p.findtext(CAP + "valueName", ""): p.findtext(CAP + "value", "") for p in info.iter(CAP + "parameter")
    }


async def test_nothing_published_is_feeds_without_entries(hall: Hall) -> None:
    alerts, items, data = await hall.read()
    assert (alerts, items) == ([], [])
    assert (data["orders"], data["broadcasts"]) == ([], [])
    assert data["town"] == {
        "name": "河北町",
        "codes": {"local_government": "063215", "jma_class20": "0632100"},
    }


@pytest.mark.parametrize(
    ("level", "graded", "responses"),
    [
        (3, ("Expected", "Moderate", "Likely"), ["Prepare", "Evacuate"]),
        (4, ("Immediate", "Severe", "Likely"), ["Evacuate"]),
        (5, ("Immediate", "Extreme", "Likely"), ["Shelter"]),
    ],
)
async def test_an_order_is_an_alert_of_its_level_in_every_language(
    hall: Hall, level: int, graded: tuple[str, str, str], responses: list[str]
) -> None:
    order = await hall.issue(replace(FLOOD, level=level))
    (alert,), (item,), data = await hall.read()
    said = told(alert)
    assert (said["urgency"], said["severity"], said["certainty"]) == graded
    assert [each.text for each in alert.iter(CAP + "responseType")][: len(responses)] == responses
    assert (said["status"], said["msgType"], said["scope"]) == ("Actual", "Alert", "Public")
    assert said["areaDesc"] == "河北町 溝延、谷地中部"
    assert told(alert, "en")["areaDesc"] == "Kahoku Town Mizonobe, Yachi Chubu (central)"
    assert said["event"] in said["headline"]
    assert said["event"] == f"警戒レベル{level} {parameters(alert)['発令区分']}"
    assert "最上川の水位が上がっています。" in said["description"]
    assert "119番" in said["instruction"]
    assert "119番" not in said["description"]
    assert "このトーク" not in said["instruction"], "only the chat can do that"
    assert said["web"].startswith(f"{BASE}/feeds/cap/")
    languages = [info.findtext(CAP + "language") for info in alert.iter(CAP + "info")]
    assert languages == ["ja", "ja-x-easy", "en", "zh", "ko"]
    assert "The river is rising." in told(alert, "en")["description"]
    assert told(alert, "en")["event"].startswith(f"Alert Level {level} - ")
    assert parameters(alert)["警戒レベル"] == str(level)
    assert parameters(alert)["災害"] == "洪水"
    assert item.title == said["headline"]
    for words in ("河北町", "対象: 溝延、谷地中部", "災害: 洪水"):
        assert words in item.title
    assert [tag.term for tag in item.tags] == ["避難情報"]
    (shown,) = data["orders"]
    assert (shown["id"], shown["level"], shown["hazard"], shown["state"]) == (
        order,
        level,
        "洪水",
        "in_force",
    )
    assert shown["districts"] == ["溝延", "谷地中部"]
    assert shown["reasons"]["en"] == "The river is rising."
    assert shown["issued_at"] == said["sent"] == said["onset"]
    assert shown["cap"].endswith(f"/{said['identifier']}.xml")


async def test_an_order_narrowed_and_lifted_refers_to_what_it_replaces_and_stays_two_days(hall: Hall) -> None:
    order = await hall.issue()
    (issued,), _, _ = await hall.read()
    await hall.narrow(order, "溝延")
    (narrowed,), _, _ = await hall.read()
    before, said = told(issued), told(narrowed)
    assert said["msgType"] == "Update"
    assert said["references"] == f"{before['sender']},{before['identifier']},{before['sent']}"
    assert said["areaDesc"] == "河北町 溝延"
    assert said["severity"] == "Severe"
    assert "解除した地区: 谷地中部" in said["description"]
    assert said["instruction"] == before["instruction"]
    await hall.lift(order)
    (lifted,), (item,), data = await hall.read()
    over = told(lifted)
    assert (over["msgType"], over["responseType"], over["urgency"]) == ("Update", "AllClear", "Past")
    assert len(over["references"].split()) == 2
    assert over["areaDesc"] == "河北町 溝延"
    assert "解除" in item.title
    assert data["orders"][0]["state"] == "lifted"
    assert data["orders"][0]["ended_at"] == over["sent"]
    earlier = await hall.get(f"cap/{before['identifier']}.xml")
    assert told(cap_schema.alert(earlier)) == before
    hall.clock.advance(hours=47)
    assert len((await hall.read())[0]) == 1
    hall.clock.advance(hours=2)
    assert await hall.read() == ([], [], {**data, "orders": [], "updated": "2026-11-26T00:00:00+09:00"})
    async with hall.client.get(f"/feeds/cap/{before['identifier']}.xml") as answer:
        assert answer.status == 404


async def test_a_higher_order_takes_the_place_of_the_lower_ones_messages(hall: Hall) -> None:
    lower = await hall.issue(replace(FLOOD, level=3))
    (low,), _, _ = await hall.read()
    higher = await hall.issue(FLOOD)
    (high,), _, data = await hall.read()
    said, before = told(high), told(low)
    assert (said["msgType"], said["severity"]) == ("Update", "Severe")
    assert said["references"].split() == [f"{before['sender']},{before['identifier']},{before['sent']}"]
    states = {
        each["id"]: (each["state"], each["superseded_by"], each["cap"] is None) for each in data["orders"]
    }
    assert states == {higher: ("in_force", None, False), lower: ("superseded", higher, True)}
    cap_schema.alert(await hall.get(f"cap/{before['identifier']}.xml"))


async def test_a_lower_order_goes_on_where_the_higher_one_does_not_hold(hall: Hall) -> None:
    lower = await hall.issue(replace(FLOOD, level=3))
    higher = await hall.issue(replace(FLOOD, districts=["溝延"]))
    alerts, _, data = await hall.read()
    by_level = {parameters(alert)["警戒レベル"]: told(alert) for alert in alerts}
    assert by_level["3"]["areaDesc"] == "河北町 谷地中部"
    assert "対象: 谷地中部\n" in by_level["3"]["description"]
    assert "溝延" not in by_level["3"]["description"]
    assert (by_level["3"]["msgType"], by_level["4"]["msgType"]) == ("Update", "Alert")
    assert {each["id"]: each["districts"] for each in data["orders"]} == {
        lower: ["谷地中部"],
        higher: ["溝延"],
    }


async def test_an_order_in_force_is_renewed_before_its_last_message_expires(hall: Hall) -> None:
    await hall.issue()
    seen = []
    for _ in range(5):
        (alert,), _, _ = await hall.read()
        said = told(alert)
        assert said["expires"] > hall.clock.now().isoformat()
        seen.append(said)
        hall.clock.advance(hours=24)
    assert len({said["identifier"] for said in seen}) == 5
    assert seen[0]["msgType"] == "Alert"
    for before, after in pairwise(seen):
        assert before["identifier"] in after["references"]
        assert before["description"] == after["description"]
        assert len(after["references"].split()) <= KEPT / RENEWED


async def test_an_order_to_everyone_is_said_in_each_language_for_itself(hall: Hall) -> None:
    await hall.issue(replace(FLOOD, reach=Reach.EVERYONE))
    (alert,), _, _ = await hall.read()
    assert "Evacuation Instruction" not in told(alert)["description"]
    assert "Evacuation Instruction" in told(alert, "en")["headline"]


async def test_a_drill_to_residents_is_an_exercise_and_one_of_staff_is_nothing(hall: Hall) -> None:
    await hall.issue(replace(FLOOD, level=3, drill=True))
    await hall.issue(
        replace(FLOOD, hazard="土砂災害", drill=True, reach=Reach.STAFF, reasons={"ja": "内緒の訓練"})
    )
    (alert,), (item,), data = await hall.read()
    said = told(alert)
    assert said["status"] == "Exercise"
    for words in (said["headline"], said["description"], item.title):
        assert words.startswith("【訓練】")
    assert [tag.term for tag in item.tags] == ["避難情報", "訓練"]
    assert [each["drill"] for each in data["orders"]] == [True]
    assert "内緒" not in await hall.everything()


async def test_a_staff_drill_that_ends_a_drill_of_residents_ends_it_outside_too(hall: Hall) -> None:
    await hall.issue(replace(FLOOD, level=3, drill=True))
    await hall.issue(replace(FLOOD, level=4, drill=True, reach=Reach.STAFF))
    (alert,), _, _ = await hall.read()
    assert told(alert)["responseType"] == "AllClear"
    assert "解除" in told(alert)["description"]


async def test_a_draft_of_an_order_is_not_published_before_its_approval(hall: Hall) -> None:
    made = await hall.orders.issue(FLOOD, "clerk")
    assert (await hall.read())[0] == []
    await hall.orders.cancel(made.order.id, "clerk")
    assert (await hall.read())[0] == []


async def test_shelters_that_staff_spoke_of_stand_beside_the_order_if_they_are_fit(hall: Hall) -> None:
    await hall.issue()
    usable = fit(TOWN.shelters, ["洪水"])
    unfit = next(shelter for shelter in TOWN.shelters if shelter not in usable)
    for shelter, state in (
        (usable[0], ShelterState.OPEN),
        (usable[1], ShelterState.FULL),
        (unfit, ShelterState.OPEN),
    ):
        await hall.store.shelters.set({shelter.id: shelter.name}, state, "clerk")
    _, _, data = await hall.read()
    shown = {each["name"]: each["state_name"] for each in data["orders"][0]["shelters"]}
    assert shown == {usable[0].name: "開設", usable[1].name: "満員"}


async def test_an_urgent_broadcast_to_all_or_topics_is_published_as_it_was_sent(hall: Hall) -> None:
    await hall.tell("断水します。\n給水車が役場に来ます。", priority=Priority.URGENT)
    await hall.tell(
        "熊が出ました。外に出ないでください。", "topic = disaster or topic = bus", priority=Priority.EMERGENCY
    )
    alerts, items, data = await hall.read()
    assert [item.title for item in items] == ["熊が出ました。外に出ないでください。", "断水します。"]
    bear, water = map(told, alerts)
    assert water["description"] == "断水します。\n給水車が役場に来ます。"
    assert (bear["urgency"], water["urgency"]) == ("Immediate", "Expected")
    assert bear["areaDesc"] == "河北町"
    assert [each["priority"] for each in data["broadcasts"]] == ["emergency", "urgent"]
    assert "職員用の題名" not in await hall.everything()
    hall.clock.advance(days=7)
    assert (await hall.read())[0] == []


@pytest.mark.parametrize(
    ("segment", "priority", "publish", "published"),
    [
        ("all", Priority.NORMAL, None, False),
        ("all", Priority.NORMAL, True, True),
        ("all", Priority.URGENT, False, False),
        ("district = 溝延", Priority.EMERGENCY, None, False),
        ("district = 溝延", Priority.NORMAL, True, True),
        ("topic in (disaster, tax)", Priority.URGENT, None, True),
        ("topic = disaster and district = 溝延", Priority.URGENT, None, False),
        ("not topic = tax", Priority.URGENT, None, False),
        ("topic = childcare and child.age_years >= 3", Priority.EMERGENCY, None, False),
        ("tax = 固定資産税", Priority.URGENT, None, False),
    ],
)
async def test_which_broadcasts_are_public(
    hall: Hall,
    segment: str,
    priority: Priority,
    publish: bool | None,  # noqa: FBT001  pytest passes it by name
    published: bool,  # noqa: FBT001  likewise
) -> None:
    number = await hall.tell("お知らせです。", segment, priority=priority, publish=publish)
    assert (await hall.store.broadcasts.find(number)).published is published
    assert len((await hall.read())[0]) == published


@pytest.mark.parametrize(
    "segment", ["child.age_years >= 3", "not tax = 固定資産税", "topic = tax and tax = 固定資産税"]
)
async def test_what_is_for_certain_people_cannot_be_published(hall: Hall, segment: str) -> None:
    with pytest.raises(InvalidInputError, match="個人の登録内容"):
        await hall.tell("お知らせです。", segment, publish=True)
    personal = {"template": "child_stages", "variables": TEMPLATES.sample("child_stages"), "text": None}
    with pytest.raises(InvalidInputError, match="受け取る人に合わせて"):
        await hall.composer.create(Draft("題", "all", **personal, publish=True), "clerk")
    assert await hall.store.broadcasts.newest(9) == []


async def test_what_the_program_writes_by_itself_is_not_published(hall: Hall) -> None:
    """As the clock of the notices, the news reader and the reader of JMA's telegrams store theirs."""
    now = hall.clock.now_ms()
    for author in ("notice:tax-due", "news:water", "jma"):
        ready = {"approver": "town folder", "scheduled_ms": now, "priority": Priority.EMERGENCY}
        draft = Broadcast("題", "all", author, **ready)
        number = await hall.store.broadcasts.create(draft, {"ja": [{"type": "text", "text": "大雨警報"}]})
        await hall.store.broadcasts.change(number, Event.APPROVE, "town folder", approver="town folder")
    await conduct(hall.conductor)
    assert (await hall.read())[0] == []


async def test_a_broadcast_is_not_published_before_it_goes_out_and_cancelled_if_it_is_taken_back(
    hall: Hall,
) -> None:
    later = hall.clock.now() + timedelta(hours=1)
    draft = Draft("題", "all", "断水します。", at=later, priority=Priority.URGENT)
    number = await hall.composer.create(draft, "clerk")
    await hall.composer.approve(number, "chief")
    await conduct(hall.conductor)
    assert (await hall.read())[0] == []
    await hall.store.residents.save_all([])
    hall.clock.set("2026-11-24T10:00:00")
    found = await hall.store.broadcasts.find(number)
    await hall.store.broadcasts.change(number, Event.START, "machi", started_ms=found.scheduled_ms)
    (alert,), _, _ = await hall.read()
    hall.clock.advance(minutes=5)
    await hall.composer.cancel(number, "clerk")
    (cancel,), (item,), data = await hall.read()
    said, before = told(cancel), told(alert)
    assert said["msgType"] == "Cancel"
    assert said["references"] == f"{before['sender']},{before['identifier']},{before['sent']}"
    assert item.title == "【取り消し】断水します。"
    assert [each["cancelled"] for each in data["broadcasts"]] == [True]
    assert told(cap_schema.alert(await hall.get(f"cap/{before['identifier']}.xml"))) == before
    hall.clock.advance(hours=49)
    assert (await hall.read())[0] == []


async def test_a_broadcast_that_is_a_drill_is_marked(hall: Hall) -> None:
    await hall.tell("断水します。", drill=True)
    (alert,), (item,), _ = await hall.read()
    assert (told(alert)["status"], item.title) == ("Exercise", "【訓練】断水します。")


async def test_no_name_of_residents_or_staff_gets_out(hall: Hall) -> None:
    order = await hall.issue()
    await hall.tell("断水します。")
    await hall.lift(order)
    text = await hall.everything()
    for secret in ("clerk", "chief", user(1), user(2), "職員用"):
        assert secret not in text


@pytest.mark.parametrize("path", ["cap.xml", "alerts.rss", "alerts.json"])
async def test_who_has_it_is_not_given_it_again(hall: Hall, path: str) -> None:
    await hall.tell("断水します。")
    get = hall.client.get
    async with get(f"/feeds/{path}") as answer:
        headers = answer.headers
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert headers["Cache-Control"] == "public, max-age=30"
    for asked in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
        async with get(f"/feeds/{path}", headers=asked) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    await hall.tell("また出ます。")
    hall.clock.advance(seconds=FRESH_SECONDS)
    for asked in ({"If-None-Match": headers["ETag"]}, {"If-Modified-Since": headers["Last-Modified"]}):
        async with get(f"/feeds/{path}", headers=asked) as answer:
            assert answer.status == 200
            assert answer.headers["ETag"] != headers["ETag"]


async def test_the_types_are_those_of_the_formats(hall: Hall) -> None:
    await hall.tell("断水します。")
    (entry,) = cap_schema.atom(await hall.get("cap.xml"))
    for path, kind in {
        "cap.xml": "application/atom+xml; charset=utf-8",
        "alerts.rss": "application/rss+xml; charset=utf-8",
        "alerts.json": "application/json; charset=utf-8",
        path_of(entry): "application/cap+xml",
    }.items():
        async with hall.client.get(f"/feeds/{path}") as answer:
            assert answer.headers["Content-Type"] == kind


async def test_a_thousand_requests_ask_the_database_once(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    since = type(hall.store.published).since

    async def counted(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return await since(*arguments)

    monkeypatch.setattr(type(hall.store.published), "since", counted)
    for _ in range(1000):
        async with hall.client.get("/feeds/alerts.json") as answer:
            assert answer.status == 200
    assert asked == 1
