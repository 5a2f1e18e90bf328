"""What tests of delivery share: a LINE that notes every violation, and a desk that sends to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.store.store import Store
from simulator import Simulator
from tests.clock import HandClock
from tests.integration.delivering import Desk
from tests.integration.running import line_simulator


@pytest.fixture
async def line() -> AsyncIterator[Simulator]:
    async with line_simulator() as simulator:
        yield simulator
        assert simulator.violations == []


@pytest.fixture
async def desk(line: Simulator, store: Store, clock: HandClock) -> AsyncIterator[Desk]:
    async with Desk(line, store, clock) as desk:
        yield desk
