"""Templates to LINE messages."""

from bot.rendering.checks import check, fault_of
from bot.rendering.templates import RenderError, Templates, text_messages

__all__ = ["RenderError", "Templates", "check", "fault_of", "text_messages"]
