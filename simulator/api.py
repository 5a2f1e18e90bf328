"""The Messaging API over HTTP: api.line.me and api-data.line.me on one base address.

Here is what all endpoints share: the bearer token, content types, rate limits, error answers, the record of
requests, and the faults a test asks for. What each endpoint does is in ``simulator.endpoints``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from simulator.endpoints import ENDPOINTS, Answer, Call, Endpoint
from simulator.faults import Fault, Faults, RequestInfo
from simulator.platform import Platform, RefusedError
from simulator.webhooks import Courier

_RATE_MESSAGE = "The API rate limit has been exceeded. Try again later."
_WRONG_BEARER = (
    "Authentication failed due to the following reason: invalid token. Confirm that the access token in the"
    " authorization header is valid."
)
_NO_BEARER = (
    "Authentication failed due to the following reason: missing or malformed authorization header."
    " Confirm that the authorization header is in the format 'Bearer {access token}'."
)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request that reached the API.

    Attributes:
        endpoint: ``push``, ``multicast``, ``validate/push``, ``richmenu/create`` …
        method: HTTP method.
        path: path of the URL.
        headers: names in lower case.
        body: as it came.
        status: of the answer; None when the connection was cut instead.
        accepted: whether it took effect, whatever the answer said.
        request_id: the answer's ``x-line-request-id``.
        at: seconds since the epoch, by the simulator's clock.
    """

    endpoint: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None
    accepted: bool
    request_id: str
    at: float

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body)

    @property
    def retry_key(self) -> str | None:
        """The request's retry key."""
        return self.headers.get("x-line-retry-key")


class Api:
    """The HTTP face of a platform."""

    def __init__(self, platform: Platform, courier: Courier, faults: Faults, access_token: str) -> None:
        self.platform = platform
        self.courier = courier
        self.faults = faults
        self.requests: list[ApiRequest] = []
        self._authorization = f"Bearer {access_token}"
        self._attempts: Counter[str] = Counter()
        self._count = 0

    def routes(self) -> list[web.RouteDef]:
        """The routes of all endpoints."""
        return [web.route(each.method, each.path, self._handler(each)) for each in ENDPOINTS]

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            request_id = str(uuid.uuid4())
            at = self.platform.clock()
            try:
                raw = await request.read()
            except web.HTTPRequestEntityTooLarge:
                raw = None
            fault = self.faults.plan(self._info(endpoint, request, raw)) or Fault()
            answer, accepted = await self._under(fault, endpoint, request, raw, request_id)
            headers = {name.lower(): value for name, value in request.headers.items()}
            status = None if fault.cut else answer.status
            self.requests.append(
                ApiRequest(
                    endpoint.name,
                    request.method,
                    request.path,
                    headers,
                    raw or b"",
                    status,
                    accepted,
                    request_id,
                    at,
                )
            )
            self.platform.chats.news.announce()
            if fault.cut and request.transport is not None:
                request.transport.abort()
            return _response(answer, request_id)

        return handle

    async def _under(
        self, fault: Fault, endpoint: Endpoint, request: web.Request, raw: bytes | None, request_id: str
    ) -> tuple[Answer, bool]:
        """The answer a request gets under a fault, and whether the request took effect."""
        if fault.accept:
            answer = await self._judge(endpoint, request, raw, request_id)
        await asyncio.sleep(fault.delay)
        broken = fault.cut or fault.status is not None or fault.body is not None
        if not fault.accept:
            answer = Answer(500) if broken else await self._judge(endpoint, request, raw, request_id)
        accepted = answer.status < web.HTTPBadRequest.status_code
        if not broken:
            return answer, accepted
        body = {"message": fault.message} if fault.body is None else fault.body
        return Answer(fault.status or answer.status, body), accepted

    async def _judge(
        self, endpoint: Endpoint, request: web.Request, raw: bytes | None, request_id: str
    ) -> Answer:
        """What LINE answers."""
        try:
            self._admit(endpoint, request, raw)
            call = Call(
                self.platform,
                self.courier,
                raw or b"",
                dict(request.match_info),
                request.content_type,
                request.headers.get("X-Line-Retry-Key"),
                request_id,
            )
            return await endpoint.run(call)
        except RefusedError as refused:
            return Answer(refused.status, refused.body, refused.headers)

    def _admit(self, endpoint: Endpoint, request: web.Request, raw: bytes | None) -> None:
        """The checks every request goes through before its endpoint looks at it.

        Raises:
            RefusedError: it does not pass.
        """
        authorization = request.headers.get("Authorization", "")
        if not authorization.startswith("Bearer "):
            raise RefusedError(401, _NO_BEARER)
        if authorization != self._authorization:
            raise RefusedError(401, _WRONG_BEARER)
        if not self.platform.rates.allow(endpoint.name):
            raise RefusedError(429, _RATE_MESSAGE)
        if raw is None:
            raise RefusedError(413, "Payload Too Large")
        if endpoint.takes and raw and request.content_type not in endpoint.takes:
            raise RefusedError(415, f"The content type, {request.content_type!r}, is not supported")

    def _info(self, endpoint: Endpoint, request: web.Request, raw: bytes | None) -> RequestInfo:
        self._count += 1
        retry_key = request.headers.get("X-Line-Retry-Key")
        self._attempts[retry_key or ""] += 1
        body = None
        with contextlib.suppress(ValueError):
            body = json.loads(raw or b"null")
        attempt = self._attempts[retry_key] if retry_key else 1
        return RequestInfo(endpoint.name, body, retry_key, attempt, self._count)


def _response(answer: Answer, request_id: str) -> web.Response:
    headers = {"Content-Type": "application/json", **answer.headers, "x-line-request-id": request_id}
    body = (
        answer.body
        if isinstance(answer.body, bytes)
        else json.dumps(answer.body, ensure_ascii=False).encode()
    )
    return web.Response(status=answer.status, body=body, headers=headers)
