"""Residents as JSON Lines: the form in which they are imported and exported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot.domain.errors import InvalidInputError
from bot.domain.months import parse_month
from bot.domain.nearest import did_you_mean
from bot.domain.residents import SINGLE_FACTS, USER_ID, Fact, Resident, ResidentState
from bot.town.model import Town
from bot.town.segment_words import vocabulary

KEYS = {
    "district": Fact.DISTRICT,
    "topics": Fact.TOPIC,
    "children": Fact.BIRTH_MONTH,
    "bus_stops": Fact.BUS_STOP,
    "taxes": Fact.TAX,
    "garbage_area": Fact.GARBAGE_AREA,
    "garbage_time": Fact.GARBAGE_TIME,
}
"""The keys of facts; those of `SINGLE_FACTS` hold one text, the others a list."""

_ALL_KEYS = ("user_id", "language", *KEYS, "state")
_SHOWN = 20

Change = tuple[str, Callable[[Resident | None], Resident]]
"""A user id, and what makes the resident from the one there was."""


class _LineError(ValueError):
    """A line is not valid; the message is a Japanese sentence."""


def record(resident: Resident) -> dict[str, Any]:
    """A resident as an object of the form; what is not registered is left out."""
    found: dict[str, Any] = {"user_id": resident.user_id, "language": resident.language}
    for key, fact in KEYS.items():
        if values := resident.values(fact):
            found[key] = values[0] if fact in SINGLE_FACTS else list(values)
    if resident.state is not ResidentState.FOLLOWING:
        found["state"] = resident.state.value
    return found


def read(lines: Iterable[str], town: Town) -> list[Change]:
    """Changes for every line. Keys that stand in a line replace what was registered, the others keep it.

    Raises:
        InvalidInputError: some lines are not valid; each is named by its number, and nothing is to be imported.
    """
    reader = _Reader(town)
    changes: dict[str, Change] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            user_id, change = reader.change(line.lstrip("\ufeff"))
            if user_id in changes:
                raise _LineError(f"user_id {user_id} が前の行にもあります。")
            changes[user_id] = (user_id, change)
        except _LineError as error:
            faults.append(f"{number}行目: {error}")
    if faults:
        more = [f"ほかに {len(faults) - _SHOWN} 行"] if len(faults) > _SHOWN else []
        raise InvalidInputError(
            "\n".join(
                [*faults[:_SHOWN], *more, "1人も取り込みませんでした。直してからもう一度実行してください。"]
            )
        )
    return list(changes.values())


class _Reader:
    def __init__(self, town: Town) -> None:
        self._vocabulary = vocabulary(town)

    def change(self, line: str) -> Change:
        found = _object(line)
        user_id = found["user_id"]
        language = self._name("language", "language", found["language"]) if "language" in found else None
        state = _state(found["state"]) if "state" in found else None
        facts = {fact: self._values(key, fact, found[key]) for key, fact in KEYS.items() if key in found}

        def change(before: Resident | None) -> Resident:
            resident = before or Resident(user_id)
            for fact, values in facts.items():
                resident = resident.with_values(fact, values)
            return replace(resident, language=language or resident.language, state=state or resident.state)

        return user_id, change

    def _values(self, key: str, fact: Fact, given: Any) -> tuple[str, ...]:
        if fact in SINGLE_FACTS:
            return () if given is None else (self._name(key, fact, given),)
        if not isinstance(given, list):
            raise _LineError(f"「{key}」は並び [ ] で書いてください。")
        read_one = _month if fact is Fact.BIRTH_MONTH else lambda value: self._name(key, fact, value)
        return tuple(dict.fromkeys(read_one(value) for value in given))

    def _name(self, key: str, field: str, given: Any) -> str:
        if not isinstance(given, str):
            raise _LineError(
                f"「{key}」は文字で書いてください(いまは {json.dumps(given, ensure_ascii=False)})。"
            )
        name = self._vocabulary.find(field, given)
        if name is None:
            raise _LineError(f"「{key}」の「{given}」はありません。{self._vocabulary.hint(field, given)}")
        return name


def _object(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _LineError(f"JSONとして読めません({error})。") from None
    if not isinstance(found, dict):
        raise _LineError('{"user_id": …} の形で書いてください。')
    for key in found:
        if key not in _ALL_KEYS:
            raise _LineError(f"「{key}」という項目はありません。{did_you_mean(key, _ALL_KEYS)}")
    user_id = found.get("user_id")
    if not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
        raise _LineError("user_id は U と32桁の16進数(小文字)です。")
    return found


def _month(given: Any) -> str:
    month = parse_month(given) if isinstance(given, str) else None
    if month is None:
        raise _LineError(f"子どもの生まれ月「{given}」が読めません。2026-03 のように書いてください。")
    return month


def _state(given: Any) -> ResidentState:
    if given not in list(ResidentState):
        raise _LineError(
            f"「state」の「{given}」はありません。{did_you_mean(str(given), list(ResidentState))}"
        )
    return ResidentState(given)
