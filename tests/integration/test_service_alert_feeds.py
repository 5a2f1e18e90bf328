"""The feeds of a real service, fed by the commands that clerks type."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from simulator import Simulator
from tests import cap_schema
from tests.integration.delivering import eventually
from tests.integration.running import Running, line_simulator, user


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        simulator.add_user(user(1))
        yield simulator
        assert simulator.violations == []


async def test_what_clerks_order_and_publish_can_be_read_outside(line: Simulator, tmp_path: Path) -> None:
    async with Running(line, f"sqlite:///{tmp_path / 'machi.db'}") as service:
        await service.residents({"user_id": user(1), "topics": ["bus"], "district": "溝延"})
        await service.machi("order", "issue", "--level", "3", "--hazard", "洪水", "--district", "溝延")
        await service.machi("order", "approve", "1", "--as", "chief")
        new = ("broadcast", "new", "--title", "内部の題名", "--segment", "all", "--text")
        said = await service.machi(*new, "断水します。", "--priority", "urgent")
        assert "ほかのシステムにも公開します" in said
        for number, option in ((3, "--publish"), (4, "--no-publish")):
            made = await service.json(*new, f"お知らせ {option}", option)
            assert (made["id"], made["published"]) == (number, option == "--publish")
        for number in ("2", "3", "4"):
            await service.machi("broadcast", "approve", number, "--as", "chief")
            await service.machi("broadcast", "send", number)
        assert "公開" in await service.machi("broadcast", "show", "3")
        assert "公開" not in await service.machi("broadcast", "show", "4")
        refused = (
            "broadcast",
            "new",
            "--title",
            "税",
            "--text",
            "税",
            "--segment",
            "tax = 固定資産税",
            "--publish",
        )
        assert "--publish できません" in await service.machi(*refused, status=2)
        async with aiohttp.ClientSession(service.address) as http:

            async def entries() -> list[str] | None:
                async with http.get("/feeds/cap.xml") as answer:
                    found = cap_schema.atom(await answer.read())
                return [entry.links[0].href for entry in found] if len(found) == 3 else None

            links = await eventually(entries)
            bodies = []
            for link in links:
                async with http.get(link) as answer:  # without a public address it is relative
                    bodies.append(await answer.read())
                    cap_schema.alert(bodies[-1])
            whole = b"".join(bodies).decode()
            for words in (
                "高齢者等避難",
                "断水します。",
                "お知らせ --publish",
                "https://www.town.kahoku.yamagata.jp/</web>",
            ):
                assert words in whole
            for secret in ("内部の題名", "--no-publish", user(1), "clerk", "chief"):
                assert secret not in whole
