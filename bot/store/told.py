"""The audience of who got other broadcasts, as a condition for the database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.residents import Fact
from bot.store.port import Session
from bot.store.residents import Condition
from bot.store.statements import Dialect, fragment


@dataclass(frozen=True, slots=True)
class ToldCondition:
    """See `bot.store.residents.Condition`."""

    sql: str
    params: Mapping[str, str | int]


def told_condition(
    dialect: Dialect, broadcasts: Sequence[int], released: Sequence[tuple[str, int]] = ()
) -> ToldCondition:
    """Who got, or may have got, any of these broadcasts and still follows; see `bot.domain.audiences.Told`."""
    sql = fragment(dialect, "audiences.told")
    params = {"told": json.dumps(list(broadcasts))}
    if released:
        sql += fragment(dialect, "audiences.but_released")
        params |= {"released": json.dumps(released), "district": Fact.DISTRICT.value}
    return ToldCondition(sql, params)


def told_or_meant(dialect: Dialect, broadcasts: Sequence[int], meant: Condition) -> ToldCondition:
    """The same, and whoever a segment means."""
    told = told_condition(dialect, broadcasts)
    sql = fragment(dialect, "audiences.told_or_meant").format(told=told.sql, meant=meant.sql)
    return ToldCondition(sql, {**told.params, **meant.params})


async def resident_ids(session: Session, user_ids: Sequence[str]) -> list[str]:
    """The residents' ids of some user ids, in their order; `0`, which is nobody's, for who is no resident."""
    rows = await session.fetch("audiences.ids_of", {"user_ids": json.dumps(list(user_ids))})
    known = {row["user_id"]: str(row["id"]) for row in rows}
    return [known.get(user_id, "0") for user_id in user_ids]
