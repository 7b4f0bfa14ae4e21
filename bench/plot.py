"""Plots: time and memory of matting, how well the confidence finds bad cutouts, and the hours of a backfill."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PLOT = Path(__file__).with_name("matting.png")
ROC = Path(__file__).with_name("review.png")
HOURS = Path(__file__).with_name("backfill.png")


class Run(NamedTuple):
    """One method on one photograph. seconds, peak: None if the method failed."""

    photo: str
    megapixels: float
    unknown: int
    method: str
    seconds: float | None
    peak: float | None


def draw(runs: Sequence[Run], methods: Sequence[str]) -> None:
    """Plot time and memory against megapixels, with logarithmic axes."""
    plt = _pyplot()
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


def roc(confidence: NDArray[np.float64], bad: NDArray[np.bool_], threshold: float) -> None:
    """Plot the share of bad cutouts flagged against the share of good cutouts flagged, for all thresholds.

    confidence, bad: (n,). Marks the shipped threshold, and the goal that it must reach.
    """
    plt = _pyplot()
    steps = np.r_[-np.inf, np.unique(confidence), np.inf]
    caught, flagged = ([float((confidence[which] < step).mean()) for step in steps] for which in (bad, ~bad))
    figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
    axis.plot(flagged, caught, drawstyle="steps-post", label="by threshold")
    here = confidence < threshold
    axis.plot(here[~bad].mean(), here[bad].mean(), "o", label=f"shipped, {threshold:.2f}")
    axis.fill_between([0, 0.25], 0.8, 1, alpha=0.15, label="goal")
    axis.set(xlabel="good ones flagged", ylabel="bad ones flagged", xlim=(0, 1), ylim=(0, 1.02))
    axis.grid(visible=True, alpha=0.3)
    axis.legend(loc="lower right")
    figure.savefig(ROC, dpi=100, metadata={"Software": None})
    plt.close(figure)


def hours(lines: Mapping[str, Sequence[float]], containers: Sequence[int]) -> None:
    """Plot hours against containers, with logarithmic axes. lines: by name, hours for each number of containers."""
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    for (name, values), mark in zip(lines.items(), "os^", strict=True):
        axis.loglog(containers, values, marker=mark, label=name)
    axis.set(xlabel="containers at the same time", ylabel="hours")
    axis.grid(visible=True, which="both", alpha=0.3)
    axis.legend()
    figure.savefig(HOURS, dpi=100, metadata={"Software": None})
    plt.close(figure)


def _pyplot() -> Any:
    """matplotlib's, imported only where a plot is drawn, and without a display."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt
