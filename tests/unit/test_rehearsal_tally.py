from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.rehearsal.tally import Tally, percentile

sets = st.integers(0, 2**12 - 1)


@given(st.lists(st.tuples(sets, st.integers(0, 40)), max_size=12), sets)
def test_everybody_is_counted_as_if_one_by_one(added: list[tuple[int, int]], everybody: int) -> None:
    tally = Tally()
    for members, times in added:
        tally.add(members, times)
    expected = Counter(
        sum(times for members, times in added if members >> place & 1)
        for place in range(12)
        if everybody >> place & 1
    )
    assert tally.spread(everybody) == expected


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_a_percentile_is_the_nearest_rank(counts: list[int], share: float) -> None:
    assert percentile(Counter(counts), share) == sorted(counts)[math.ceil(share * len(counts)) - 1]


def test_nobody_gets_nothing() -> None:
    assert percentile(Tally().spread(0), 0.5) == 0
