"""Sets of residents for counting many audiences at once: each set an integer, each resident a bit of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from bot.store.port import Database
from bot.store.residents import newest_id


class Census(NamedTuple):
    """Who follows by language, and who has which fact by key and value, as sets over the same bits."""

    following: Mapping[str, int]
    facts: Mapping[str, Mapping[str, int]]


async def census(database: Database, needs: Mapping[str, Collection[str] | None]) -> Census:
    """Read these facts of every resident: values by key, None for every value there is.

    Takes an eighth of a byte a resident and value; what is read at one time are the ids of one value.
    """
    newest = await newest_id(database)
    rows = await database.fetch("census.following", {"upto": newest})
    following = {row["language"]: _set(row["ids"], newest) for row in rows}
    facts: dict[str, dict[str, int]] = {}
    for key, named in needs.items():
        values = named
        if values is None:
            values = [row["value"] for row in await database.fetch("census.values", {"key": key})]
        facts[key] = {value: await _holders(database, key, value, newest) for value in values}
    return Census(following, facts)


async def _holders(database: Database, key: str, value: str, newest: int) -> int:
    params = {"key": key, "value": value, "upto": newest}
    return _set((await database.fetch("census.holders", params))[0]["ids"], newest)


def _set(ids: str | None, newest: int) -> int:
    """Digits first, then the number they are in base 2: half again as fast as setting bits one by one."""
    if not ids:
        return 0
    digits = bytearray(b"0") * (newest + 1)
    for resident in map(int, ids.split(",")):
        digits[resident] = 49
    return int(digits, 2)
