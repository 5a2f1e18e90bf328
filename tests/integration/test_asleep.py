"""A machine that sleeps between claiming a batch and sending it."""

from __future__ import annotations

import pytest

from tests.integration.delivering import Desk
from tests.settling import claimed


@pytest.mark.parametrize(("hours", "requests"), [(22, 1), (23, 0), (25, 0)])
async def test_what_it_claimed_before_goes_out_only_while_line_remembers_the_key(
    desk: Desk, hours: int, requests: int
) -> None:
    await desk.residents(2)
    await desk.broadcast()
    (batch,) = await claimed(desk.store)
    sender = await desk.start()
    desk.clock.advance(hours=hours)
    await sender._send(batch, sender._contents_of([batch]))
    assert len([request for request in desk.sent() if request.retry_key == batch.retry_key]) == requests
