"""How many messages a month the channel's plan still allows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Messages this month: what the plan allows (None: no limit, as for public bodies) and what is used.

    LINE counts recipients, not message objects. https://developers.line.biz/en/docs/messaging-api/pricing/
    """

    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        """What may still be sent this month; None: as much as one likes."""
        return None if self.limit is None else max(0, self.limit - self.used)

    def missing(self, recipients: int) -> int:
        """How many of so many recipients the quota does not cover."""
        return 0 if self.left is None else max(0, recipients - self.left)

    def price(self, recipients: int, yen: float) -> int:
        """What so many recipients cost above the quota, at a price of `yen` each."""
        return round(self.missing(recipients) * yen)


def shortage(quota: Quota, recipients: int, yen: float) -> str:
    """Why so many recipients cannot be sent to, with the figures; `yen` is the price of one message more."""
    return (
        f"今月送れる残りは {quota.left or 0:,} 通({quota.used:,} / {quota.limit or 0:,} 通を使用済み)ですが、"
        f"対象は {recipients:,} 人です。{quota.missing(recipients):,} 通足りません。"
        f"追加するなら約 {quota.price(recipients, yen):,} 円(1通 {yen:g} 円で計算)かかります。"
    )
