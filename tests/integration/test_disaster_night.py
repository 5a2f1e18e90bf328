"""A whole night: JMA's warnings rise, the town orders, one telegram was wrong, machines die, the feed is silent.

Everything real but JMA and LINE: the processes, the CLI as clerks type it, the clock forty times as fast. In the end
each resident's phone is read from top to bottom.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.clock import TOKYO
from simulator import Fault, RequestInfo, Simulator
from tests.integration.delivering import eventually, first_looks
from tests.integration.running import Running, town_folder, user
from tests.jma_telegrams import Jma, cancelled, earthquake, rain, warnings

DUSK = datetime(2026, 7, 29, 6, 10, tzinfo=TOKYO)
"""Within the quiet hours, which end at seven: what can wait does."""
SPEED = 40
CROWD = range(1000, 2200)
"""Enough in one district that an order to them takes several requests."""
FARMER, GRANNY, STUDENT, DENTIST, STRANGER, SILENT, BLOCKER, NEWCOMER, MOVER, QUITTER, FORGETFUL = (
    user(n) for n in range(1, 12)
)
CLERK, CHIEF, MAYOR = (user(n) for n in range(0xA0, 0xA3))
PEOPLE: dict[str, dict[str, Any]] = {
    FARMER: {"district": "溝延", "topics": ["disaster"]},
    GRANNY: {"language": "ja-easy", "district": "谷地中部", "topics": ["disaster"]},
    STUDENT: {"language": "en", "district": "溝延", "topics": ["bus"]},
    DENTIST: {"language": "ko", "district": "西里", "topics": ["disaster"]},
    STRANGER: {"topics": ["tax"]},
    SILENT: {"district": "溝延", "topics": ["disaster"], "state": "stopped"},
    BLOCKER: {"district": "溝延", "topics": ["disaster"]},
    MOVER: {"language": "ko", "district": "谷地中部"},
    QUITTER: {"district": "谷地南部", "topics": ["disaster"]},
    FORGETFUL: {"district": "北谷地", "topics": ["disaster"]},
    CHIEF: {"district": "溝延", "topics": ["disaster"]},
}
ORDER = (
    "【河北町の避難情報】緊急のお知らせ",
    "危険な場所にいる方は、全員避難してください。",
    "【河北町の避難情報】緊急のお知らせ",
)
"""An order is three messages of one request: what is ordered, what to do, and a card."""
JAPANESE = {
    "three": ("【気象庁の情報】レベル３大雨警報",),
    "four": ("【気象庁の情報】レベル４大雨危険警報",),
    "order": ORDER,
    "slide": ("【気象庁の情報】レベル３土砂災害警報",),
    "wrong": ("【気象庁の情報の取り消し】",),
    "narrow": ("【河北町の避難情報】対象地区の縮小",),
    "shaken": ("【気象庁の情報】震度5弱",),
    "lifted": ("【河北町の避難情報】解除",),
    "over": ("【気象庁の情報】レベル４大雨危険警報 解除",),
}
ALL = (*tuple(JAPANESE)[:8], "over")
HEARD = {
    FARMER: ALL,
    GRANNY: tuple(
        each for each in ALL if each != "lifted"
    ),  # the narrowing told her that it had ended for her
    STUDENT: ("four", "order", "narrow", "shaken", "lifted", "over"),
    DENTIST: ("three", "four", "slide", "wrong", "shaken", "over"),
    STRANGER: ("four", "order", "narrow", "shaken", "lifted", "over"),
    SILENT: (),
    BLOCKER: ("three",),
    NEWCOMER: ("shaken",),
    MOVER: ("four", "order", "narrow", "shaken", "lifted", "over"),
    QUITTER: ("three", "four"),
    FORGETFUL: ("three", "four", "slide", "wrong", "shaken", "over"),
    CHIEF: ALL,
    MAYOR: (),
    CLERK: (),
    **{user(n): ALL for n in CROWD},
}

NOTE = "【職員への連絡】"
NOTES = {"から読めません": 2, "また読めるようになりました": 2, "1人で避難情報を承認": 1}
"""What notes to staff say, and how often: of each feed that it is silent and that it is back, and who was alone."""


def lines(*what: str) -> int:
    return sum(len(JAPANESE[each]) for each in what)


class Nights(Running):
    """A process whose clock runs fast, in step with that of its neighbours."""

    def __init__(self, began: float, *arguments: Any, **environment: str) -> None:
        super().__init__(*arguments, **environment)
        self._since = began

    @property
    def environment(self) -> dict[str, str]:
        """See `Running.environment`."""
        clock = {"MACHI_CLOCK": at(self._since).isoformat(), "MACHI_CLOCK_SPEED": str(SPEED)}
        return {**super().environment, **clock}


def at(began: float) -> datetime:
    return DUSK + timedelta(seconds=(time.monotonic() - began) * SPEED)


class Machines:
    """`machi serve` on SQLite, `machi web` and `machi worker` on PostgreSQL: killed and started together."""

    def __init__(self, processes: Sequence[Running], jma: Jma) -> None:
        self.processes = processes
        self.cli = processes[0]
        self.line = processes[0].line
        self.jma = jma

    async def start(self) -> None:
        for each in self.processes:
            await each.start()

    async def again(self) -> None:
        """After `strike`."""
        for each in self.processes:
            await each.kill()
        await self.start()

    def strike(self) -> None:
        for each in self.processes:
            each.strike()

    def told(self, who: str) -> list[str]:
        """The first line of each message sent to somebody, and neither in reply nor as one of the staff."""
        return [text.splitlines()[0] for text in self._sent(who) if not text.startswith(NOTE)]

    def notes(self, who: str) -> list[str]:
        """The notes that somebody got as one of the staff."""
        return [text for text in self._sent(who) if text.startswith(NOTE)]

    def _sent(self, who: str) -> list[str]:
        entries = [e for e in self.line.heard(who) if e.via in ("multicast", "push", "broadcast")]
        return [entry.message.get("text") or entry.message["altText"] for entry in entries]

    async def until(self, who: str, last: str) -> None:
        """Wait until somebody has got everything up to this."""
        what = HEARD[who]
        count = lines(*what[: what.index(last) + 1])

        async def look() -> bool:
            return len(self.told(who)) >= count

        try:
            await eventually(look, 60)
        except TimeoutError:
            raise AssertionError((who, last, self.told(who), self.cli.log[-3000:])) from None

    async def asks(self, who: str, text: str) -> str:
        before = len(self.line.heard(who))
        await self.line.say(who, text)

        def replied() -> bool:
            return any(entry.via == "reply" for entry in self.line.heard(who)[before:])

        await self.line.until(replied, timeout=20)
        return "\n".join(entry.text for entry in self.line.heard(who)[before:] if entry.via == "reply")


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = town_folder(tmp_path)
    with (folder / "town.toml").open("a", encoding="utf-8") as file:
        for name, who in (("clerk", CLERK), ("chief", CHIEF), ("mayor", MAYOR)):
            file.write(f'\n[[staff]]\nname = "{name}"\nuser_id = "{who}"\n')
    return folder


@asynccontextmanager
async def machines(line: Simulator, url: str, town: Path) -> AsyncIterator[Machines]:
    began = time.monotonic()
    roles = ("serve",) if url.startswith("sqlite") else ("web", "worker")
    async with Jma(lambda: at(began)) as jma:
        environment = {"MACHI_TOWN": str(town), "MACHI_JMA_BASE": jma.base, "MACHI_JMA_POLL": "0.2"}
        processes = [Nights(began, line, url, role, **environment) for role in roles]
        try:
            yield Machines(processes, jma)
        finally:
            for each in processes:
                await each.stop()


async def test_every_phone_shows_what_is_its_own_once_and_in_order(
    line: Simulator, database_url: str, town: Path
) -> None:
    for who in HEARD:
        line.add_user(who, following=who != NEWCOMER)
    async with machines(line, database_url, town) as night:
        people = {**PEOPLE, **{user(n): PEOPLE[FARMER] for n in CROWD}}
        await night.cli.residents(*({"user_id": who, **facts} for who, facts in people.items()))
        await night.start()
        await first_looks(night.cli)
        await _rises(night)
        await _orders(night)
        await _is_taken_back(night)
        await _narrows(night)
        await _is_silent(night)
        await _ends(night)
        await asyncio.sleep(2)  # time for what must not come
        for who, what in HEARD.items():
            told = night.told(who)
            assert len(told) == lines(*what), (who, told)
            if PEOPLE.get(who, {}).get("language", "ja") == "ja":
                assert told == [line for each in what for line in JAPANESE[each]], who
        for who in (CLERK, CHIEF, MAYOR):
            notes = night.notes(who)
            counts = {part: sum(part in note for note in notes) for part in NOTES}
            assert counts == {**NOTES, "1人で避難情報を承認": int(who != CLERK)}, (who, notes)
            assert len(notes) == sum(counts.values()), notes
        _speaks_their_language(night)
        status = await night.cli.json("jma", "status")
        assert [each["name"] for each in status["in_force"]] == ["震度5弱"]
        assert (await night.cli.json("order", "list", "--active"))["orders"] == []
    keys = [r.retry_key for r in line.requests if r.accepted and r.endpoint == "multicast"]
    assert len(keys) == len(set(keys))


async def _rises(night: Machines) -> None:
    night.jma.add("VPWW55", rain(night.jma.now(), 3))
    await night.until(FARMER, "three")
    await night.until(BLOCKER, "three")
    await night.line.unfollow(BLOCKER)
    night.jma.add("VPWW55", rain(night.jma.now(), 4))
    for who in (FARMER, QUITTER):
        await night.until(who, "four")
    await night.asks(QUITTER, "配信停止")


async def _orders(night: Machines) -> None:
    """The first machine dies when LINE has taken two of the requests and answered none."""
    sent: list[RequestInfo] = []

    def stuck(request: RequestInfo) -> Fault | None:
        if request.endpoint != "multicast":
            return None
        sent.append(request)
        if len(sent) == 2:
            night.strike()
        return Fault(delay=30, accept=True) if len(sent) <= 2 else None

    issue = (
        "order",
        "issue",
        "--level",
        "4",
        "--hazard",
        "洪水",
        "--district",
        "溝延",
        "--district",
        "谷地中部",
    )
    made = await night.cli.json(*issue, "--as", "clerk")
    assert made["state"] == "draft"
    night.line.faults.plan = stuck
    await night.cli.machi("order", "approve", str(made["id"]), "--as", "chief")
    await night.line.until(lambda: len(sent) >= 2, timeout=30)
    night.line.faults.plan = lambda _: None
    await night.again()
    assert (await night.cli.ended(str(made["broadcast"])))["state"] == "done"


async def _is_taken_back(night: Machines) -> None:
    """Who registers between the wrong telegram and its end did not get the first, and does not get the second."""
    at_landslides = ("09", "レベル３土砂災害警報", "発表")
    night.jma.add("VPWW56", warnings("VPWW56", night.jma.now(), at_landslides))
    for who in (FARMER, GRANNY, DENTIST, FORGETFUL, user(CROWD[-1])):
        await night.until(who, "slide")
    await night.line.follow(NEWCOMER)
    await night.asks(NEWCOMER, "防災")
    assert "西里" in await night.asks(NEWCOMER, "西里")
    await night.cli.residents(
        {"user_id": FORGETFUL, "district": "北谷地", "topics": ["bus"]},
        {"user_id": MOVER, "district": "西里"},
    )
    struck = _strike_when_fetched(night)
    night.jma.add("VPWW56", cancelled("VPWW56", night.jma.now()))
    await eventually(struck, 30)
    await night.again()
    for who in (FARMER, DENTIST, FORGETFUL, user(CROWD[-1])):
        await night.until(who, "wrong")


def _strike_when_fetched(night: Machines) -> Callable[[], Any]:
    fetched: list[str] = []

    def strike(path: str) -> None:
        if not fetched:
            night.strike()
        fetched.append(path)

    async def struck() -> bool:
        return bool(fetched)

    night.jma.on_fetched = strike
    return struck


async def _narrows(night: Machines) -> None:
    made = await night.cli.json("order", "narrow", "1", "--district", "溝延", "--as", "clerk")
    await night.cli.machi("order", "approve", "1", "--as", "chief")
    assert (await night.cli.ended(str(made["broadcast"])))["state"] == "done"


async def _is_silent(night: Machines) -> None:
    """An earthquake while nothing can be had of JMA; when the feeds are back, only the long one still has it."""
    began = night.jma.now()
    night.jma.broken |= {"extra", "extra_l", "eqvol", "eqvol_l"}
    await _passed(night, began + timedelta(minutes=2))
    shaken = earthquake("20260729064000", night.jma.now(), "<MaxInt>5-</MaxInt>")
    night.jma.add("VXSE53", shaken, sender="010000")
    await _passed(night, began + timedelta(minutes=14))
    async with aiohttp.ClientSession(night.cli.address) as session, session.get("/readyz") as answer:
        assert (await answer.json())["jma"].startswith("stale: last read ")
    night.jma.broken.clear()
    for who in (FARMER, STRANGER, NEWCOMER):
        await night.until(who, "shaken")


async def _ends(night: Machines) -> None:
    """The clerk is alone with the lifting; what JMA lifts is news for the morning."""
    made = await night.cli.json("order", "lift", "1", "--as", "clerk")
    await night.cli.machi(
        "order", "approve", "1", "--as", "clerk", "--alone", "洪水の避難指示の解除を1人で承認します"
    )
    assert (await night.cli.ended(str(made["broadcast"])))["state"] == "done"

    async def noted() -> bool:
        return any("1人で" in note for note in night.notes(MAYOR))

    await eventually(noted, 60)
    night.jma.add("VPWW55", rain(night.jma.now(), 0))
    for who, what in HEARD.items():
        if what:
            await night.until(who, what[-1])
    assert night.jma.now() >= DUSK.replace(hour=7, minute=0)


async def _passed(night: Machines, moment: datetime) -> None:
    async def look() -> bool:
        return night.jma.now() >= moment

    await eventually(look, 60)


def _speaks_their_language(night: Machines) -> None:
    """Where there is no template of a language, as for JMA in Korean, Japanese is better than nothing."""
    for who, marks in {
        GRANNY: ["【気象庁(きしょうちょう)の お知らせ】"] * 2,
        STUDENT: [
            "[Information of the Japan Meteorological Agency]",
            "[Kahoku Town evacuation order] Urgent",
        ],
        MOVER: [*JAPANESE["four"], "[河北町 피난 정보] 긴급 알림"],
        DENTIST: [*JAPANESE["three"], *JAPANESE["four"]],
    }.items():
        assert night.told(who)[: len(marks)] == marks, (who, night.told(who))
