"""Picture -> ProbabilityMap: a small network first, and a stronger one for the pictures that it is unsure of."""

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
"""The doubt, in bits for each pixel of the expected subject, from which the stronger network is asked.

Chosen so that u2netp asks isnet no more than a third of the pictures of bench/RESULTS.md's sets, at most 40 % being
allowed. There stands what it gains.
"""


class EscalatingSegmenter:
    """Two networks as one. Of two answers the less doubtful one is given, so that a stronger network that finds nothing
    never takes a subject away.

    stronger: makes the other network; called at the first picture that needs it, and once.
    """

    def __init__(self, first: Segmenter, stronger: Callable[[], Segmenter]) -> None:
        self._first = first
        self._stronger = functools.cache(stronger)

    def segment(self, picture: Picture) -> ProbabilityMap:
        """Facts are those of the answer given, and "networks", how many were asked. Raises as `stronger` does."""
        seen, asked = self._first.segment(picture), 1
        if (unsure := doubt(seen.values)) >= UNSURE:
            other, asked = self._stronger().segment(picture), 2
            seen = other if doubt(other.values) < unsure else seen
        return replace(seen, facts={**seen.facts, "networks": asked})


def open_model(spec: ModelSpec, folder: Path, *, threads: int | None = None) -> Segmenter:
    """What runs a model, or two of them; threads as for OnnxSegmenter. spec: from `pipeline.models.choice.chosen`.

    Raises ModelUnavailable at once where any weights that may be needed are missing or not the known ones: a choice
    of two networks never quietly becomes one. A network of your own is tried at once, too.
    """
    first = OnnxSegmenter(spec, folder, threads=threads)
    if spec.stronger is None:
        return first
    models.read_weights(spec.stronger, folder)
    if spec.stronger.name not in models.MODELS:
        stronger = OnnxSegmenter(spec.stronger, folder, threads=threads)
        return EscalatingSegmenter(first, lambda: stronger)
    return EscalatingSegmenter(first, functools.partial(OnnxSegmenter, spec.stronger, folder, threads=threads))
