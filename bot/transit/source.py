"""The files of a feed, from a folder or a zip archive that may be broken or hostile."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.transit.faults import FeedFaults

FOLDER, ARCHIVE = "gtfs", "gtfs.zip"
FILES = (
    "agency.txt",
    "calendar.txt",
    "calendar_dates.txt",
    "feed_info.txt",
    "frequencies.txt",
    "routes.txt",
    "stop_times.txt",
    "stops.txt",
    "translations.txt",
    "trips.txt",
)
"""What is read; other files are never opened."""

_MOST_BYTES = 512 * 1024 * 1024
"""All files together; half a million stop times are some 30 MB."""
_MOST_RATIO, _RATIO_FROM = 200, 16 * 1024 * 1024
"""Timetables shrink to a tenth or a twentieth; what shrinks this much is made to fill the memory."""

UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError)
"""What reading a broken, encrypted or oddly compressed archive raises."""


@dataclass(frozen=True, slots=True)
class Source:
    """`shown` is how the feed is named in faults; `openers` opens each of the FILES that are there."""

    shown: str
    openers: Mapping[str, Callable[[], IO[bytes]]]

    def __contains__(self, name: str) -> bool:
        return name in self.openers

    def open(self, name: str) -> IO[bytes]:
        """A file's bytes.

        Raises:
            One of UNREADABLE.
        """
        return self.openers[name]()


@contextmanager
def opened(town: Path, faults: FeedFaults) -> Iterator[Source | None]:
    """The feed in a town's folder; None where there is none, or with the fault noted where it cannot be read."""
    with ExitStack() as stack:
        yield _opened(town / FOLDER, town / ARCHIVE, stack, faults)


def _opened(folder: Path, archive: Path, stack: ExitStack, faults: FeedFaults) -> Source | None:
    if folder.exists() and archive.exists():
        faults.add(ARCHIVE, 0, f"{FOLDER}/ もあるので使いません。どちらか一方だけを置いてください。")
    try:
        if folder.exists():
            return _of_folder(folder, faults)
        return _of_archive(archive, stack, faults) if archive.exists() else None
    except UNREADABLE as error:
        shown = FOLDER if folder.exists() else ARCHIVE
        faults.add(shown, 0, f"読めません({error})。もう一度取り寄せてください。")
        return None


def _of_folder(folder: Path, faults: FeedFaults) -> Source | None:
    paths = {name: folder / name for name in FILES if (folder / name).is_file()}
    if sum(path.stat().st_size for path in paths.values()) > _MOST_BYTES:
        _too_large(FOLDER, faults)
        return None
    return Source(FOLDER, {name: _opener(path) for name, path in paths.items()})


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _of_archive(path: Path, stack: ExitStack, faults: FeedFaults) -> Source | None:
    if path.stat().st_size > _MOST_BYTES:
        _too_large(ARCHIVE, faults)
        return None
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except zipfile.BadZipFile:
        faults.add(ARCHIVE, 0, "zip ファイルではないか、壊れています。もう一度取り寄せてください。")
        return None
    members = _members(archive)
    if sum(member.file_size for member in members.values()) > _MOST_BYTES or any(
        map(_swells, members.values())
    ):
        _too_large(ARCHIVE, faults)
        return None
    return Source(ARCHIVE, {name: _member_opener(archive, member) for name, member in members.items()})


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of the feed by name; some archives hold them in a folder."""
    found: dict[str, zipfile.ZipInfo] = {}
    stops = [info.filename for info in archive.infolist() if info.filename.rpartition("/")[2] == "stops.txt"]
    prefix = min(stops, key=len, default="stops.txt").removesuffix("stops.txt")
    for info in archive.infolist():
        name = info.filename.removeprefix(prefix)
        if name in FILES and info.filename.startswith(prefix):
            found[name] = info
    return found


def _member_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _swells(member: zipfile.ZipInfo) -> bool:
    return member.file_size > _RATIO_FROM and member.file_size > _MOST_RATIO * member.compress_size


def _too_large(shown: str, faults: FeedFaults) -> None:
    limit = _MOST_BYTES // 1024 // 1024
    faults.add(
        shown,
        0,
        f"中身が大きすぎるので読みません(上限 {limit}MB)。正しい時刻表のファイルか確かめてください。",
    )
