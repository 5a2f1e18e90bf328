"""Whether the month's quota covers a broadcast."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.quota import Quota, shortage


class Ceiling:
    """Asks LINE how much of the quota is left. `yen` is the price of one message above it."""

    def __init__(self, ask: Callable[[], Awaitable[Quota | None]], yen: float) -> None:
        self._ask = ask
        self._yen = yen

    async def quota(self) -> Quota | None:
        """This month's quota; None where LINE does not say."""
        return await self._ask()

    def price(self, quota: Quota | None, recipients: int) -> int:
        """What so many recipients cost above the quota, in yen."""
        return quota.price(recipients, self._yen) if quota else 0

    async def shortage(self, recipients: Callable[[], Awaitable[int]]) -> str | None:
        """Why the quota does not cover so many recipients, with the figures; None if it does.

        Where LINE does not say, it does: a broadcast must not fail because a figure cannot be had, and LINE
        itself refuses what is too much.
        """
        quota = await self._ask()
        if quota is None or quota.limit is None:
            return None
        count = await recipients()
        return shortage(quota, count, self._yen) if quota.missing(count) else None
