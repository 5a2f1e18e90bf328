"""Messages that name what a resident has registered: each gets their own words, in few requests."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from bot.broadcasts.compose import Composer, Draft
from bot.domain.broadcasts import BatchState, Priority, State
from bot.domain.clock import TOKYO
from bot.domain.residents import Fact, Resident
from bot.rendering import Templates
from bot.store.residents import newest_id
from simulator import Simulator
from tests.integration.delivering import Desk
from tests.integration.running import Running, town_folder, user
from tests.integration.upheaval import skip_ids
from tests.integration.writing import clerk, let_go, written
from tests.unit.town_folders import write_templates

OUTAGE = {
    "outage/ja.txt.j2": "{{ resident.district or '町内' }}は{{ at }}から断水します。"
    "{% for child in resident.children %}{{ child.age_months }}か月のお子さんの水を用意してください。{% endfor %}",
    "outage/en.txt.j2": "No water in {{ resident.district or 'town' }} from {{ at }}.",
    "outage/sample.toml": 'at = "10:00"',
}
LONELY, CROWDED = "一軒家", "谷地"
RESIDENTS = 3_000


@pytest.fixture
def composer(desk: Desk, tmp_path: Path) -> Composer:
    write_templates(tmp_path, OUTAGE)
    return clerk(desk, Templates([tmp_path / "templates"], {}))


def drafted(priority: Priority = Priority.NORMAL, at: datetime | None = None) -> Draft:
    return Draft("断水", "all", template="outage", variables={"at": "10:00"}, priority=priority, at=at)


def words(person: Resident) -> str:
    district = "".join(person.values(Fact.DISTRICT))
    if person.language == "en":
        return f"No water in {district or 'town'} from 10:00."
    return f"{district or '町内'}は10:00から断水します。"


def crowd() -> list[Resident]:
    """3,000 residents: two hear what nobody else does, 1,200 of two languages the same, the others 57 things."""
    people = [
        Resident(user(n), language, facts={Fact.DISTRICT: (LONELY,)})
        for n, language in enumerate(("ja", "en"))
    ]
    people += [
        Resident(user(n), "vi" if n % 2 else "ja", facts={Fact.DISTRICT: (CROWDED,)}) for n in range(2, 1_202)
    ]
    for n in range(1_202, RESIDENTS):
        kind = n % 57
        where = {} if kind == 0 else {Fact.DISTRICT: (f"第{kind // 2 + 1}区",)}
        people.append(Resident(user(n), "en" if kind % 2 else "ja", facts=where))
    random.Random(3).shuffle(people)
    return people


async def move_in(desk: Desk, people: list[Resident], portions: int) -> None:
    """Register people in portions, so far apart that an audience takes several pages."""
    size = -(-len(people) // portions)
    for start in range(0, len(people), size):
        some = people[start : start + size]
        await desk.store.residents.save_all([(each.user_id, lambda _, each=each: each) for each in some])
        if portions > 1:
            await skip_ids(desk.store)
    for person in people:
        desk.line.add_user(person.user_id)


def heard_by(desk: Desk) -> dict[str, list[str]]:
    heard: dict[str, list[str]] = {}
    for entry in desk.line.chats.entries:
        heard.setdefault(entry.user_id, []).append(entry.text)
    return heard


@pytest.mark.parametrize("portions", [1, 5])
async def test_everybody_gets_their_own_words_in_no_more_requests_than_renderings_need(
    desk: Desk, composer: Composer, portions: int
) -> None:
    people = crowd()
    groups = Counter(words(person) for person in people)
    assert (len(groups), max(groups.values()), min(groups.values())) == (60, 1_200, 1)
    await move_in(desk, people, portions)
    assert portions == 1 or await newest_id(desk.store.database) > 40_000  # pages grow from 10,000 ids on
    await desk.start()
    number = await let_go(desk, composer, drafted())
    await desk.until(RESIDENTS)
    assert heard_by(desk) == {person.user_id: [words(person)] for person in people}
    pushed = {request.json["to"] for request in desk.sent() if request.endpoint == "push"}
    assert pushed == {user(0), user(1)}, "a group of one goes by push"
    assert len(desk.sent()) == sum(-(-size // 500) for size in groups.values()) <= RESIDENTS / 500 + 60
    report = await desk.store.reports.of(number)
    assert (report.counts, report.requests) == ({BatchState.ACCEPTED: RESIDENTS}, len(desk.sent()))


async def test_what_is_urgent_begins_before_all_are_gathered_and_takes_few_requests_more(
    desk: Desk, composer: Composer
) -> None:
    people = crowd()
    await move_in(desk, people, 5)
    await desk.start()
    await let_go(desk, composer, drafted(Priority.EMERGENCY))
    await desk.until(RESIDENTS)
    assert heard_by(desk) == {person.user_id: [words(person)] for person in people}
    assert len(desk.sent()) <= RESIDENTS / 500 + 2 * 60, "the first page goes at once, full or not"


async def test_the_words_are_those_approved_and_the_facts_those_of_the_day_it_goes_out(
    desk: Desk, composer: Composer, tmp_path: Path
) -> None:
    facts = {Fact.DISTRICT: ("谷地",), Fact.BIRTH_MONTH: ("2026-03", "2027-02")}
    await move_in(desk, [Resident(user(0), facts=facts), Resident(user(1))], 1)
    number = await written(composer, drafted(at=datetime(2026, 12, 1, 9, tzinfo=TOKYO)))
    (preview,) = (await composer.messages(number, user(0)))["ja"]
    assert preview["text"] == "谷地は10:00から断水します。8か月のお子さんの水を用意してください。"
    moved = Resident(user(0), facts={**facts, Fact.DISTRICT: ("西里",)})
    await desk.store.residents.save_all([(user(0), lambda _: moved)])
    write_templates(tmp_path, {"outage/ja.txt.j2": "{{ resident.district }}{{ at }}別の文です。"})
    desk.clock.advance(days=7)
    await desk.start()
    await desk.until(2)
    assert heard_by(desk) == {
        user(0): ["西里は10:00から断水します。9か月のお子さんの水を用意してください。"],
        user(1): ["町内は10:00から断水します。"],
    }


async def test_a_template_that_cannot_be_rendered_for_somebody_goes_to_nobody(
    desk: Desk, tmp_path: Path
) -> None:
    source = "{% if resident.district == '西里' %}{{ at | date }}{% endif %}断水します。"
    write_templates(tmp_path, {**OUTAGE, "outage/ja.txt.j2": source})
    composer = clerk(desk, Templates([tmp_path / "templates"], {}, base=tmp_path))
    await move_in(
        desk, [Resident(user(n), facts={Fact.DISTRICT: ("西里",)} if n == 7 else {}) for n in range(9)], 1
    )
    await desk.start()
    number = await let_go(desk, composer, drafted())
    failed = await desk.store.broadcasts.find(number)
    assert failed.state is State.FAILED
    assert "outage/ja.txt.j2:1" in (failed.failure or "")
    assert await desk.store.outbox.backlog() == {}
    assert desk.sent() == []


async def test_who_leaves_a_pair_leaves_the_other_alone_and_a_push_tells_them(
    desk: Desk, composer: Composer
) -> None:
    pair = [Resident(user(n), facts={Fact.DISTRICT: (LONELY,)}) for n in range(2)]
    await move_in(desk, pair, 1)
    await let_go(desk, composer, drafted())
    await desk.store.residents.erase(user(0))
    await desk.start()
    await desk.until(1)
    assert [(request.endpoint, request.json["to"]) for request in desk.sent()] == [("push", user(1))]


async def test_the_clerk_sees_what_a_resident_would_get_and_that_is_what_they_get(
    line: Simulator, tmp_path: Path
) -> None:
    town = town_folder(tmp_path)
    write_templates(town, OUTAGE)
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}", MACHI_TOWN=str(town))
    await service.residents(
        {"user_id": user(0), "district": "西里", "children": ["2026-03"]},
        {"user_id": user(1), "language": "en"},
    )
    for n in range(2):
        line.add_user(user(n))
    write = ("broadcast", "new", "--title", "断水", "--template", "outage", "--set", "at=10:00")
    number = str((await service.json(*write, "--segment", "all"))["id"])
    seen = [await service.json("broadcast", "preview", number, "--resident", user(n)) for n in range(2)]
    assert "18か月のお子さん" in await service.machi("broadcast", "preview", number)
    assert "登録されていません" in await service.machi(
        "broadcast", "preview", number, "--resident", user(9), status=1
    )
    await service.machi("broadcast", "approve", number, "--as", "chief")
    async with service:
        await service.machi("broadcast", "send", number)
        await service.ended(number)
    heard = {entry.user_id: entry.message for entry in line.chats.entries}
    assert [heard[user(0)]] == seen[0]["messages"]["ja"]
    assert [heard[user(1)]] == seen[1]["messages"]["en"]
    assert heard[user(0)]["text"] == "西里は10:00から断水します。8か月のお子さんの水を用意してください。"
