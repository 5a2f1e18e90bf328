"""`python -m simulator`: the demo. Run by `make run`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from simulator.demo.errors import DemoError
from simulator.demo.run import run


def main() -> int:
    """Run the demo in the project's folder until it is stopped; its exit status."""
    os.chdir(Path(__file__).parents[1])
    try:
        asyncio.run(run(os.environ))
    except asyncio.CancelledError:
        print("\n止めました。")
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
