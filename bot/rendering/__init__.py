"""Templates to LINE messages."""

from bot.rendering.checks import check, fault_of
from bot.rendering.residents import EXAMPLE, Personal, example
from bot.rendering.templates import RenderError, Templates, text_messages

__all__ = ["EXAMPLE", "Personal", "RenderError", "Templates", "check", "example", "fault_of", "text_messages"]
