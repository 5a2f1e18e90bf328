"""When a batch without a final answer goes out again, as pure functions."""

from __future__ import annotations

import random

_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 60.0


def delay_seconds(attempts: int, spread: float | None = None) -> float:
    """How long to wait after that many attempts.

    Doubles from 0.5 s up to 60 s: 0.5, 1, 2, 4, 8, 16, 32, 60, 60, …, times `spread` between 0.5 and 1
    (random if not given) so that batches that failed together do not come back together.
    """
    factor = random.uniform(0.5, 1) if spread is None else spread  # noqa: S311  no secret
    return min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempts - 1, 10)) * factor
