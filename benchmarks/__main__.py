"""`make bench`: every figure as a ratio against something bare in the same run."""

from __future__ import annotations

from benchmarks import (
    alarms,
    answers,
    beside,
    intake,
    rehearsal,
    segment_count,
    sending,
    startup,
    telegrams,
    workers,
)


def main() -> None:
    for benchmark in (
        startup,
        telegrams,
        intake,
        segment_count,
        rehearsal,
        sending,
        beside,
        alarms,
        answers,
        workers,
    ):
        benchmark.main()


if __name__ == "__main__":
    main()
