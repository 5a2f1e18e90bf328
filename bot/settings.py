"""Typed configuration from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from bot.domain.broadcasts import Endpoint
from bot.domain.clock import TOKYO, Clock, ShiftedClock, SystemClock
from bot.domain.errors import ConfigurationError
from bot.domain.pace import Limit, Limits

JMA_BASE = "https://www.data.jma.go.jp/developer/xml"
"""Where the Meteorological Agency's feeds lie; https://xml.kishou.go.jp/xmlpull.html"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator configures; `.env.example` explains each variable."""

    channel_secrets: tuple[str, ...]
    access_token: str
    api_base: str
    database_url: str
    town: Path
    host: str
    port: int
    staff: str | None
    clock_start: datetime | None
    clock_speed: float
    multicasts_per_second: float
    pushes_per_second: float
    broadcasts_per_hour: float
    yen_per_message: float
    public_url: str
    jma_base: str
    jma_poll: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables.

        Raises:
            ConfigurationError: one of them cannot be understood.
        """

        def get(name: str, default: str = "") -> str:
            return environment.get(name, "").strip() or default

        start = get("MACHI_CLOCK")
        return cls(
            channel_secrets=tuple(re.split(r"[\s,]+", get("LINE_CHANNEL_SECRET")))
            if get("LINE_CHANNEL_SECRET")
            else (),
            access_token=get("LINE_CHANNEL_ACCESS_TOKEN"),
            api_base=_address("LINE_API_BASE", get("LINE_API_BASE", "https://api.line.me")),
            database_url=get("MACHI_DATABASE_URL", "sqlite:///var/machi.db"),
            town=Path(get("MACHI_TOWN", "towns/kahoku")),
            host=get("MACHI_HOST", "127.0.0.1"),
            port=_port(get("PORT", "8080")),
            staff=get("MACHI_STAFF") or None,
            clock_start=_moment(start) if start else None,
            clock_speed=_positive("MACHI_CLOCK_SPEED", get("MACHI_CLOCK_SPEED", "1")),
            multicasts_per_second=_positive(
                "MACHI_MULTICASTS_PER_SECOND", get("MACHI_MULTICASTS_PER_SECOND", "200")
            ),
            pushes_per_second=_positive("MACHI_PUSHES_PER_SECOND", get("MACHI_PUSHES_PER_SECOND", "2000")),
            broadcasts_per_hour=_positive(
                "MACHI_BROADCASTS_PER_HOUR", get("MACHI_BROADCASTS_PER_HOUR", "60")
            ),
            yen_per_message=_positive("MACHI_YEN_PER_MESSAGE", get("MACHI_YEN_PER_MESSAGE", "3")),
            public_url=_address("MACHI_PUBLIC_URL", get("MACHI_PUBLIC_URL")),
            jma_base=_address("MACHI_JMA_BASE", environment.get("MACHI_JMA_BASE", JMA_BASE).strip()),
            jma_poll=_positive("MACHI_JMA_POLL", get("MACHI_JMA_POLL", "60")),
        )

    def clock(self) -> Clock:
        """The clock of this process."""
        return ShiftedClock(self.clock_start, self.clock_speed) if self.clock_start else SystemClock()

    @property
    def limits(self) -> Limits:
        """LINE's rate limits for this channel, or what is left of them beside other programs."""
        return {
            Endpoint.MULTICAST: Limit(self.multicasts_per_second),
            Endpoint.PUSH: Limit(self.pushes_per_second),
            Endpoint.BROADCAST: Limit(self.broadcasts_per_hour, 3600),
        }

    def require_line(self) -> None:
        """Make sure there is a channel to work for.

        Raises:
            ConfigurationError: secret or token is missing.
        """
        missing = [
            name
            for name, value in (
                ("LINE_CHANNEL_SECRET", self.channel_secrets),
                ("LINE_CHANNEL_ACCESS_TOKEN", self.access_token),
            )
            if not value
        ]
        if missing:
            raise ConfigurationError(
                f"環境変数 {' と '.join(missing)} が設定されていません。"
                "LINE Developers コンソールの値を .env.example の説明に沿って設定してください。"
            )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise ConfigurationError(f"PORT は 0 から 65535 の数で書いてください: {text}")
    return int(text)


def _address(name: str, text: str) -> str:
    """A base address without its last slash; empty for none."""
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise ConfigurationError(
            f"{name} は https://push.example.jp のように、http:// か https:// から書いてください: {text}"
        )
    return text.rstrip("/")


def _positive(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1e6:
        raise ConfigurationError(f"{name} は 0 より大きい数で書いてください: {text}")
    return number


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"MACHI_CLOCK が読めません: {text} (例: 2026-11-24T08:59:00+09:00)"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TOKYO)
