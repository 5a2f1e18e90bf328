"""An emergency to every friend of the account by LINE's broadcast endpoint: one request, known or not."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.broadcasts.compose import Composer, Draft
from bot.broadcasts.everyone import in_one
from bot.domain.broadcasts import BatchState, Endpoint, Priority, State
from bot.domain.errors import InvalidInputError
from bot.domain.residents import Resident, ResidentState
from bot.line.messages import text
from bot.rendering import Templates
from bot.town import templates_for
from simulator import Fault, RequestInfo, Simulator
from tests.integration.delivering import TOWN, Desk, conduct, eventually
from tests.integration.running import Running, user
from tests.integration.writing import clerk, let_go
from tests.unit.town_folders import write_templates

ORDER = {"level": "4", "areas": "溝延、西里", "hazard": "洪水"}
EVACUATE = Draft(
    "避難指示",
    "all",
    template="evacuation",
    variables=ORDER,
    priority=Priority.EMERGENCY,
    everyone=True,
)
STRANGERS = [user(n) for n in range(9_000, 9_005)]
"""Friends of the account whom the database does not know."""


async def people(desk: Desk) -> None:
    """60 residents, of whom the first reads English, the second has stopped and the third blocks the account."""
    await desk.residents(60)
    changed = [
        Resident(user(0), "en"),
        Resident(user(1), state=ResidentState.STOPPED),
        Resident(user(2), state=ResidentState.BLOCKED),
    ]
    await desk.store.residents.save_all([(each.user_id, lambda _, each=each: each) for each in changed])
    desk.line.add_user(user(2), following=False)
    for user_id in STRANGERS:
        desk.line.add_user(user_id)


FRIENDS = Counter([*(user(n) for n in range(60) if n != 2), *STRANGERS])
KNOWN = 58


async def test_one_request_tells_every_friend_in_all_languages(desk: Desk) -> None:
    await people(desk)
    await desk.start()
    composer = clerk(desk)
    number = await let_go(desk, composer, EVACUATE)
    await desk.until(KNOWN)
    assert desk.heard() == FRIENDS
    (request,) = desk.sent()
    assert (request.endpoint, request.status) == ("broadcast", 200)
    assert str(uuid.UUID(request.retry_key)) == request.retry_key
    assert request.json.keys() == {"messages"}, "LINE takes no name for statistics here"
    (message,) = request.json["messages"]
    renderings = templates_for(TOWN).render_all("evacuation", ORDER)
    places = [message["text"].find(renderings[language][0]["text"]) for language in ("ja", "ja-easy", "en")]
    assert -1 < places[0] < places[1] < places[2]
    assert [list(each) for each in (await composer.messages(number)).values()] == [[message]]


async def test_the_report_counts_whom_the_database_knows(desk: Desk) -> None:
    await people(desk)
    await desk.start()
    number = await let_go(desk, clerk(desk), EVACUATE)
    await desk.until(KNOWN)
    report = await desk.store.reports.of(number)
    assert (report.counts, report.requests) == ({BatchState.ACCEPTED: KNOWN}, 1)
    (batch,) = await desk.store.reports.batches(number)
    assert (batch.endpoint, batch.request_id) == (Endpoint.BROADCAST, desk.sent()[0].request_id)
    await conduct(desk.conductor)
    assert (await desk.store.broadcasts.find(number)).state is State.DONE


def first(fault: Fault, times: int = 1) -> Callable[[RequestInfo], Fault | None]:
    return lambda request: fault if request.endpoint == "broadcast" and request.attempt <= times else None


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        pytest.param(Fault(cut=True, accept=True), 409, id="cut after acceptance"),
        pytest.param(Fault(status=500, accept=True), 409, id="500 after acceptance"),
        pytest.param(Fault(cut=True), 200, id="cut before acceptance"),
        pytest.param(Fault(status=500), 200, id="500"),
        pytest.param(Fault(status=429, message="The API rate limit has been exceeded."), 200, id="429"),
    ],
)
async def test_whatever_happens_to_the_request_it_is_the_same_one_and_nobody_hears_it_twice(
    desk: Desk, fault: Fault, last: int
) -> None:
    desk.line.faults.plan = first(fault, 2)
    await people(desk)
    await desk.start()
    number = await let_go(desk, clerk(desk), EVACUATE)
    await desk.until(KNOWN)
    assert desk.heard() == FRIENDS
    assert len({(request.retry_key, request.body) for request in desk.sent()}) == 1
    assert [request.status for request in desk.sent()][2:] == [last]
    assert (await desk.store.reports.of(number)).counts == {BatchState.ACCEPTED: KNOWN}
    (accepted,) = [request.request_id for request in desk.sent() if request.accepted]
    assert [batch.request_id for batch in await desk.store.reports.batches(number)] == [accepted]


async def test_what_line_rejects_fails_as_a_whole_after_one_request(desk: Desk) -> None:
    desk.line.faults.plan = first(Fault(status=400, message="Failed to send messages"), 9)
    await people(desk)
    await desk.start()
    number = await let_go(desk, clerk(desk), EVACUATE)
    await desk.until(KNOWN)
    report = await desk.store.reports.of(number)
    assert (report.counts, report.requests) == ({BatchState.FAILED: KNOWN}, 1)
    assert [reason for _, reason, _ in report.reasons] == ["400 Failed to send messages"]
    assert desk.heard() == Counter()


async def test_a_failure_is_seen_also_where_nobody_is_registered(desk: Desk) -> None:
    desk.line.faults.plan = first(Fault(status=400, message="Failed to send messages"), 9)
    desk.line.add_user(STRANGERS[0])
    await desk.start()
    number = await let_go(desk, clerk(desk), EVACUATE)
    await desk.until(1)
    assert (await desk.store.reports.of(number)).counts == {BatchState.FAILED: 1}


async def test_what_line_never_answered_goes_out_again_when_staff_decide_so(desk: Desk) -> None:
    desk.line.faults.plan = lambda request: Fault(status=500) if request.endpoint == "broadcast" else None
    await people(desk)
    await desk.start()
    composer = clerk(desk)
    number = await let_go(desk, composer, EVACUATE)

    async def everybody_is(state: BatchState) -> bool:
        desk.wake()
        await conduct(desk.conductor)
        return (await desk.store.reports.of(number)).counts == {state: KNOWN}

    await desk.line.until(lambda: len(desk.sent()) >= 1)
    desk.clock.advance(hours=23)
    await eventually(lambda: everybody_is(BatchState.UNKNOWN))
    assert await composer.unknown_count(number) == KNOWN
    desk.line.faults.plan = lambda _request: None
    keys = {request.retry_key for request in desk.sent()}
    assert await composer.retry_unknown(number, "chief") == KNOWN
    await eventually(lambda: everybody_is(BatchState.ACCEPTED))
    assert desk.heard() == FRIENDS
    assert desk.sent()[-1].retry_key not in keys, "LINE forgets keys after a day"


@pytest.fixture
def composer(desk: Desk, tmp_path: Path) -> Composer:
    write_templates(
        tmp_path,
        {"mine/ja.txt.j2": "{{ resident.district }}の方へ", "mine/sample.toml": ""},
    )
    return clerk(desk, Templates([tmp_path / "templates"], {}))


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(Draft("x", "all", "y", everyone=True), id="normal"),
        pytest.param(Draft("x", "all", "y", everyone=True, priority=Priority.URGENT), id="urgent"),
        pytest.param(
            Draft("x", "district = 溝延", "y", everyone=True, priority=Priority.EMERGENCY), id="a district"
        ),
        pytest.param(
            Draft("x", "not topic = bus", "y", everyone=True, priority=Priority.EMERGENCY), id="all but some"
        ),
        pytest.param(
            Draft("x", "all", template="mine", everyone=True, priority=Priority.EMERGENCY), id="personal"
        ),
    ],
)
async def test_nothing_but_an_emergency_to_all_in_the_same_words_may_go_to_everyone(
    desk: Desk, composer: Composer, draft: Draft
) -> None:
    with pytest.raises(InvalidInputError, match="--everyone"):
        await composer.create(draft, "clerk")
    assert await desk.store.broadcasts.newest(10) == []


def test_languages_too_long_for_one_message_have_one_each_and_too_many_are_refused() -> None:
    long = "長" * 2_600
    ja, easy = in_one({"ja-easy": [text(long)], "ja": [text(long)]})
    assert (ja["text"], easy["text"].splitlines()[1:]) == (long, ["【やさしい日本語】", long])
    with pytest.raises(InvalidInputError, match="短く"):
        in_one({language: [text(long)] for language in ("ja", "ja-easy", "en", "zh", "ko", "vi")})


async def test_the_clerk_is_told_the_choice_and_what_it_costs_and_it_goes_out(
    line: Simulator, tmp_path: Path
) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    line.platform.monthly_quota = 2
    await service.residents(
        *({"user_id": user(n)} for n in range(3)), {"user_id": user(3), "state": "stopped"}
    )
    for n in range(5):
        line.add_user(user(n))
    say = ("broadcast", "new", "--title", "避難", "--text", "にげて")
    emergency = (*say, "--segment", "all", "--priority", "emergency")
    refused = await service.machi(*say, "--segment", "all", "--everyone", status=2)
    assert "--everyone は、対象が all で優先度が emergency" in refused
    choice = await service.machi(*emergency)
    assert "登録した 3 人に 1 回の送信で届きます" in choice
    assert "--everyone を付けて作り直してください" in choice
    chosen = await service.machi(*emergency, "--everyone")
    assert "今月の残り 2 通のうち 3 通を使います。足りない分の追加は約 3 円" in chosen
    assert "登録のない友だちも含む全員に1回の送信で" in chosen
    assert "配信停止にしている 1 人にも届きます" in chosen
    line.platform.monthly_quota = None
    async with service:
        number = "2"
        await service.machi("broadcast", "approve", number, "--as", "chief")
        await service.machi("broadcast", "send", number)
        report = await service.ended(number)
    assert (report["recipients"], report["accepted"], report["requests"]) == (3, 3, 1)
    assert Counter(entry.user_id for entry in line.chats.entries) == Counter(user(n) for n in range(5))


async def test_a_service_killed_after_line_accepted_it_does_not_repeat_it(
    line: Simulator, tmp_path: Path
) -> None:
    service = Running(line, f"sqlite:///{tmp_path / 'machi.db'}")
    await service.residents(*({"user_id": user(n)} for n in range(3)))
    for n in range(5):
        line.add_user(user(n))
    line.faults.plan = first(Fault(delay=60, accept=True))
    async with service:
        number = await service.broadcast("にげて", "all", "--priority", "emergency", "--everyone")
        await line.until(lambda: len(line.chats.entries) == 5, timeout=20)
        await service.kill()
        await service.start()
        report = await service.ended(number)
    assert (report["accepted"], report["requests"]) == (3, 2)
    assert Counter(entry.user_id for entry in line.chats.entries) == Counter(user(n) for n in range(5))
