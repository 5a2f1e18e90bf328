"""The mark of an exercise on every bubble, at its start and its end."""

from __future__ import annotations

from collections.abc import Mapping

from bot.line.limits import ALT_TEXT, Message, cut, utf16_length

MARK = "【訓練】"
"""Stamped on whatever goes out in a drill, so that nobody takes it for real."""


_SAID: Mapping[str, str] = {
    "ja-easy": "これは 訓練(くんれん)です。本当では ありません。",
    "en": "This is a drill.",
    "zh": "这是演习。",
    "ko": "훈련입니다.",
    "vi": "Đây là diễn tập.",
}
"""What stands behind the first MARK for who cannot read it."""


def marked(message: Message, language: str = "ja") -> Message:
    """A copy of a text or Flex message that shows MARK first and last, and says what it means in other languages."""
    if message["type"] == "text":
        said = _SAID.get(language)
        text = message["text"] if said is None else f"{MARK}{said}\n{message['text'].removeprefix(MARK)}"
        return {**message, "text": _framed(text, "\n")}
    room = ALT_TEXT - 2 * utf16_length(MARK)
    contents = message["contents"]
    if contents["type"] == "carousel":
        contents = {**contents, "contents": [_bubble(bubble) for bubble in contents["contents"]]}
    else:
        contents = _bubble(contents)
    return {**message, "altText": _framed(cut(message["altText"], room), ""), "contents": contents}


def _framed(text: str, between: str) -> str:
    start = "" if text.startswith(MARK) else MARK + between
    end = "" if text.endswith(MARK) else between + MARK
    return start + text + end


def _bubble(bubble: Message) -> Message:
    """The bubble with the mark atop its first block and below its last; blocks stand header, body, footer."""
    blocks = [name for name in ("header", "body", "footer") if name in bubble]
    if not blocks:  # a picture alone
        return {**bubble, "body": _stack(_banner())}
    result = dict(bubble)
    result[blocks[0]] = _around(result[blocks[0]], first=True)
    result[blocks[-1]] = _around(result[blocks[-1]], first=False)
    return result


def _around(block: Message, *, first: bool) -> Message:
    """A vertical block takes the banner among its parts; any other is wrapped with it."""
    if block.get("layout") != "vertical":
        return _stack(_banner(), block) if first else _stack(block, _banner())
    parts = block["contents"]
    return {**block, "contents": [_banner(), *parts] if first else [*parts, _banner()]}


def _stack(*parts: Message) -> Message:
    return {"type": "box", "layout": "vertical", "contents": list(parts)}


def _banner() -> Message:
    """Red on white whatever the colour of the block it lies in."""
    text = {"type": "text", "text": MARK, "weight": "bold", "color": "#B00020", "align": "center"}
    return {**_stack(text), "backgroundColor": "#FFFFFF", "paddingAll": "4px"}
