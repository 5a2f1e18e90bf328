"""The Messaging API's endpoints: what each does with a request that has passed the common checks.

Source: https://developers.line.biz/en/reference/messaging-api/
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.messages import BODIES
from simulator.platform import Platform, RefusedError, parse, validate
from simulator.richmenus import RICH_MENU
from simulator.schema import matching, record
from simulator.webhooks import Courier

_IMAGE_TYPES = ("image/png", "image/jpeg")
_WEBHOOK_URL = matching(r"https?://[!-~]+", "Invalid webhook endpoint URL", most=500)
"""Plain HTTP too, unlike LINE: the bot's server is on the same machine."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as an endpoint sees it; ``match`` holds the variable parts of its path."""

    platform: Platform
    courier: Courier
    raw: bytes
    match: dict[str, str]
    content_type: str
    retry_key: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An endpoint's answer: JSON, or the bytes of an image."""

    status: int = 200
    body: dict[str, Any] | bytes = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route of the API; ``takes`` is the content type of its request body, if it has one."""

    method: str
    path: str
    name: str
    run: Callable[[Call], Awaitable[Answer]]
    takes: tuple[str, ...] = ()


def _send(kind: str) -> Callable[[Call], Awaitable[Answer]]:
    async def send(call: Call) -> Answer:
        return Answer(body=call.platform.send(kind, call.raw, call.retry_key, call.request_id))

    return send


async def _validate(call: Call) -> Answer:
    return Answer(body=validate(call.raw))


async def _quota(call: Call) -> Answer:
    quota = call.platform.monthly_quota
    return Answer(body={"type": "none"} if quota is None else {"type": "limited", "value": quota})


async def _consumption(call: Call) -> Answer:
    return Answer(body={"totalUsage": call.platform.used_quota})


async def _info(call: Call) -> Answer:
    bot = call.platform.bot
    names = {"userId": bot.user_id, "basicId": bot.basic_id, "displayName": bot.name}
    return Answer(body={**names, "chatMode": "bot", "markAsReadMode": "auto"})


async def _profile(call: Call) -> Answer:
    user = call.platform.chats.users.get(call.match["user"])
    if user is None or user.standing == "blocked":
        raise RefusedError(404, "Not found")
    return Answer(body={"userId": user.user_id, "displayName": user.name, "language": user.language})


def _menu_id(call: Call) -> str:
    menu_id = call.match["menu"]
    if menu_id not in call.platform.menus.menus:
        raise RefusedError(404, "richmenu not found")
    return menu_id


def _menus_changed(call: Call) -> Answer:
    call.platform.chats.news.announce({"kind": "menus", **call.platform.menus.snapshot()})
    return Answer()


async def _validate_menu(call: Call) -> Answer:
    parse(call.raw, RICH_MENU)
    return Answer()


async def _create_menu(call: Call) -> Answer:
    return Answer(body={"richMenuId": call.platform.menus.create(parse(call.raw, RICH_MENU))})


async def _list_menus(call: Call) -> Answer:
    return Answer(body={"richmenus": list(call.platform.menus.menus.values())})


async def _get_menu(call: Call) -> Answer:
    return Answer(body=call.platform.menus.menus[_menu_id(call)])


async def _delete_menu(call: Call) -> Answer:
    call.platform.menus.delete(_menu_id(call))
    return _menus_changed(call)


async def _upload_image(call: Call) -> Answer:
    menu_id = _menu_id(call)
    fault = call.platform.menus.image_fault(menu_id, call.content_type, call.raw)
    if fault is not None:
        raise RefusedError(400, fault)
    call.platform.menus.images[menu_id] = (call.content_type, call.raw)
    return _menus_changed(call)


async def _download_image(call: Call) -> Answer:
    image = call.platform.menus.images.get(_menu_id(call))
    if image is None:
        raise RefusedError(404, "Not found")
    return Answer(body=image[1], headers={"Content-Type": image[0]})


def _menu_with_image(call: Call) -> str:
    menu_id = _menu_id(call)
    if menu_id not in call.platform.menus.images:
        raise RefusedError(400, "must upload richmenu image before applying it to user")
    return menu_id


async def _default_menu(call: Call) -> Answer:
    if call.platform.menus.default is None:
        raise RefusedError(404, "no default richmenu")
    return Answer(body={"richMenuId": call.platform.menus.default})


async def _set_default_menu(call: Call) -> Answer:
    call.platform.menus.default = _menu_with_image(call)
    return _menus_changed(call)


async def _cancel_default_menu(call: Call) -> Answer:
    call.platform.menus.default = None
    return _menus_changed(call)


async def _linked_menu(call: Call) -> Answer:
    menu_id = call.platform.menus.linked.get(call.match["user"])
    if menu_id is None:
        raise RefusedError(404, "the user has no richmenu")
    return Answer(body={"richMenuId": menu_id})


async def _link_menu(call: Call) -> Answer:
    menu_id = _menu_with_image(call)
    if call.platform.chats.is_friend(call.match["user"]):
        call.platform.menus.linked[call.match["user"]] = menu_id
    return _menus_changed(call)


async def _unlink_menu(call: Call) -> Answer:
    call.platform.menus.linked.pop(call.match["user"], None)
    return _menus_changed(call)


async def _webhook(call: Call) -> Answer:
    if call.courier.url is None:
        raise RefusedError(404, "Webhook endpoint not found")
    return Answer(body={"endpoint": call.courier.url, "active": True})


async def _set_webhook(call: Call) -> Answer:
    call.courier.url = parse(call.raw, record({"endpoint": _WEBHOOK_URL}))["endpoint"]
    return Answer()


async def _test_webhook(call: Call) -> Answer:
    """Post a webhook without events, as the console's Verify button does."""
    url = parse(call.raw, record({}, {"endpoint": _WEBHOOK_URL})).get("endpoint") if call.raw else None
    delivery = await call.courier.post(call.courier.pack([]), url=url)
    body = {
        "success": delivery.ok,
        "timestamp": datetime.fromtimestamp(call.platform.clock(), UTC).isoformat(timespec="milliseconds"),
        "statusCode": delivery.status or 0,
        "reason": (delivery.reason or "ok").upper(),
        "detail": delivery.answer[:200],
    }
    return Answer(body=body)


async def _unknown(_call: Call) -> Answer:
    raise RefusedError(404, "Not found")


def _endpoints() -> list[Endpoint]:
    json = ("application/json",)
    menu, menu_of_user = "/v2/bot/richmenu", "/v2/bot/user/{user}/richmenu"
    webhook = "/v2/bot/channel/webhook"
    sends = [Endpoint("POST", f"/v2/bot/message/{kind}", kind, _send(kind), json) for kind in BODIES]
    validations = [
        Endpoint("POST", f"/v2/bot/message/validate/{kind}", f"validate/{kind}", _validate, json)
        for kind in BODIES
    ]
    return [
        *sends,
        *validations,
        Endpoint("GET", "/v2/bot/message/quota", "quota", _quota),
        Endpoint("GET", "/v2/bot/message/quota/consumption", "quota/consumption", _consumption),
        Endpoint("GET", "/v2/bot/info", "info", _info),
        Endpoint("GET", "/v2/bot/profile/{user}", "profile", _profile),
        Endpoint("POST", menu, "richmenu/create", _create_menu, json),
        Endpoint("POST", f"{menu}/validate", "richmenu/validate", _validate_menu, json),
        Endpoint("GET", f"{menu}/list", "richmenu/list", _list_menus),
        Endpoint("GET", f"{menu}/{{menu}}", "richmenu/get", _get_menu),
        Endpoint("DELETE", f"{menu}/{{menu}}", "richmenu/delete", _delete_menu),
        Endpoint("POST", f"{menu}/{{menu}}/content", "richmenu/upload", _upload_image, _IMAGE_TYPES),
        Endpoint("GET", f"{menu}/{{menu}}/content", "richmenu/download", _download_image),
        Endpoint("GET", "/v2/bot/user/all/richmenu", "richmenu/default", _default_menu),
        Endpoint("POST", "/v2/bot/user/all/richmenu/{menu}", "richmenu/set-default", _set_default_menu),
        Endpoint("DELETE", "/v2/bot/user/all/richmenu", "richmenu/cancel-default", _cancel_default_menu),
        Endpoint("GET", menu_of_user, "richmenu/linked", _linked_menu),
        Endpoint("POST", f"{menu_of_user}/{{menu}}", "richmenu/link", _link_menu),
        Endpoint("DELETE", menu_of_user, "richmenu/unlink", _unlink_menu),
        Endpoint("GET", f"{webhook}/endpoint", "webhook/get", _webhook),
        Endpoint("PUT", f"{webhook}/endpoint", "webhook/set", _set_webhook, json),
        Endpoint("POST", f"{webhook}/test", "webhook/test", _test_webhook, json),
        Endpoint("*", "/v2/{rest:.*}", "unknown", _unknown),
    ]


ENDPOINTS = _endpoints()
"""All routes, and last a 404 for whatever else is below ``/v2``."""
