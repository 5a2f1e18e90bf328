"""How sending grows with the town, as a picture beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from benchmarks.sending import Measured

PICTURE = Path(__file__).with_name("growth.png")


def plot(towns: Sequence[Measured], picture: Path = PICTURE) -> None:
    """Time and memory against the number of residents, on double-logarithmic axes with a linear guide."""
    mpl.use("agg")
    numbers = [town.residents for town in towns]
    figure, (times, memory) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for label, values in (
        ("freezing the audience", [town.freeze for town in towns]),
        ("sending at full speed", [town.sending for town in towns]),
    ):
        times.loglog(numbers, values, marker="o", label=label)
    last = towns[-1]
    guide = [last.sending * number / last.residents for number in numbers]
    times.loglog(numbers, guide, linestyle=":", color="grey", label="linear")
    times.set(title="time", xlabel="residents", ylabel="seconds")
    times.legend()
    memory.semilogx(numbers, [town.memory for town in towns], marker="o")
    memory.set(title="memory growth", xlabel="residents", ylabel="MB", ylim=(0, None))
    figure.savefig(picture, dpi=100)
    plt.close(figure)
