"""What each kind of answer from LINE means for a batch and its broadcast: decided here and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.delivery.retry import delay_seconds
from bot.domain.broadcasts import BY_LINE, BY_SERVICE, HORIZON_SECONDS, BatchState
from bot.domain.clock import Clock
from bot.domain.errors import RefusedError
from bot.domain.pace import Limits
from bot.domain.quota import shortage
from bot.line.client import (
    Accepted,
    Answer,
    LineClient,
    QuotaExceeded,
    Refused,
    Rejected,
    Throttled,
    Unanswered,
    Unreached,
)
from bot.store.outbox import Batch, Ending
from bot.store.reports import pending
from bot.store.store import Store

_log = logging.getLogger(__name__)

_QUOTA_UNKNOWN = "今月の通数を使い切ったと LINE が答えました(残りの数は確かめられませんでした)。"
_QUOTA_DISPUTED = (
    "今月の通数を使い切ったと LINE が答えました。LINE の数字では足りるはずです(残り {left:,} 人)。"
    "LINE Official Account Manager でプランと通数を確かめて、machi broadcast resume で再開してください。"
)
_REFUSED = (
    "LINE がこのアカウントからの送信を断りました({reason})。LINE_CHANNEL_ACCESS_TOKEN とアカウントの状態を"
    "確かめてください。直れば、ひとりでに再開します。"
)
_MESSAGES_REJECTED = "LINE がメッセージの内容を受け付けません({reason})。"


class Answers:
    """Records answers. `on_end(state, residents)` is told of every batch that ended.

    `yen` is the price of one message above the monthly quota.
    """

    def __init__(
        self,
        store: Store,
        line: LineClient,
        clock: Clock,
        limits: Limits,
        *,
        yen: float,
        on_end: Callable[[BatchState, int], None] = lambda _state, _residents: None,
    ) -> None:
        self._store = store
        self._line = line
        self._clock = clock
        self._limits = limits
        self._yen = yen
        self._on_end = on_end
        self._asking = asyncio.Lock()

    async def record(self, batch: Batch, answer: Answer, owner: str) -> None:
        """Make durable what an answer means."""
        match answer:
            case Accepted(request_id):
                await self._end(batch, BatchState.ACCEPTED, request_id, None)
            case Rejected() as rejected:
                await self._rejected(batch, rejected)
            case Refused(_, reason):
                await self._give_back(batch, owner, reason)
                if paused := await self._store.broadcasts.pause_all(BY_LINE, _REFUSED.format(reason=reason)):
                    _log.error("%d broadcasts are paused: %s", paused, reason)
            case QuotaExceeded(reason):
                await self._give_back(batch, owner, reason)
                if await self._pause(
                    batch, _QUOTA_UNKNOWN
                ):  # at once: LINE may take a while to tell the figures
                    await self._store.broadcasts.explain(batch.broadcast_id, await self._quota_words(batch))
            case Throttled() as throttled:
                await self._throttled(batch, throttled, owner)
            case Unreached(reason):
                await self._give_back(batch, owner, reason)
            case Unanswered(reason):
                await self._unanswered(batch, owner, reason)

    async def are_refused(self) -> bool:
        """Whether broadcasts are paused because LINE refused the channel."""
        return bool(await self._store.broadcasts.paused_by(BY_LINE))

    async def resume_refused(self) -> None:
        """LINE takes the channel's token: what it refused goes on, the most urgent first."""
        for broadcast_id in await self._store.broadcasts.paused_by(BY_LINE):
            with suppress(RefusedError):  # cancelled or resumed meanwhile
                await self._store.broadcasts.resume(broadcast_id, BY_LINE)

    async def _rejected(self, batch: Batch, rejected: Rejected) -> None:
        if batch.size > 1 and batch.user_ids and not rejected.blames_messages:
            _log.warning(
                "LINE rejects batch %d (%d residents), divided: %s", batch.id, batch.size, rejected.reason
            )
            await self._store.outbox.divide(batch, rejected.reason)
            return
        _log.error("LINE rejects batch %d (%d residents): %s", batch.id, batch.size, rejected.reason)
        await self._end(batch, BatchState.FAILED, None, rejected.reason)
        if rejected.blames_messages:  # it would reject all the others too
            await self._pause(batch, _MESSAGES_REJECTED.format(reason=rejected.reason))

    async def _unanswered(self, batch: Batch, owner: str, reason: str) -> None:
        if batch.first_attempt_ms <= self._clock.after_ms(-HORIZON_SECONDS):
            _log.error("Batch %d (%d residents) is unknown: %s", batch.id, batch.size, reason)
            await self._end(batch, BatchState.UNKNOWN, None, reason)
            return
        due_ms = self._clock.after_ms(delay_seconds(batch.attempts))
        await self._store.outbox.retry(batch, owner, due_ms, reason)
        _log.warning("Batch %d, attempt %d: %s", batch.id, batch.attempts, reason)

    async def _end(self, batch: Batch, state: BatchState, request_id: str | None, reason: str | None) -> None:
        now_ms = self._clock.now_ms()
        await self._store.outbox.end(Ending(batch.id, batch.retry_key, state, now_ms, request_id, reason))
        self._on_end(state, batch.size)

    async def _give_back(self, batch: Batch, owner: str, reason: str) -> None:
        due_ms = self._clock.after_ms(delay_seconds(batch.attempts))
        await self._store.outbox.give_back(batch, owner, due_ms, reason)
        _log.warning("Batch %d, attempt %d, not accepted: %s", batch.id, batch.attempts, reason)

    async def _pause(self, batch: Batch, reason: str) -> bool:
        """Whether it was this answer that paused it: another may have, or it has been cancelled."""
        try:
            await self._store.broadcasts.pause(batch.broadcast_id, BY_SERVICE, reason)
        except RefusedError:
            return False
        _log.error("Broadcast %d is paused: %s", batch.broadcast_id, reason)
        return True

    async def _throttled(self, batch: Batch, throttled: Throttled, owner: str) -> None:
        await self._store.outbox.slow_down(batch.endpoint, self._limits)
        await self._give_back(batch, owner, throttled.reason)
        if throttled.is_certain or self._asking.locked():
            return
        async with self._asking:
            quota = await self._line.quota()
        if quota is not None and quota.missing(batch.size):
            await self._pause(batch, shortage(quota, await self._left(batch), self._yen))

    async def _quota_words(self, batch: Batch) -> str:
        quota = await self._line.quota()
        if quota is None:
            return _QUOTA_UNKNOWN
        left = await self._left(batch)
        return shortage(quota, left, self._yen) if quota.missing(left) else _QUOTA_DISPUTED.format(left=left)

    async def _left(self, batch: Batch) -> int:
        """How many residents of its broadcast are still to be sent to."""
        return pending(await self._store.reports.progress(batch.broadcast_id))
