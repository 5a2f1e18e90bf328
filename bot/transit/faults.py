"""The faults of a feed: a wrong column may spoil every one of half a million rows, so only the first are listed."""

from __future__ import annotations

from collections import Counter

from bot.domain.errors import Fault

_LISTED = 20


class FeedFaults:
    """The faults found so far; files are shown below the feed's folder or archive, such as `gtfs/stops.txt`."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._counts: Counter[str] = Counter()

    def add(self, file: str, line: int, message: str) -> None:
        """Note a fault; line 0 means the file as a whole."""
        self._counts[file] += 1
        if self._counts[file] <= _LISTED:
            self._found.append(Fault(file, line, message))

    def listed(self) -> list[Fault]:
        """The first faults of each file, and how many more there are."""
        more = [
            Fault(file, 0, f"ほかに {count - _LISTED} 件のまちがいがあります。")
            for file, count in self._counts.items()
            if count > _LISTED
        ]
        return sorted([*self._found, *more])
