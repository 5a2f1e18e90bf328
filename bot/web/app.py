"""The aiohttp application: the webhook, what the town publishes, and what an operator's monitoring asks."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from aiohttp import web

from bot.inbox.intake import NotAWebhookError
from bot.line.signature import is_genuine
from bot.telegrams.present import look_up
from bot.transit import realtime
from bot.web import alert_feeds, calendar_feed
from bot.wiring import Service

_log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""LINE's webhook bodies are a few KB an event; a megabyte is far above what it sends at once."""

_SEEN_SECONDS = 30.0
"""How long ago a worker must have shown itself; they do so every few seconds."""

SERVICE = web.AppKey("service", Service)


async def _webhook(request: web.Request) -> web.Response:
    """Answer LINE: 200 once every event is durable, 401, 400 or 413 otherwise."""
    service = request.app[SERVICE]
    status = await _receive(request, service)
    service.metrics.webhooks[status].inc()
    return web.Response(status=status)


async def _receive(request: web.Request, service: Service) -> int:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return 413
    if not is_genuine(service.settings.channel_secrets, body, request.headers.get("X-Line-Signature")):
        _log.warning("Webhook with a bad or missing signature from %s", request.remote)
        return 401
    assert service.intake is not None
    try:
        service.metrics.events.inc(await service.intake.accept(body))
    except NotAWebhookError as error:
        _log.warning("Signed request that is no webhook: %s", error)
        return 400
    return 200


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    faults = {}
    try:
        await service.store.inbox.waiting()
        if service.sender is None and (fault := await _fault_of_workers(service)):
            faults["sender"] = fault
    except Exception as error:
        faults["database"] = f"{type(error).__name__}: {error}"
    if service.ticker is not None and not service.ticker.healthy:
        faults["clock"] = "the last tick failed or is overdue"
    if service.sender is not None and (fault := service.sender.fault):
        faults["sender"] = fault
    state = {"ready": not faults, "faults": faults, "jma": await _jma(service)}
    return web.json_response(state, status=503 if faults else 200, dumps=json.dumps)


async def _jma(service: Service) -> str:
    """How fresh JMA's information is; an alarm to look at, but no reason to take the service out of use."""
    try:
        known = (await look_up(service.store, service.clock, service.settings.jma_base)).known
    except Exception as error:
        return f"unknown: {type(error).__name__}: {error}"
    if known is None:
        return "off"
    if known.is_stale(service.clock.now()):
        return f"stale: last read {known.at.isoformat() if known.at else 'never'}"
    return "incomplete" if known.is_partial else "ok"


async def _fault_of_workers(service: Service) -> str | None:
    """Why nobody sends; None if somebody does."""
    workers = await service.store.outbox.senders(_SEEN_SECONDS)
    if not workers:
        return f"no machi worker has been seen for {_SEEN_SECONDS:g} s"
    return next((worker.fault for worker in workers), None) if all(w.fault for w in workers) else None


async def _bus_alerts(request: web.Request) -> web.Response:
    """The bus alerts in force, for journey planners."""
    service = request.app[SERVICE]
    alerts = await service.store.bus_alerts.published()
    body = realtime.alerts_feed(alerts, service.clock.now_ms())
    return web.Response(
        body=body, content_type=realtime.CONTENT_TYPE, headers={"Cache-Control": "max-age=30"}
    )


async def _metrics(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    backlog = await service.store.outbox.backlog()
    service.metrics.inbox.set(await service.store.inbox.waiting())
    service.metrics.outbox.set(sum(batches for batches, _ in backlog.values()))
    return web.Response(
        body=service.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


def application(
    service: Callable[[], AbstractAsyncContextManager[Service]], *, webhook: bool = True
) -> web.Application:
    """The application; `service` is started with it and stopped after the last request.

    Without `webhook` it serves an operator's monitoring alone.
    """
    app = web.Application(client_max_size=MAX_BODY)

    async def running(app: web.Application) -> AsyncIterator[None]:
        async with service() as started:
            app[SERVICE] = started
            if started.calendar is not None:
                app[calendar_feed.CALENDAR] = started.calendar
            if started.alerts is not None:
                app[alert_feeds.ALERTS] = started.alerts
            yield

    app.cleanup_ctx.append(running)
    if webhook:
        app.router.add_post("/line/webhook", _webhook)
        app.router.add_get("/feeds/calendar.ics", calendar_feed.whole)
        app.router.add_get(r"/feeds/calendar/{token:[\w-]{1,100}}.ics", calendar_feed.own)
        alert_feeds.add_routes(app)
        app.router.add_get("/feeds/gtfs-rt/alerts.pb", _bus_alerts)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    return app
