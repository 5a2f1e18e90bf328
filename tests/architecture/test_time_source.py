from __future__ import annotations

import pytest

from tests.architecture.sources import SERVICE, Module, modules, uses

CLOCK = "bot/domain/clock.py"
ASKS_THE_TIME = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.ctime",
    "time.gmtime",
    "time.localtime",
    "time.time",
    "time.time_ns",
}


def faults(module: Module) -> list[str]:
    return [f"{module.path}:{line}: {name}" for line, name in uses(module) if name in ASKS_THE_TIME]


def test_only_the_clock_asks_what_time_it_is() -> None:
    assert [fault for module in modules(SERVICE) if module.path != CLOCK for fault in faults(module)] == []


def test_the_clock_is_where_it_is_asked() -> None:
    (clock,) = (module for module in modules(SERVICE) if module.path == CLOCK)
    assert len(faults(clock)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nnow = datetime.now()",
        "from datetime import datetime as when\nask = when.utcnow",
        "import datetime as dt\nday = dt.date.today()",
        "import time\nseconds = time.time()",
        "from time import time_ns",
        "def late():\n    import time as t\n    return t.localtime()",
    ],
)
def test_any_other_way_to_ask_is_found(text: str) -> None:
    assert faults(Module("bot/somewhere.py", text))


def test_a_clock_that_was_handed_over_may_be_asked() -> None:
    assert not faults(Module("bot/somewhere.py", "import time\nnow = clock.now()\nstart = time.monotonic()"))
