"""Picture -> ProbabilityMap: a small model first, and a stronger one for pictures that leave it unsure."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline import models
from pipeline.doubt import doubt
from pipeline.models import ModelSpec
from pipeline.segment.onnx import OnnxSegmenter, Segmenter
from pipeline.types import Picture, ProbabilityMap

UNSURE = 0.36
"""The doubt, in bits for each pixel of the expected subject, from which the stronger model runs, too.

Chosen so that u2netp leaves at most a third of the images of each set in bench/RESULTS.md to isnet. What that gains is
there, too.
"""


class EscalatingSegmenter:
    """Two models as one. The less doubtful map wins, so a stronger model that finds nothing never removes a subject.

    stronger: opens the stronger model; called once, for the first picture that needs it.
    """

    def __init__(self, first: Segmenter, stronger: Callable[[], Segmenter]) -> None:
        self._first = first
        self._stronger = functools.cache(stronger)

    def segment(self, picture: Picture) -> ProbabilityMap:
        """Facts: those of the winning map, and "networks", how many ran. Raises what `stronger` raises."""
        best, networks = self._first.segment(picture), 1
        if (bits := doubt(best.values)) >= UNSURE:
            other, networks = self._stronger().segment(picture), 2
            best = other if doubt(other.values) < bits else best
        return replace(best, facts={**best.facts, "networks": networks})


def open_model(spec: ModelSpec, folder: Path, *, threads: int | None = None) -> Segmenter:
    """Open a model, or a model with its stronger one. spec: from `pipeline.models.choice.chosen`.

    threads: as for OnnxSegmenter. Raises ModelUnavailable at once if weights that may be needed are missing or have a
    wrong checksum, so that a choice of two models never silently becomes one. A model of your own is also run at once,
    to check it.
    """
    first = OnnxSegmenter(spec, folder, threads=threads)
    if spec.stronger is None:
        return first
    models.read_weights(spec.stronger, folder)
    if spec.stronger.name not in models.MODELS:
        stronger = OnnxSegmenter(spec.stronger, folder, threads=threads)
        return EscalatingSegmenter(first, lambda: stronger)
    return EscalatingSegmenter(first, functools.partial(OnnxSegmenter, spec.stronger, folder, threads=threads))
