"""Alerts as a GTFS-Realtime feed; https://gtfs.org/documentation/realtime/reference/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.transit import gtfs_realtime_pb2 as gtfs

from bot.domain.bus_alerts import BusAlert

CONTENT_TYPE = "application/x-protobuf"


def alerts_feed(alerts: Iterable[BusAlert], now_ms: int) -> bytes:
    """The whole set of alerts as it is at a moment; one that is not in it is over."""
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.incrementality = gtfs.FeedHeader.FULL_DATASET
    feed.header.timestamp = now_ms // 1000
    for alert in alerts:
        entity = feed.entity.add(id=f"alert-{alert.id}")
        _fill(entity.alert, alert)
    serialized: bytes = feed.SerializeToString()
    return serialized


def _fill(message: gtfs.Alert, alert: BusAlert) -> None:
    message.cause = alert.cause.value  # type: ignore[assignment]  # the enum's numbers are the feed's
    message.effect = alert.effect.value  # type: ignore[assignment]
    period = message.active_period.add(start=alert.from_ms // 1000)
    if alert.until_ms is not None:
        period.end = alert.until_ms // 1000
    for route in alert.routes:
        message.informed_entity.add(route_id=route)
    for stop in alert.stops:
        message.informed_entity.add(stop_id=stop)
    _translate(message.header_text, alert.header)
    _translate(message.description_text, alert.description)


def _translate(text: gtfs.TranslatedString, words: Mapping[str, str]) -> None:
    for language, translated in words.items():
        text.translation.add(text=translated, language=language)
