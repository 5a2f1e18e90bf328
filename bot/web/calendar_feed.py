"""`/feeds/calendar.ics` and a resident's own `/feeds/calendar/TOKEN.ics`."""

from __future__ import annotations

from aiohttp import web

from bot.feeds.published import Published
from bot.feeds.town_calendar import TownCalendar
from bot.web.conditional import conditional

CALENDAR = web.AppKey("calendar", TownCalendar)

_TYPE = "text/calendar; charset=utf-8"
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
    return conditional(request, published, _TYPE, cache, {"X-Robots-Tag": "noindex"})
