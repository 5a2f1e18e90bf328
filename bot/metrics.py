"""Counters for Prometheus, named by https://prometheus.io/docs/practices/naming/ ."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from bot.domain.broadcasts import BatchState


class Metrics:
    """What the running service counts, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        requests = Counter(
            "machi_webhook_requests", "Webhook requests by answer", ["status"], registry=self.registry
        )
        self.webhooks = {status: requests.labels(status) for status in (200, 400, 401, 413)}
        self.events = Counter("machi_webhook_events", "Webhook events committed", registry=self.registry)
        batches = Counter("machi_batches", "Batches ended, by state", ["state"], registry=self.registry)
        sent = Counter("machi_recipients", "Residents in ended batches", ["state"], registry=self.registry)
        self._ended = {state: (batches.labels(state), sent.labels(state)) for state in BatchState}
        self.inbox = Gauge("machi_inbox_waiting", "Events not yet processed", registry=self.registry)
        self.outbox = Gauge("machi_outbox_waiting", "Batches not yet ended", registry=self.registry)

    def batch_ended(self, state: BatchState, residents: int) -> None:
        """A batch has its final answer."""
        batches, sent = self._ended[state]
        batches.inc()
        sent.inc(residents)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
