"""A document as it is published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A document's bytes, and when anything in it last changed (ms since the epoch)."""

    body: bytes
    changed_ms: int

    @property
    def etag(self) -> str:
        """The entity tag, without quotes."""
        return hashlib.sha256(self.body).hexdigest()[:32]
