"""Finds a thing to throw away by the words somebody typed, however they spell it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.town.model import GarbageItem

_SMALL = str.maketrans("ぁぃぅぇぉっゃゅょゎ", "あいうえおつやゆよわ")
_VARIANTS = {"瓶": "びん", "壜": "びん", "ビン": "びん", "罐": "缶", "碗": "わん", "椀": "わん", "鑵": "缶"}
_KATAKANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_OKURIGANA = re.compile(r"(?<=[一-鿿])[ぁ-ゖ]{1,2}(?![ぁ-ゖ])")
"""Kana that end a word written with kanji: 空き缶 is 空缶 too."""
_NEAR, _NEAR_LATIN = 1 / 3, 2 / 3
"""The share of pairs of characters that two names must have in common for one to be offered for the other."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was meant, and what else it may have been; `is_sure` is False where nothing fits but something is near."""

    items: tuple[GarbageItem, ...]
    others: tuple[GarbageItem, ...] = ()
    is_sure: bool = True


@lru_cache(maxsize=8192)
def plain(words: str) -> str:
    """Words without the differences of spelling: width, case, カタカナ, small kana, ー, 々, spaces, marks."""
    text = unicodedata.normalize("NFKC", words).casefold()
    for old, new in _VARIANTS.items():
        text = text.replace(old, new)
    text = re.sub(r"(.)々", r"\1\1", text.translate(_KATAKANA).translate(_SMALL))
    return re.sub(r"[\W_ー]", "", text)


@lru_cache(maxsize=8192)
def keys(name: str) -> frozenset[str]:
    """The ways in which a name is compared: as it is, and without 送り仮名."""
    text = unicodedata.normalize("NFKC", name)
    return frozenset({plain(text), plain(_OKURIGANA.sub("", text))} - {""})


def _called(item: GarbageItem) -> frozenset[str]:
    names = (item.name.name, *item.name.labels.values(), *item.readings)
    return frozenset().union(*(keys(name) for name in names))


def find(items: Iterable[GarbageItem], words: str) -> Found:
    """The things called just so; else those of whose names the words are a part; else those that are near.

    Words that hold a whole name (使った乾電池) find it, too.
    """
    wanted = keys(words)
    if not wanted:
        return Found(())
    exact, parts, wholes = [], [], []
    for item in items:
        called = _called(item)
        if called & wanted:
            exact.append(item)
        elif any(want in name for want in wanted for name in called if len(want) > want.isascii()):
            parts.append(item)
        elif any(_is_telling(name) and name in want for want in wanted for name in called):
            wholes.append(item)
    if exact:
        return Found(tuple(exact), tuple(parts))
    if parts or wholes:
        return Found(tuple(parts or wholes))
    return Found(tuple(_near(items, wanted)), is_sure=False)


def _is_telling(name: str) -> bool:
    """Whether a name within longer words means the thing: two kana (かさ) stand in many words (かさばる)."""
    return len(name) > 2 or (len(name) == 2 and not re.fullmatch("[ぁ-ゖa-z0-9]+", name))


def _near(items: Iterable[GarbageItem], wanted: Iterable[str]) -> list[GarbageItem]:
    scored = [
        (max(_likeness(name, want) for name in _called(item) for want in wanted), item) for item in items
    ]
    least = _NEAR_LATIN if all(want.isascii() for want in wanted) else _NEAR
    near = sorted((pair for pair in scored if pair[0] >= least), key=lambda pair: -pair[0])
    return [item for _, item in near]


def _likeness(one: str, other: str) -> float:
    ours, theirs = _pairs(one), _pairs(other)
    return len(ours & theirs) / max(1, min(len(ours), len(theirs)))


@lru_cache(maxsize=8192)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[place : place + 2] for place in range(len(text) - 1))
