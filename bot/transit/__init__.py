"""The town's bus timetable: reads GTFS-JP and says when the next bus goes."""

from bot.transit.places import Place
from bot.transit.reader import Feed, read_feed
from bot.transit.timetable import Departure, Timetable

__all__ = ["Departure", "Feed", "Place", "Timetable", "read_feed"]
