"""`/feeds/calendar.ics` and a resident's own `/feeds/calendar/TOKEN.ics`."""

from __future__ import annotations

from datetime import UTC

from aiohttp import ETag, web

from bot.domain.clock import from_ms
from bot.feeds.town_calendar import Published, TownCalendar

CALENDAR = web.AppKey("calendar", TownCalendar)

_SHARED = "public, max-age=900"
_OWN = "private, no-cache"


async def whole(request: web.Request) -> web.Response:
    """The town's calendar."""
    return _answer(request, await request.app[CALENDAR].whole(), _SHARED)


async def own(request: web.Request) -> web.Response:
    """A resident's calendar; 404 for a link that nobody has, or no longer."""
    published = await request.app[CALENDAR].of(request.match_info["token"])
    if published is None:
        raise web.HTTPNotFound(
            text="このカレンダーのリンクは使えません。LINEで「カレンダー」と送ってください。\n"
        )
    return _answer(request, published, _OWN)


def _answer(request: web.Request, published: Published, cache: str) -> web.Response:
    """The calendar, or 304 for who has it (RFC 9110: an entity tag counts before a date)."""
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
    answer.headers["X-Robots-Tag"] = "noindex"
    if not has_it:
        answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    return answer
