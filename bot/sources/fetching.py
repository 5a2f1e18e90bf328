"""Fetching a feed as its server likes it: only if it has changed, not too much, and not for long."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

LARGEST = 2 * 1024 * 1024
"""Bytes of a feed, unpacked; a town's has some ten thousand."""

SECONDS = 20.0
_REDIRECTS = 5
_AGENT = "machi-push (feed reader of a town's LINE account)"
_ACCEPT = "application/rss+xml, application/atom+xml, application/rdf+xml, application/xml;q=0.9, */*;q=0.1"


class FetchError(Exception):
    """The feed could not be fetched; the message says why, in Japanese."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the server answered; `body` is None where nothing has changed. `etag` and `modified` are for next time."""

    body: bytes | None
    content_type: str
    etag: str | None
    modified: str | None


async def fetch(
    session: aiohttp.ClientSession,
    address: str,
    etag: str | None,
    modified: str | None,
    *,
    seconds: float = SECONDS,
    largest: int = LARGEST,
) -> Fetched:
    """The feed at an address, unless it is the one that `etag` and `modified` came with.

    Raises:
        FetchError: no answer within `seconds`, another status than 200 or 304, or more than `largest` bytes.
    """
    headers = {"User-Agent": _AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"}
    if etag:
        headers["If-None-Match"] = etag
    if modified:
        headers["If-Modified-Since"] = modified
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with session.get(address, headers=headers, timeout=timeout, max_redirects=_REDIRECTS) as answer:
            if answer.status == 304:
                return Fetched(None, "", etag, modified)
            if answer.status != 200:
                raise FetchError(f"サーバーが {answer.status} を返しました。")
            own = answer.headers
            kind = own.get("Content-Type", "")
            return Fetched(await _body(answer, largest), kind, own.get("ETag"), own.get("Last-Modified"))
    except TimeoutError:
        raise FetchError(f"{seconds:g}秒以内に答えがありませんでした。") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(f"つながりませんでした({type(error).__name__}: {error})。") from error


async def _body(answer: aiohttp.ClientResponse, largest: int) -> bytes:
    """The body, as far as `largest`."""
    body = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > largest:
            raise FetchError(f"フィードが大きすぎます({largest // 1024 // 1024}MBまで)。")
    return bytes(body)
