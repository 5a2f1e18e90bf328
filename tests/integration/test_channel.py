from __future__ import annotations

import pytest

from bot.domain.errors import ConfigurationError, RefusedError
from bot.line.control import channel
from simulator import Fault
from tests.integration.running import TOKEN, line_simulator


async def test_the_sdk_tells_what_line_knows_about_the_channel() -> None:
    async with line_simulator(monthly_quota=5000) as line:
        line.webhook_url = "https://machi.example/line/webhook"
        found = await channel(line.base_url + "/", TOKEN)
    assert (found.webhook, found.webhook_active) == ("https://machi.example/line/webhook", True)
    assert (found.quota, found.used) == (5000, 0)
    assert found.name


async def test_a_channel_without_a_webhook_or_a_limit() -> None:
    async with line_simulator() as line:
        found = await channel(line.base_url, TOKEN)
    assert (found.webhook, found.webhook_active, found.quota) == (None, False, None)


async def test_a_wrong_token_a_line_in_trouble_and_no_line_at_all() -> None:
    async with line_simulator() as line:
        with pytest.raises(ConfigurationError, match="LINE_CHANNEL_ACCESS_TOKEN"):
            await channel(line.base_url, "another")
        line.faults.plan = lambda _request: Fault(status=500)
        with pytest.raises(RefusedError, match="500"):
            await channel(line.base_url, TOKEN)
        base = line.base_url
    with pytest.raises(RefusedError, match="つながりません"):
        await channel(base, TOKEN)
