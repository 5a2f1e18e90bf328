"""The pure rules of delivery: back-off, the circuit, and the words about a quota."""

from __future__ import annotations

import pytest

from bot.delivery.circuit import Circuit
from bot.delivery.retry import delay_seconds
from bot.domain.broadcasts import HORIZON_SECONDS
from bot.domain.quota import Quota, shortage


class Watch:
    """Seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def failing(circuit: Circuit) -> Circuit:
    for _ in range(8):
        circuit.failed("503")
    return circuit


def test_the_delay_doubles_up_to_a_minute() -> None:
    assert [delay_seconds(n, 1.0) for n in (1, 2, 3, 7, 8, 100)] == [0.5, 1, 2, 32, 60, 60]


def test_batches_that_failed_together_do_not_come_back_together() -> None:
    assert len({delay_seconds(3) for _ in range(20)}) > 10
    assert all(1 <= delay_seconds(3) <= 2 for _ in range(100))


def test_repeating_stops_before_line_forgets_the_key() -> None:
    assert HORIZON_SECONDS <= 23 * 3600


def test_a_few_failures_among_answers_do_not_open_the_circuit(watch: Watch) -> None:
    circuit = Circuit(watch)
    for _ in range(50):
        for _ in range(7):
            assert not circuit.failed("500")
        circuit.answered()
    assert not circuit.is_open


def test_failures_in_a_row_open_it_once_and_an_answer_closes_it(watch: Watch) -> None:
    circuit = Circuit(watch)
    assert [circuit.failed("503") for _ in range(20)] == [False] * 7 + [True] + [False] * 12
    assert circuit.fault == "LINE does not answer: 503"
    assert 0.5 <= circuit.seconds_to_probe() <= 1
    assert circuit.answered()
    assert (circuit.is_open, circuit.fault, circuit.seconds_to_probe()) == (False, None, 0.0)
    assert not circuit.answered()


def test_each_failed_probe_waits_longer_up_to_a_limit(watch: Watch) -> None:
    circuit = failing(Circuit(watch))
    waits = []
    for _ in range(12):
        watch.now += circuit.seconds_to_probe()
        assert circuit.seconds_to_probe() == 0
        circuit.probe_failed("503")
        waits.append(circuit.seconds_to_probe())
    assert waits[0] <= 2
    assert 7.5 <= min(waits[-6:]) <= max(waits) <= 15


def test_a_probe_that_went_well_but_was_wrong_does_not_begin_from_the_shortest_wait(watch: Watch) -> None:
    circuit = failing(Circuit(watch))
    for _ in range(5):
        circuit.probe_failed("503")
    circuit.close()
    failing(circuit)
    assert circuit.seconds_to_probe() >= 7.5


def test_a_refused_channel_is_told_as_such_and_late_answers_do_not_reopen_it(watch: Watch) -> None:
    circuit = Circuit(watch)
    assert circuit.refuse("401 Authentication failed")
    assert not circuit.refuse("401 Authentication failed")
    assert circuit.fault == "LINE refuses the channel: 401 Authentication failed"
    assert not circuit.answered()
    assert circuit.is_open
    assert circuit.seconds_to_probe() >= 5
    circuit.close()
    assert not circuit.is_open


def test_a_quota_without_limit_covers_everything() -> None:
    assert (Quota(None, 10**9).left, Quota(None, 0).missing(10**9)) == (None, 0)


def test_a_quota_tells_what_is_left_what_is_missing_and_what_that_costs() -> None:
    quota = Quota(5000, 3800)
    assert (quota.left, quota.missing(1200), quota.missing(1201)) == (1200, 0, 1)
    assert Quota(200, 250).left == 0
    words = shortage(quota, 16_000, 3)
    for figure in ("1,200 通", "3,800 / 5,000", "16,000 人", "14,800 通", "44,400 円"):
        assert figure in words
