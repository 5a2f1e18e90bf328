"""Every error that a caller may act on or a clerk may read.

A message is one plain Japanese sentence (or a few) that says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from dataclasses import dataclass


class MachiError(Exception):
    """The root: whatever we raise on purpose and can explain."""


class InvalidInputError(MachiError):
    """Something typed or written in a file is not valid; nothing of it was kept."""


class NotFoundError(MachiError):
    """What was named does not exist."""


class RefusedError(MachiError):
    """The request is understood but a rule forbids it, such as approving one's own draft."""


class ConfigurationError(MachiError):
    """The environment or the town's folder does not let the program start."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in a file of the town's folder.

    `file` is relative to the checked folder; `line` counts from 1 (0: the file as a whole).
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class TownFaultsError(ConfigurationError):
    """The town's folder has faults; `faults` lists every one."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
