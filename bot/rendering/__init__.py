"""Templates to LINE messages."""

from bot.rendering.checks import check, fault_of
from bot.rendering.residents import Personal, example
from bot.rendering.templates import RenderError, Templates, text_messages

__all__ = ["Personal", "RenderError", "Templates", "check", "example", "fault_of", "text_messages"]
