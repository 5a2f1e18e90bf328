"""stop_times.txt and frequencies.txt: from rows in any order to departures of each place."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.transit.tables import Tables
from bot.transit.timetable import APPROXIMATE, BY_PHONE, TIME_SHIFT, Calls
from bot.transit.values import seconds

_TIMES, _FREQUENCIES = "stop_times.txt", "frequencies.txt"
_COLUMNS = ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time")
_OPTIONAL = ("stop_headsign", "pickup_type", "timepoint")
_NO_PICKUP, _UNKNOWN = 4, -1
_PICKUPS = {"1": _NO_PICKUP, "2": BY_PHONE}
_ROW_BITS, _SEQUENCE_BITS, _TRIP_BITS = 24, 18, 21
"""A row is sorted as one number of 63 bits: its trip, its stop_sequence, its place in the file."""
_SHORTEST_HEADWAY = 60
_MOST_DEPARTURES = 8_000_000
"""Of a feed whose frequencies are expanded; the largest operators list some two million."""


class Run(NamedTuple):
    """Runs of a trip between two times, `headway` seconds apart; times are seconds of the service day."""

    start: int
    end: int
    headway: int


@dataclass(slots=True)
class StopTimes:
    """The rows as columns, in the order of the file. `order` sorts them by trip and stop_sequence."""

    calls: Calls = field(default_factory=Calls)
    times: array[int] = field(default_factory=lambda: array("i"))
    lines: array[int] = field(default_factory=lambda: array("i"))
    order: array[int] = field(default_factory=lambda: array("q"))
    headsigns: dict[str, int] = field(default_factory=dict)

    def of_trips(self) -> Iterator[list[int]]:
        """The rows of each trip in the order of its stops."""
        rows: list[int] = []
        for key in self.order:
            row = key & ((1 << _ROW_BITS) - 1)
            if rows and self.calls.trip[rows[-1]] != self.calls.trip[row]:
                yield rows
                rows = []
            rows.append(row)
        if rows:
            yield rows


def read_stop_times(tables: Tables, trips: Mapping[str, int], poles: Mapping[str, int]) -> StopTimes:
    """Every row that can be read; `trips` and `poles` give the numbers of ids."""
    found = StopTimes()
    calls, known = found.calls, {"": _UNKNOWN}
    for row in tables.rows(_TIMES, _COLUMNS, _OPTIONAL):
        if len(found.times) >= 1 << _ROW_BITS or len(trips) > 1 << _TRIP_BITS:
            tables.fault(_TIMES, row.line, "便か行が多すぎます。ここから先は読んでいません。")
            break
        line, (trip_id, pole_id, sequence, arrival, departure, headsign, pickup, timepoint) = row
        trip, pole = trips.get(trip_id), poles.get(pole_id)
        if trip is None or pole is None:
            missing = (
                f"trip_id「{trip_id}」が trips.txt" if trip is None else f"stop_id「{pole_id}」が stops.txt"
            )
            tables.fault(_TIMES, line, f"{missing} にないか、読めません。")
            continue
        if not (sequence.isascii() and sequence.isdecimal() and int(sequence[:9]) < 1 << _SEQUENCE_BITS):
            tables.fault(_TIMES, line, f"stop_sequence「{sequence}」は、262143までの数で書いてください。")
            continue
        text = departure or arrival
        if text not in known and (time := tables.attempt(_TIMES, line, seconds, text)) is not None:
            known[text] = time
        if text in known:
            key = (trip << _SEQUENCE_BITS | int(sequence)) << _ROW_BITS
            found.order.append(key | len(found.times))
            found.times.append(known[text])
            found.lines.append(line)
            calls.trip.append(trip)
            calls.pole.append(pole)
            calls.flags.append(_flags(pickup, timepoint, known[text]))
            sign = found.headsigns.setdefault(headsign, len(found.headsigns)) if headsign else _UNKNOWN
            calls.headsign.append(sign)
    found.order = array("q", sorted(found.order))
    return found


def _flags(pickup: str, timepoint: str, time: int) -> int:
    approximate = APPROXIMATE if timepoint == "0" or time == _UNKNOWN else 0
    return approximate | _PICKUPS.get(pickup, 0)


def read_frequencies(tables: Tables, trips: Mapping[str, int]) -> dict[int, list[Run]]:
    """The runs of each trip that has any, by its number."""
    runs: dict[int, list[Run]] = defaultdict(list)
    for row in tables.rows(_FREQUENCIES, ["trip_id", "start_time", "end_time", "headway_secs"]):
        trip_id, start, end, headway = row.cells
        first = tables.attempt(_FREQUENCIES, row.line, seconds, start)
        last = tables.attempt(_FREQUENCIES, row.line, seconds, end)
        every = int(headway) if headway.isascii() and headway.isdecimal() and len(headway) < 7 else 0
        if trip_id not in trips:
            tables.fault(_FREQUENCIES, row.line, f"trip_id「{trip_id}」が trips.txt にないか、読めません。")
        elif every < _SHORTEST_HEADWAY:
            tables.fault(_FREQUENCIES, row.line, f"headway_secs「{headway}」は60秒以上の数で書いてください。")
        elif first is not None and last is not None and last <= first:
            tables.fault(
                _FREQUENCIES, row.line, f"end_time {end} は start_time {start} より後にしてください。"
            )
        elif first is not None and last is not None:
            runs[trips[trip_id]].append(Run(first, last, every))
    return runs


def fill(rows: Sequence[int], found: StopTimes, tables: Tables) -> None:
    """Give a trip's stops without a time one between their neighbours', in equal steps, down to the minute.

    Rounding down sends a resident to the stop rather too early. At either end there is nothing between.
    """
    times, known = found.times, -1
    for at, row in enumerate(rows):
        if times[row] == _UNKNOWN:
            continue
        before = times[rows[known]] if known >= 0 else times[row]
        if before > times[row]:
            tables.fault(
                _TIMES,
                found.lines[row],
                "前のバス停より早い時刻です。24時を過ぎた時刻は 25:10:00 のように書いてください。",
            )
        elif known >= 0 and at - known > 1:
            step = (times[row] - before) / (at - known)
            for gap in range(known + 1, at):
                times[rows[gap]] = int(before + step * (gap - known)) // 60 * 60
        known = at
    for row in (rows[0], rows[-1]):
        if times[row] == _UNKNOWN:
            tables.fault(_TIMES, found.lines[row], "始発と終点のバス停には時刻が必要です。")


def boards(
    found: StopTimes,
    frequencies: Mapping[int, Sequence[Run]],
    services: Sequence[int],
    places: Sequence[int],
    tables: Tables,
) -> list[dict[int, array[int]]]:
    """The departures of each place by service; `services` is by trip, `places` by pole.

    The last stop of a trip and stops where nobody may board are no departures.
    """
    made: list[dict[int, array[int]]] = [{} for _ in range(max(places, default=-1) + 1)]
    total = 0
    for rows in found.of_trips():
        fill(rows, found, tables)
        trip = found.calls.trip[rows[0]]
        first = found.times[rows[0]]
        starts = _starts(frequencies.get(trip, ()), first)
        total += len(rows) * len(starts)
        if total > _MOST_DEPARTURES:
            tables.fault(
                _FREQUENCIES, 0, f"運行が多すぎます(上限 {_MOST_DEPARTURES:,} 発)。残りは読んでいません。"
            )
            break
        for row in rows[:-1]:
            if found.times[row] == _UNKNOWN or found.calls.flags[row] & _NO_PICKUP:
                continue
            board = made[places[found.calls.pole[row]]].setdefault(services[trip], array("q"))
            after = found.times[row] - first
            board.extend((start + after) << TIME_SHIFT | row for start in starts)
    return [{service: array("q", sorted(board)) for service, board in each.items()} for each in made]


def _starts(runs: Sequence[Run], first: int) -> list[int]:
    """When a trip sets out: by its frequencies (their end is no start any more), else by its own time."""
    if not runs:
        return [first]
    return sorted({start for run in runs for start in range(run.start, run.end, run.headway)})
