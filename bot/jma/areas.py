"""Finds what a telegram's blocks say of the town: by its own code, else by a wider area's."""

from __future__ import annotations

from dataclasses import dataclass

from bot.jma.values import Places, UnforeseenError
from bot.sources.xml_tree import Node


@dataclass(frozen=True, slots=True)
class Found:
    """The items that speak of the town, and the area they name."""

    items: tuple[Node, ...]
    name: str
    wide: bool


def of_town(body: Node, places: Places) -> Found | None:
    """What `Warning` blocks say of the town; None where they speak of other prefectures alone.

    A telegram with a block for single towns that lacks this one, while wider areas around it stand there, is not
    as known.

    Raises:
        UnforeseenError: see above.
    """
    blocks = list(body.all("Warning"))
    if found := _items(blocks, places.class20):
        return Found(*found, wide=False)
    for code in places.wider:
        if found := _items(blocks, code):
            if any(block.attributes.get("type", "").endswith("（市町村等）") for block in blocks):
                raise UnforeseenError(f"市町村ごとの発表に、町のコード {places.class20} がありません。")
            return Found(*found, wide=True)
    return None


def _items(blocks: list[Node], code: str) -> tuple[tuple[Node, ...], str] | None:
    items = [
        (item, area)
        for block in blocks
        for item in block.all("Item")
        for area in (*item.all("Area"), *item.all("Areas", "Area"))
        if area.say("Code") == code
    ]
    if not items:
        return None
    return tuple(item for item, _ in items), items[0][1].say("Name")
