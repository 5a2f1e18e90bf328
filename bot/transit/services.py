"""Which service runs on which day: calendar.txt, then the exceptions of calendar_dates.txt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bot.transit.tables import Row, Tables
from bot.transit.values import day

_CALENDAR, _DATES = "calendar.txt", "calendar_dates.txt"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True)
class Service:
    """The days of one service_id. Holidays are what calendar_dates.txt says, never implied."""

    first: date | None = None
    last: date | None = None
    weekdays: frozenset[int] = frozenset()
    added: set[date] = field(default_factory=set)
    removed: set[date] = field(default_factory=set)

    def runs(self, on: date) -> bool:
        """Whether it runs on a service day."""
        if on in self.added:
            return True
        if on in self.removed or self.first is None or self.last is None:
            return False
        return self.first <= on <= self.last and on.weekday() in self.weekdays

    @property
    def days(self) -> list[date]:
        """The earliest and latest days it may run on; empty if none are known."""
        ends = [] if self.first is None or self.last is None else [self.first, self.last]
        return sorted([*ends, *self.added])


def read_services(tables: Tables) -> dict[str, Service]:
    """Every service by its id."""
    services: dict[str, Service] = {}
    for row in tables.rows(_CALENDAR, ["service_id", *_WEEKDAYS, "start_date", "end_date"]):
        _weekly(row, services, tables)
    for row in tables.rows(_DATES, ["service_id", "date", "exception_type"]):
        name, when, kind = row.cells
        on = tables.attempt(_DATES, row.line, day, when)
        if kind not in {"1", "2"}:
            tables.fault(_DATES, row.line, f"exception_type「{kind}」は 1(運行)か 2(運休)です。")
        elif on is not None:
            service = services.setdefault(name, Service())
            (service.added if kind == "1" else service.removed).add(on)
    return services


def _weekly(row: Row, services: dict[str, Service], tables: Tables) -> None:
    name, *flags, start, end = row.cells
    first = tables.attempt(_CALENDAR, row.line, day, start)
    last = tables.attempt(_CALENDAR, row.line, day, end)
    if name in services:
        tables.fault(_CALENDAR, row.line, f"service_id「{name}」が2つあります。")
    elif not set(flags) <= {"0", "1"}:
        tables.fault(_CALENDAR, row.line, "曜日の列は 1(運行)か 0(運休)です。")
    elif first is not None and last is not None:
        if last < first:
            tables.fault(_CALENDAR, row.line, f"end_date {end} が start_date {start} より前です。")
        running = frozenset(number for number, flag in enumerate(flags) if flag == "1")
        services[name] = Service(first, last, running)
