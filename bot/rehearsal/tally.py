"""How often each of many residents is in the sets added, counted for all of them at once."""

from __future__ import annotations

import math
from collections.abc import Mapping


class Tally:
    """Counts in binary, one set of residents (an integer, each a bit of it) for each digit of everybody's count."""

    def __init__(self) -> None:
        self._digits: list[int] = []

    def add(self, members: int, times: int = 1) -> None:
        """Count everybody of a set `times` more."""
        for place in range(times.bit_length()):
            if times >> place & 1:
                self._carry(members, place)

    def _carry(self, members: int, place: int) -> None:
        while members:
            if place >= len(self._digits):
                self._digits += [0] * (place + 1 - len(self._digits))
            digit = self._digits[place]
            self._digits[place], members = digit ^ members, digit & members
            place += 1

    def spread(self, everybody: int) -> dict[int, int]:
        """How many residents of a set have each count, the lowest first."""
        groups = {0: everybody}
        for place in reversed(range(len(self._digits))):
            split = {}
            for count, members in groups.items():
                split[count] = members & ~self._digits[place]
                split[count + (1 << place)] = members & self._digits[place]
            groups = {count: members for count, members in split.items() if members}
        return {count: members.bit_count() for count, members in sorted(groups.items()) if members}


def percentile(spread: Mapping[int, int], share: float) -> int:
    """The lowest count that a share (0 to 1) of the residents do not exceed; 0 if there is nobody."""
    rank = math.ceil(share * sum(spread.values()))
    for count, residents in sorted(spread.items()):
        rank -= residents
        if rank <= 0:
            return count
    return 0
