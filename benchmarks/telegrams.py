"""Reading telegrams: JMA's largest samples, against the time expat alone takes for the same bytes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from bot.jma.reading import read
from bot.jma.values import Places, Telegram

SAMPLES = Path(__file__).parents[1] / "tests" / "data" / "jma"
TOWN = Places("0632100", "060013", "060010", "060000", "242")
LARGEST = 400_000
ROUNDS = 21


def milliseconds(work: Callable[[], object]) -> float:
    """The median processor time."""

    def once() -> float:
        start = time.process_time()
        work()
        return (time.process_time() - start) * 1000

    return statistics.median(once() for _ in range(ROUNDS))


def bare(body: bytes) -> None:
    """Expat, told to do nothing with what it finds."""
    expat.ParserCreate("UTF-8").Parse(body, True)


def grown(body: bytes) -> bytes:
    """An earthquake's telegram made as large as the largest that JMA sends, by repeating its prefectures."""
    start, end = body.index(b"<Pref>"), body.rindex(b"</Pref>") + len(b"</Pref>")
    prefectures = body[start:end]
    return body[:end] + prefectures * -(-(LARGEST - len(body)) // len(prefectures)) + body[end:]


def main() -> None:
    for name, type_ in (("15_17_01_250123_VPWW54", "VPWW54"), ("32-35_06_03_240613_VXSE53", "VXSE53")):
        body = (SAMPLES / f"{name}.xml").read_bytes()
        for size in (body, grown(body)) if type_ == "VXSE53" else (body,):
            assert isinstance(read(size, type_, TOWN), Telegram)
            ours = milliseconds(lambda size=size, type_=type_: read(size, type_, TOWN))
            alone = milliseconds(lambda size=size: bare(size))
            print(
                f"a {type_} of {len(size) / 1000:.0f} KB: {ours:.0f} ms, {ours / alone:.1f} times expat alone"
            )


if __name__ == "__main__":
    main()
