"""One solved photograph, and all of them as a drawing: time and memory against megapixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PLOT = Path(__file__).with_name("matting.png")


class Run(NamedTuple):
    """One method on one photograph; None where the method gave up."""

    photo: str
    megapixels: float
    unknown: int
    method: str
    seconds: float | None
    peak: float | None


def draw(runs: Sequence[Run], methods: Sequence[str]) -> None:
    """Time and memory against megapixels, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, key, label, unit in zip(axes, ("seconds", "peak"), ("seconds", "peak memory, MB"), (1, 1e6), strict=True):
        for method, mark in zip(methods, "os^", strict=True):
            points = sorted(
                (r.megapixels, getattr(r, key) / unit) for r in runs if r.method == method and getattr(r, key)
            )
            axis.loglog(*zip(*points, strict=True), marker=mark, linestyle="none", label=method)
        axis.set(xlabel="megapixels", ylabel=label)
        axis.grid(visible=True, which="both", alpha=0.3)
    axes[0].legend()
    figure.savefig(PLOT, dpi=100)
