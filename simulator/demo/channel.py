"""Setting up the channel as an operator does: the webhook and the rich menu, through LINE's API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

_IMAGE = Path(__file__).with_name("menu.png")
_LABELS = ("受信設定", "登録内容", "防災", "言語", "ヘルプ", "配信停止")
_WIDTH, _HEIGHT, _COLUMNS = 1200, 810, 3


def menu() -> dict[str, Any]:
    """The rich menu: six areas in two rows, as drawn on `menu.png`; each says its label."""
    width, height = _WIDTH // _COLUMNS, _HEIGHT * _COLUMNS // len(_LABELS)
    areas = [
        {
            "bounds": {
                "x": index % _COLUMNS * width,
                "y": index // _COLUMNS * height,
                "width": width,
                "height": height,
            },
            "action": {"type": "message", "label": label, "text": label},
        }
        for index, label in enumerate(_LABELS)
    ]
    return {
        "size": {"width": _WIDTH, "height": _HEIGHT},
        "selected": False,
        "name": "お試しのメニュー",
        "chatBarText": "メニュー",
        "areas": areas,
    }


async def set_up(api_base: str, access_token: str, webhook: str) -> None:
    """Register the webhook, and give every friend the rich menu.

    https://developers.line.biz/en/docs/messaging-api/using-rich-menus/
    """
    headers = {"Authorization": f"Bearer {access_token}"}
    async with aiohttp.ClientSession(api_base, headers=headers, raise_for_status=True) as api:
        await api.put("/v2/bot/channel/webhook/endpoint", json={"endpoint": webhook})
        created = await (await api.post("/v2/bot/richmenu", json=menu())).json()
        menu_id = created["richMenuId"]
        image = {"Content-Type": "image/png"}
        await api.post(f"/v2/bot/richmenu/{menu_id}/content", data=_IMAGE.read_bytes(), headers=image)
        await api.post(f"/v2/bot/user/all/richmenu/{menu_id}")
