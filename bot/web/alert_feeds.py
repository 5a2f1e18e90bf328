"""`/feeds/cap.xml`, `alerts.rss`, `alerts.json` and each message as `/feeds/cap/IDENTIFIER.xml`."""

from __future__ import annotations

from aiohttp import web

from bot.feeds import atom, cap, rss, summary
from bot.feeds.town_alerts import TownAlerts
from bot.web.conditional import conditional

ALERTS = web.AppKey("alerts", TownAlerts)

_TYPES = {atom.PATH: atom.CONTENT_TYPE, rss.PATH: rss.CONTENT_TYPE, summary.PATH: summary.CONTENT_TYPE}
_CACHE = "public, max-age=30"
_HEADERS = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
"""Pages of others may read it in the browser: it is public."""


def add_routes(app: web.Application) -> None:
    """Let an application answer for the feeds."""
    for path in _TYPES:
        app.router.add_get(f"/feeds/{path}", _alerts)
    app.router.add_get(r"/feeds/cap/{identifier:[\w-]{1,100}}.xml", _alerts)


async def _alerts(request: web.Request) -> web.Response:
    path = request.path.removeprefix("/feeds/")
    published = await request.app[ALERTS].find(path)
    if published is None:
        raise web.HTTPNotFound(text="このお知らせは、もう公開していません。\n", headers=_HEADERS)
    return conditional(request, published, _TYPES.get(path, cap.CONTENT_TYPE), _CACHE, _HEADERS)
