"""What keeps the demo from starting or from going on."""

from __future__ import annotations


class DemoError(Exception):
    """The demo ends; the message is for the person at the terminal, in Japanese."""
