"""Control calls, made with LINE's own SDK: what LINE knows about the channel.

The SDK takes most of a second to load, so it is loaded by the call that needs it.
https://developers.line.biz/en/reference/messaging-api/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.domain.errors import ConfigurationError, RefusedError

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as LINE sees it.

    `webhook` is where LINE posts events (None: nothing is set), `webhook_active` whether it does so.
    `quota` is the messages a month the plan allows (None: no limit), `used` what this month has used of them.
    """

    name: str
    basic_id: str
    webhook: str | None
    webhook_active: bool
    quota: int | None
    used: int


async def channel(base: str, access_token: str) -> Channel:
    """Ask LINE about the channel of an access token.

    Raises:
        ConfigurationError: LINE does not know the token.
        RefusedError: LINE cannot be reached, or answered with an error.
    """
    from linebot.v3 import messaging as sdk  # noqa: PLC0415  see the module's docstring

    configuration = sdk.Configuration(host=base.rstrip("/"), access_token=access_token)
    try:
        async with sdk.AsyncApiClient(configuration) as client:
            return await _ask(sdk.AsyncMessagingApi(client), sdk.ApiException)
    except sdk.ApiException as error:
        if error.status == 401:
            raise ConfigurationError(
                "LINE がトークンを受け付けません。LINE_CHANNEL_ACCESS_TOKEN を確かめてください。"
            ) from None
        raise RefusedError(
            f"LINE がエラーを返しました({error.status})。あとでもう一度試してください。"
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise RefusedError(f"LINE({base})につながりません: {error or type(error).__name__}") from None


async def _ask(api: Any, api_error: type[Exception]) -> Channel:
    info = await api.get_bot_info(_request_timeout=_SECONDS)
    quota = await api.get_message_quota(_request_timeout=_SECONDS)
    used = await api.get_message_quota_consumption(_request_timeout=_SECONDS)
    endpoint = None
    try:
        endpoint = await api.get_webhook_endpoint(_request_timeout=_SECONDS)
    except api_error as error:
        if getattr(error, "status", None) != 404:  # LINE's answer where none is set
            raise
    return Channel(
        name=info.display_name,
        basic_id=info.basic_id,
        webhook=endpoint.endpoint if endpoint else None,
        webhook_active=bool(endpoint and endpoint.active),
        quota=quota.value,
        used=used.total_usage,
    )
