"""Tells staff when JMA cannot be read: the feed that fails, the telegram that nobody understands."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from bot.broadcasts.staff_note import tell_staff
from bot.domain.clock import Clock, from_ms, to_ms
from bot.domain.errors import InvalidInputError
from bot.line.limits import cut
from bot.store import alarms
from bot.store.port import Session
from bot.store.store import Store
from bot.store.telegrams import JmaFeed, Kept, missed
from bot.town.model import Town

_log = logging.getLogger(__name__)

AFTER = timedelta(minutes=10)
"""So long a feed fails before staff are told: the short feed holds what was issued meanwhile."""
_UNREAD_AGAIN = timedelta(hours=1)
_LISTED = 8
_NAMES = {"extra": "警報など(随時)", "eqvol": "地震・火山"}
_RESIDENTS_NOT = "警報が出ていないという意味ではありません。気象庁のホームページやテレビで確かめてください。"


class Unread(NamedTuple):
    """A telegram that was not understood: its type, its title and headline as far as they can be read, and why.

    Its address begins with the time, so the newest is the last by its address.
    """

    address: str
    type: str
    title: str
    headline: str
    reason: str


class Alarm:
    """Each thing is told once, whichever of many processes notices it: what was told is stored with the note."""

    def __init__(self, store: Store, town: Town, clock: Clock) -> None:
        self._store = store
        self._town = town
        self._clock = clock

    async def check(self, name: str, address: str) -> None:
        """After a look at a feed: tell that it has been failing for long, or that it is back."""
        feed = await self._store.telegrams.feed(address)
        if feed is None:
            return
        now = self._clock.now()
        fresh = feed.succeeded_ms is not None and now - from_ms(feed.succeeded_ms) <= AFTER
        work = self._back if fresh and not feed.failures else self._failing
        await self._store.database.write(partial(work, name, feed, now))

    async def _failing(self, name: str, feed: JmaFeed, now: datetime, session: Session) -> None:
        subject = f"feed:{feed.address}"
        now_ms, hours = to_ms(now), self._town.disaster.alarm_hours
        await alarms.begin(session, subject, now_ms)
        again = int(timedelta(hours=hours).total_seconds() * 1000)
        after = int(AFTER.total_seconds() * 1000)
        if not await alarms.is_due(session, subject, now_ms, after_ms=after, again_ms=again):
            return
        alarm = await alarms.since(session, subject)
        assert alarm is not None
        words = [
            f"気象庁の電文({_NAMES.get(name, name)})が、{_time(from_ms(alarm.since_ms), now)}から読めません。",
            "この間に警報などが出ても、住民に自動で知らせることができません。",
            _RESIDENTS_NOT,
            f"理由: {cut(feed.failure or '読み終わりません。', 300)}",
            f"フィード: {cut(feed.address, 300)}",
            f"続くあいだ、{hours}時間ごとに知らせます。読めるようになったら知らせます。",
        ]
        await self._tell(session, f"気象庁の電文が読めません({name})", words, now_ms)

    async def _back(self, name: str, feed: JmaFeed, now: datetime, session: Session) -> None:
        alarm = await alarms.end(session, f"feed:{feed.address}")
        if alarm is None or alarm.told_ms is None:
            return
        since = from_ms(alarm.since_ms)
        minutes = round((now - since).total_seconds() / 60)
        found = [each for each in await missed(session, alarm.since_ms) if _is_of(name, each)]
        words = [
            f"気象庁の電文({_NAMES.get(name, name)})が、また読めるようになりました。",
            f"読めなかった間: {_time(since, now)}から{minutes}分",
            *_missed(found, now),
            "確かめる: machi jma status",
        ]
        await self._tell(session, f"気象庁の電文がまた読めます({name})", words, to_ms(now))

    async def not_understood(self, session: Session, unread: Sequence[Unread]) -> None:
        """Tell of new telegrams that were not understood, one of a type within an hour, where they are recorded."""
        now_ms = self._clock.now_ms()
        again = int(_UNREAD_AGAIN.total_seconds() * 1000)
        for type_ in sorted({each.type for each in unread}):
            subject = f"unread:{type_}"
            await alarms.begin(session, subject, now_ms)
            if not await alarms.is_due(session, subject, now_ms, after_ms=0, again_ms=again):
                continue
            of_type = sorted(each for each in unread if each.type == type_)
            newest = of_type[-1]
            more = f"ほかに {len(of_type) - 1} 通あります。" if len(of_type) > 1 else ""
            words = [
                f"気象庁の電文を読み取れませんでした({type_} {cut(newest.title, 100)})。{more}",
                "住民には知らせていません。前の状態のままにしています。内容を気象庁のホームページで確かめてください。",
                *([f"見出し: {cut(newest.headline, 500)}"] if newest.headline else []),
                f"理由: {cut(newest.reason, 300)}",
                cut(newest.address, 300),
                "同じ種類の電文のこの連絡は、1時間に1回だけです。確かめる: machi jma status",
            ]
            await self._tell(session, f"気象庁の電文を読み取れません({type_})", words, now_ms)

    async def _tell(self, session: Session, title: str, words: Sequence[str], now_ms: int) -> None:
        try:
            number = await tell_staff(session, self._town, title, "\n".join(words), now_ms)
        except InvalidInputError as error:  # it must not keep the telegrams from being taken in
            _log.error("JMA: the note to staff cannot be sent (%s): %s", title, error)
            return
        if number is None:
            _log.error("JMA: nobody can be told, town.toml has no [[staff]]: %s", title)
        else:
            _log.warning("JMA: broadcast %d tells staff: %s", number, title)


def _is_of(name: str, kept: Kept) -> bool:
    """Whether a telegram stands in a feed of that name."""
    return kept.type.startswith(("VXSE", "VFVO")) is (name == "eqvol")


def _missed(found: Sequence[Kept], now: datetime) -> Iterator[str]:
    if not found:
        yield "この間に、町に関わる電文は出ていませんでした。"
        return
    yield f"この間に出ていた、町に関わる電文: {len(found)} 通"
    for each in found[:_LISTED]:
        yield f"・{_time(from_ms(each.reported_ms or 0), now)} {cut(each.title, 60)}"
    if len(found) > _LISTED:
        yield "・ほか"
    yield "30分より前のものは住民に送らず、警報より重いものは下書きにしました(machi broadcast list)。"


def _time(moment: datetime, now: datetime) -> str:
    """A time, with its day where that is not today."""
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%m月%d日 %H:%M}"
