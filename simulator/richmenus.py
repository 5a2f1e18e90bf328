"""Rich menus: their form, their images, and who sees which.

Source: https://developers.line.biz/en/reference/messaging-api/#rich-menu
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator
from typing import Any

from simulator.actions import IN_RICH_MENU
from simulator.counting import graphemes
from simulator.schema import Path, flag, items, number, record, text

IMAGE_BYTES = 1024 * 1024
_LEAST_RATIO = 1.45


def _wide_enough(menu: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if menu["size"]["width"] / menu["size"]["height"] < _LEAST_RATIO:
        yield f"The aspect ratio (width / height) must be at least {_LEAST_RATIO}", ("size",)


_BOUNDS = record(
    {"x": number(least=0), "y": number(least=0), "width": number(least=1), "height": number(least=1)}
)
RICH_MENU = record(
    {
        "size": record({"width": number(least=800, most=2500), "height": number(least=250)}),
        "selected": flag,
        "name": text(most=300, count=graphemes),
        "chatBarText": text(most=14, count=graphemes),
        "areas": items(record({"bounds": _BOUNDS, "action": IN_RICH_MENU}), most=20, least=0),
    },
    {},
    _wide_enough,
)
"""A rich menu object as it is sent to be created or validated."""


class RichMenus:
    """The channel's rich menus."""

    def __init__(self) -> None:
        self.menus: dict[str, dict[str, Any]] = {}
        self.images: dict[str, tuple[str, bytes]] = {}
        self.default: str | None = None
        self.linked: dict[str, str] = {}

    def create(self, menu: dict[str, Any]) -> str:
        """Keep a valid menu; returns its id."""
        menu_id = f"richmenu-{secrets.token_hex(16)}"
        self.menus[menu_id] = {"richMenuId": menu_id, **menu}
        return menu_id

    def delete(self, menu_id: str) -> None:
        """Forget a menu; those who saw it see none, or the default, from now on."""
        del self.menus[menu_id]
        self.images.pop(menu_id, None)
        self.linked = {user: linked for user, linked in self.linked.items() if linked != menu_id}
        if self.default == menu_id:
            self.default = None

    def image_fault(self, menu_id: str, content_type: str, image: bytes) -> str | None:
        """What LINE holds against an uploaded image; None when it is right."""
        if menu_id in self.images:
            return "An image has already been uploaded to the richmenu"
        if len(image) > IMAGE_BYTES:
            return "The image must be 1 MB or smaller"
        size = _png_size(image) if content_type == "image/png" else _jpeg_size(image)
        wanted = self.menus[menu_id]["size"]
        if size is None:
            return "The image could not be read"
        if size != (wanted["width"], wanted["height"]):
            return "The image's size differs from the rich menu's"
        return None

    def snapshot(self) -> dict[str, Any]:
        """What the chat page shows: the menus that have an image, the default one, and links by user id."""
        shown = {menu_id: self.menus[menu_id] for menu_id in self.images}
        return {"menus": shown, "default": self.default, "linked": self.linked}


def _png_size(image: bytes) -> tuple[int, int] | None:
    if image[:8] != b"\x89PNG\r\n\x1a\n" or image[12:16] != b"IHDR" or len(image) < 24:
        return None
    width, height = struct.unpack(">II", image[16:24])
    return width, height


def _jpeg_size(image: bytes) -> tuple[int, int] | None:
    """Width and height from the frame header, found by walking from segment to segment."""
    position = 2
    while image[:2] == b"\xff\xd8" and position + 9 <= len(image):
        marker, length = image[position + 1], int.from_bytes(image[position + 2 : position + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", image[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return None
