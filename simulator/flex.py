"""LINE's Flex Message: bubbles, carousels and the tree of components in them.

Source: https://developers.line.biz/en/reference/messaging-api/#flex-message
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulator.actions import HTTPS, IN_FLEX, IN_FLEX_BUTTON
from simulator.schema import Check, Path, choice, flag, items, later, matching, number, record, tagged, text

BUBBLE_BYTES = 30 * 1024
CAROUSEL_BYTES = 50 * 1024

_STEPS = "none|xs|sm|md|lg|xl|xxl"
_SIZES = "xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl"
_PX = r"\d+(\.\d+)?px"
_PERCENT = r"\d+(\.\d+)?%"


def _measure(*forms: str) -> Check:
    return matching("|".join(forms), "invalid value")


_COLOR = matching(r"#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?", "invalid color code")
_SPACE = _measure(_STEPS, _PX)
_PADDING = _measure(_STEPS, _PX, _PERCENT)
_OFFSET = _measure(_STEPS, rf"-?{_PX}", rf"-?{_PERCENT}")
_LENGTH = _measure(_PX, _PERCENT)
_FONT_SIZE = _measure(_SIZES, _PX)
_RATIO = matching(r"\d{1,6}(\.\d+)?:\d{1,6}(\.\d+)?", "invalid aspect ratio")
_FLEX = number(least=0)
_ALIGN = choice("start", "end", "center")
_GRAVITY = choice("top", "bottom", "center")

_PLACED: dict[str, Check] = {
    "margin": _SPACE,
    "position": choice("relative", "absolute"),
    "offsetTop": _OFFSET,
    "offsetBottom": _OFFSET,
    "offsetStart": _OFFSET,
    "offsetEnd": _OFFSET,
}
_LETTERS: dict[str, Check] = {
    "size": _FONT_SIZE,
    "color": _COLOR,
    "weight": choice("regular", "bold"),
    "style": choice("normal", "italic"),
    "decoration": choice("none", "underline", "line-through"),
}


def _has_words(component: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if not component.get("text") and not component.get("contents"):
        yield "must be non-empty text", ("text",)


def _not_too_tall(component: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    width, height = (float(side) for side in component.get("aspectRatio", "1:1").split(":"))
    if not 0 < height <= 3 * width:
        yield "invalid aspect ratio", ("aspectRatio",)


def _contents_fit_layout(box: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """A baseline box lines up letters and icons; other boxes hold no icon."""
    for index, child in enumerate(box["contents"]):
        kind = child["type"]
        in_line = kind in ("icon", "text", "filler")
        if not (in_line if box["layout"] == "baseline" else kind != "icon"):
            yield f"{kind} is not allowed in a {box['layout']} box", ("contents", index, "type")


_SPAN = tagged({"span": record({"text": text(most=2000)}, _LETTERS)})
_TEXT = record(
    {},
    {
        "text": text(most=2000, least=0),
        "contents": items(_SPAN, most=100, least=0),
        "flex": _FLEX,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "wrap": flag,
        "maxLines": number(least=0),
        "lineSpacing": _measure(_PX),
        "action": IN_FLEX,
        "adjustMode": choice("shrink-to-fit"),
        "scaling": flag,
        **_LETTERS,
        **_PLACED,
    },
    _has_words,
)
_BUTTON = record(
    {"action": IN_FLEX_BUTTON},
    {
        "flex": _FLEX,
        "height": choice("sm", "md"),
        "style": choice("primary", "secondary", "link"),
        "color": _COLOR,
        "gravity": _GRAVITY,
        "adjustMode": choice("shrink-to-fit"),
        "scaling": flag,
        **_PLACED,
    },
)
_IMAGE = record(
    {"url": HTTPS},
    {
        "flex": _FLEX,
        "align": _ALIGN,
        "gravity": _GRAVITY,
        "size": _measure(_SIZES, "full", _PX, _PERCENT),
        "aspectRatio": _RATIO,
        "aspectMode": choice("fit", "cover"),
        "backgroundColor": _COLOR,
        "action": IN_FLEX,
        "animated": flag,
        **_PLACED,
    },
    _not_too_tall,
)
_ICON = record(
    {"url": HTTPS}, {"size": _measure(_SIZES, _PX), "aspectRatio": _RATIO, "scaling": flag, **_PLACED}
)
_GRADIENT = record(
    {"angle": matching(r"\d{1,3}(\.\d+)?deg", "invalid angle"), "startColor": _COLOR, "endColor": _COLOR},
    {"centerColor": _COLOR, "centerPosition": _measure(_PERCENT)},
)
_BOX = record(
    {
        "layout": choice("horizontal", "vertical", "baseline"),
        "contents": items(later(lambda: _CONTENT), most=1000, least=0),
    },
    {
        "flex": _FLEX,
        "spacing": _SPACE,
        "backgroundColor": _COLOR,
        "borderColor": _COLOR,
        "borderWidth": _measure("none|light|normal|medium|semi-bold|bold", _PX),
        "cornerRadius": _SPACE,
        "width": _LENGTH,
        "maxWidth": _LENGTH,
        "height": _LENGTH,
        "maxHeight": _LENGTH,
        **{f"padding{side}": _PADDING for side in ("All", "Top", "Bottom", "Start", "End")},
        "action": IN_FLEX,
        "justifyContent": choice(
            "center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly"
        ),
        "alignItems": choice("center", "flex-start", "flex-end"),
        "background": tagged({"linearGradient": _GRADIENT}),
        **_PLACED,
    },
    _contents_fit_layout,
)
_CONTENT: Check = tagged(
    {
        "box": _BOX,
        "button": _BUTTON,
        "image": _IMAGE,
        "icon": _ICON,
        "text": _TEXT,
        "separator": record({}, {"margin": _SPACE, "color": _COLOR}),
        "filler": record({}, {"flex": _FLEX}),
    }
)
_VIDEO = record(
    {"url": HTTPS, "previewUrl": HTTPS, "altContent": tagged({"box": _BOX, "image": _IMAGE})},
    {"aspectRatio": _RATIO, "action": IN_FLEX},
)
_BLOCK = tagged({"box": _BOX})
_STYLE = record({}, {"backgroundColor": _COLOR, "separator": flag, "separatorColor": _COLOR})


def _has_a_block(bubble: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if not any(bubble.get(block) for block in ("header", "hero", "body", "footer")):
        yield "At least one block must be specified", ()


def _bubble_size(bubble: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if _json_bytes(bubble) > BUBBLE_BYTES:
        yield f"The bubble must be {BUBBLE_BYTES // 1024} KB or smaller", ()


def _carousel_size(carousel: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if _json_bytes(carousel) > CAROUSEL_BYTES:
        yield f"The carousel must be {CAROUSEL_BYTES // 1024} KB or smaller", ()


def _equal_widths(carousel: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if len({bubble.get("size") or "mega" for bubble in carousel["contents"]}) > 1:
        yield "All bubbles of a carousel must have the same size", ("contents",)


def _json_bytes(value: dict[str, Any]) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


_BUBBLE = record(
    {},
    {
        "size": choice("nano", "micro", "deca", "hecto", "kilo", "mega", "giga"),
        "direction": choice("ltr", "rtl"),
        "header": _BLOCK,
        "hero": tagged({"box": _BOX, "image": _IMAGE, "video": _VIDEO}),
        "body": _BLOCK,
        "footer": _BLOCK,
        "styles": record({}, dict.fromkeys(("header", "hero", "body", "footer"), _STYLE)),
        "action": IN_FLEX,
    },
    _has_a_block,
    _bubble_size,
)
_CAROUSEL = record(
    {"contents": items(tagged({"bubble": _BUBBLE}), most=12)}, {}, _carousel_size, _equal_widths
)

CONTAINER = tagged({"bubble": _BUBBLE, "carousel": _CAROUSEL})
"""What may stand in a Flex Message's ``contents``."""
