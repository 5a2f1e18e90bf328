"""A town's folder: what staff edit, read and proved."""

from bot.town.loader import check, load, template_folders, templates_for, town_variables
from bot.town.segment_words import notice_segment, topic_labels, vocabulary

__all__ = [
    "check",
    "load",
    "notice_segment",
    "template_folders",
    "templates_for",
    "topic_labels",
    "town_variables",
    "vocabulary",
]
