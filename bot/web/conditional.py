"""The answer to a conditional GET, for the published documents that have a version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from aiohttp import ETag, web

from bot.domain.clock import from_ms
from bot.feeds.published import Published


def conditional(
    request: web.Request,
    published: Published,
    content_type: str,
    cache: str,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The document, or 304 for who has it (RFC 9110: an entity tag counts before a date)."""
    changed = from_ms(published.changed_ms).astimezone(UTC).replace(microsecond=0)
    tags, since = request.if_none_match, request.if_modified_since
    if tags is not None:
        has_it = any(tag.value in {published.etag, "*"} for tag in tags)
    else:
        has_it = since is not None and changed <= since
    answer = web.Response(status=304 if has_it else 200, body=None if has_it else published.body)
    answer.etag = ETag(published.etag)
    answer.last_modified = changed
    answer.headers["Cache-Control"] = cache
    answer.headers.update(headers or {})
    if not has_it:
        answer.headers["Content-Type"] = content_type
    return answer
