"""LINE's action objects: what a tap does, and how each may look in the place where it stands.

Source: https://developers.line.biz/en/reference/messaging-api/#action-objects
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from simulator.counting import graphemes
from simulator.schema import Check, Path, choice, matching, record, tagged, text

URI = matching(r"(https?|line|tel):[!-~]+", "invalid uri", most=1000)
"""Schemes LINE opens; percent-encoded, so visible ASCII only."""

HTTPS = matching(r"https://[!-~]+", "Must be a valid HTTPS URL", most=2000)
"""Address of an image or other content: HTTPS, percent-encoded."""

_DATA = text(most=300)
_SAID = text(most=300, count=graphemes)
_DAY, _MINUTE = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d"
_PICKER_FORMATS = {"date": _DAY, "time": _MINUTE, "datetime": f"{_DAY}[Tt]{_MINUTE}"}


def _picker_range(action: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Initial, min and max of a date picker are in the mode's format, in range and in order."""
    for key in ("initial", "min", "max"):
        value = action.get(key)
        if value is not None and not _is_pickable(action["mode"], value):
            yield "invalid date or time", (key,)
            return
    least, most = action.get("min"), action.get("max")
    if least is not None and most is not None and least >= most:
        yield "must be earlier than max", ("min",)
    initial = action.get("initial")
    if initial is not None and not (least or initial) <= initial <= (most or initial):
        yield "must be between min and max", ("initial",)


def _is_pickable(mode: str, value: str) -> bool:
    if not re.fullmatch(_PICKER_FORMATS[mode], value):
        return False
    try:
        if mode == "time":
            time.fromisoformat(value)
            return True
        day = date.fromisoformat(value) if mode == "date" else datetime.fromisoformat(value.upper()).date()
    except ValueError:
        return False
    return date(1900, 1, 1) <= day <= date(2100, 12, 31)


def _said_once(action: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if action.get("displayText") is not None and action.get("text") is not None:
        yield "displayText and text cannot be used together", ("displayText",)


def _filled_into_keyboard(action: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    if action.get("fillInText") is not None and action.get("inputOption") != "openKeyboard":
        yield "fillInText is only for inputOption openKeyboard", ("fillInText",)


_INPUT_OPTIONS = choice("closeRichMenu", "openRichMenu", "openKeyboard", "openVoice")


def action(*, label_most: int, label_required: bool, extra: tuple[str, ...] = ()) -> Check:
    """The actions allowed in one place, with that place's rule for labels.

    Args:
        label_most: longest label, in grapheme clusters.
        label_required: whether an action without label is refused there.
        extra: action types that only this place allows beside the common five.
    """
    label = {"label": text(most=label_most, count=graphemes)}
    must, may = (label, {}) if label_required else ({}, label)
    kinds = {
        "postback": record(
            {"data": _DATA, **must},
            {"displayText": _SAID, "text": _SAID, "inputOption": _INPUT_OPTIONS, "fillInText": _SAID, **may},
            _said_once,
            _filled_into_keyboard,
        ),
        "message": record({"text": _SAID, **must}, may),
        "uri": record({"uri": URI, **must}, {"altUri": record({}, {"desktop": URI}), **may}),
        "datetimepicker": record(
            {"data": _DATA, "mode": choice(*_PICKER_FORMATS), **must},
            {"initial": text(most=16), "min": text(most=16), "max": text(most=16), **may},
            _picker_range,
        ),
        "clipboard": record({"clipboardText": text(most=1000), **must}, may),
        "camera": record(label),
        "cameraRoll": record(label),
        "location": record(label),
        "richmenuswitch": record(
            {"richMenuAliasId": matching(r"[a-z0-9_-]{1,32}", "invalid rich menu alias"), "data": _DATA},
            label,
        ),
    }
    common = ("postback", "message", "uri", "datetimepicker", "clipboard")
    return tagged({kind: kinds[kind] for kind in (*common, *extra)})


IN_QUICK_REPLY = action(label_most=20, label_required=True, extra=("camera", "cameraRoll", "location"))
IN_TEMPLATE = action(label_most=20, label_required=True)
IN_IMAGE_CAROUSEL = action(label_most=12, label_required=False)
IN_FLEX_BUTTON = action(label_most=40, label_required=True)
IN_FLEX = action(label_most=40, label_required=False)
IN_RICH_MENU = action(label_most=20, label_required=False, extra=("richmenuswitch",))
UNLABELLED = action(label_most=20, label_required=False)
"""Default actions of templates, which show no label."""
