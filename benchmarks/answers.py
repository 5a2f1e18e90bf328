"""A fifth of a town of 100,000 answers an order within a minute: where are shelters, I am safe, here I am.

Webhooks of one to three events, paced as they come; LINE's tokens for replies live a minute.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from benchmarks.city import settle
from benchmarks.processes import environment, machi, service
from benchmarks.programs import SECRET, BareLine
from bot.broadcasts.orders import OrderDesk, OrderDraft
from bot.settings import Settings
from bot.wiring import opened_desk

RESIDENTS, ANSWERS = 100_000, 20_000
SECONDS = 60.0
ROUNDS = 3
CONNECTIONS = 64
DISTRICTS = ("谷地中部", "谷地南部", "谷地西部", "西里", "溝延", "北谷地")
AT_LINES_LIMIT = "200"
_TOKEN = b'"replyToken":"'


class _Line(BareLine):
    """A LINE that notes when each token was used."""

    used: dict[str, list[float]] = {}  # noqa: RUF012  of all connections

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; a reply comes in one piece."""
        start = data.find(_TOKEN)
        if start >= 0:
            token = data[start + len(_TOKEN) :][:32].decode()
            _Line.used.setdefault(token, []).append(time.perf_counter())
        super().data_received(data)


class Round(NamedTuple):
    """Seconds to the 200 of each webhook, and to the reply to each event; how many 安否 were kept."""

    acknowledged: list[float]
    replied: list[float]
    unanswered: int
    doubled: int


def event(number: int, run: str, spots: random.Random) -> dict[str, Any]:
    """One resident's answer, each its own."""
    common = {
        "mode": "active",
        "timestamp": 1_790_000_000_000 + number,
        "source": {"type": "user", "userId": f"U{1 + number * 5:032x}"},
        "webhookEventId": f"{run}{number:020d}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"{run}{number:028d}",
    }
    if number % 3 == 0:
        place = {"latitude": 38.4 + spots.random() / 20, "longitude": 140.27 + spots.random() / 20}
        return {**common, "type": "message", "message": {"type": "location", "id": str(number), **place}}
    if number % 3 == 1:
        return {**common, "type": "postback", "postback": {"data": "safety-is safe"}}
    words = {"type": "text", "id": str(number), "text": "避難所", "quoteToken": "q" * 20}
    return {**common, "type": "message", "message": words}


def webhooks(run: str) -> Iterator[tuple[bytes, dict[str, str], list[str]]]:
    """Bodies, headers and the tokens in each."""
    chance = random.Random(20200728)
    number = 0
    while number < ANSWERS:
        size = min(chance.randint(1, 3), ANSWERS - number)
        events = [event(number + each, run, chance) for each in range(size)]
        number += size
        body = json.dumps({"destination": "U" + "0" * 32, "events": events}, ensure_ascii=False).encode()
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
        headers = {"X-Line-Signature": signature, "Content-Type": "application/json"}
        yield body, headers, [each["replyToken"] for each in events]


async def answered(port: int, run: str) -> Round:
    """Send all answers at their pace, and wait until each has its reply, at most a minute more."""
    _Line.used.clear()
    sent: dict[str, float] = {}
    acknowledged: list[float] = []
    url = f"http://127.0.0.1:{port}/line/webhook"
    ready = list(webhooks(run))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        start = time.perf_counter()

        async def one(due: float, body: bytes, headers: dict[str, str], tokens: list[str]) -> None:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.update(dict.fromkeys(tokens, due))
            async with session.post(url, data=body, headers=headers) as response:
                assert response.status == 200
            acknowledged.append(time.perf_counter() - due)

        pace = SECONDS / len(ready)
        await asyncio.gather(*(one(start + pace * n, *each) for n, each in enumerate(ready)))
        end = time.perf_counter() + 60
        while len(_Line.used) < ANSWERS and time.perf_counter() < end:  # noqa: ASYNC110  the service is another process
            await asyncio.sleep(0.1)
    replied = [_Line.used[token][0] - due for token, due in sent.items() if token in _Line.used]
    doubled = sum(len(times) - 1 for times in _Line.used.values())
    return Round(acknowledged, replied, ANSWERS - len(replied), doubled)


async def _order(env: dict[str, str]) -> None:
    async with opened_desk(Settings.from_environment(env)) as desk:
        orders = OrderDesk(desk.store, desk.town, desk.composer, desk.clock)
        made = await orders.issue(OrderDraft(4, "洪水", DISTRICTS), "bench")
        await desk.composer.approve(made.broadcast.id, "chief")


async def _measured(folder: Path, run: str) -> tuple[Round, Counter[str]]:
    server = await asyncio.get_running_loop().create_server(_Line, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    env = environment(folder, port, MACHI_MULTICASTS_PER_SECOND=AT_LINES_LIMIT)
    await asyncio.to_thread(machi, env, "db", "upgrade")
    await asyncio.to_thread(settle, env["MACHI_DATABASE_URL"], RESIDENTS, districts=True)
    with service(env) as (port, _):
        await _order(env)
        found = await answered(port, run)
        await asyncio.sleep(1)
    server.close()
    with closing(sqlite3.connect(folder / "bench.db")) as connection:
        states = Counter(dict(connection.execute("SELECT state, count(*) FROM inbox GROUP BY state")))
        states["safety"] = connection.execute("SELECT count(*) FROM safety").fetchone()[0]
    return found, states


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def main() -> None:
    rounds = []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            found, kept = asyncio.run(_measured(Path(name), f"R{number:03d}"))
        assert kept["done"] == ANSWERS, kept
        assert kept["safety"] >= ANSWERS // 3, kept
        rounds.append(found)
    middle = [statistics.median(map(p99, each)) for each in zip(*[r[:2] for r in rounds], strict=True)]
    print(
        f"{ANSWERS:,} of {RESIDENTS:,} residents answer an order within {SECONDS:.0f} s: every event kept; p99 to the "
        f"200 {middle[0] * 1000:.0f} ms, to the reply {middle[1] * 1000:.0f} ms (at most "
        f"{max(max(r.replied) for r in rounds):.1f} s); without a reply {sum(r.unanswered for r in rounds)}, "
        f"with two {sum(r.doubled for r in rounds)}"
    )


if __name__ == "__main__":
    main()
