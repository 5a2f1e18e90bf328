"""`make bench`: every figure as a ratio against something bare in the same run."""

from __future__ import annotations

from benchmarks import intake, segment_count, sending, startup


def main() -> None:
    for benchmark in (startup, intake, sending, segment_count):
        benchmark.main()


if __name__ == "__main__":
    main()
