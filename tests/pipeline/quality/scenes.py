"""The results of all stages for a drawn subject on a background: a disc, or any other alpha."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.quality import Quality, judge
from pipeline.report import MattingFacts, SegmentFacts, TrimapFacts
from pipeline.types import Matte, Picture, ProbabilityMap, Trimap

SIDE = 200
RED, BLUE = (200, 40, 40), (40, 60, 200)

Plane = NDArray[Any]


def disc(radius: float = 50, x: float = 100, y: float = 100, soft: float = 1) -> Plane:
    """Float32 (SIDE, SIDE): 1 inside, 0 outside, over `soft` pixels between."""
    down, across = np.indices((SIDE, SIDE))
    inside = (radius - np.hypot(across - x, down - y)) / soft + 0.5
    alpha: Plane = np.clip(inside, 0, 1).astype(np.float32)
    return alpha


class Scene(NamedTuple):
    """alpha: the truth, and what matting gave unless `matte` says otherwise. probability: None is alpha."""

    alpha: Plane
    front: tuple[int, int, int] = RED
    back: tuple[int, int, int] = BLUE
    probability: Plane | None = None
    matte: Plane | None = None
    unknown: Plane | None = None
    source_alpha: Plane | None = None
    facts: MattingFacts = {}  # noqa: RUF012 - never changed
    trimap_facts: TrimapFacts = {}  # noqa: RUF012
    segment_facts: SegmentFacts = {}  # noqa: RUF012

    def judged(self) -> Quality:
        """The judgement."""
        colours = self.alpha[..., None] * np.array(self.front) + (1 - self.alpha[..., None]) * np.array(self.back)
        probability = self.alpha if self.probability is None else self.probability
        matte = self.alpha if self.matte is None else self.matte
        known = np.where((matte > 0) & (matte < 1), 128, matte * 255).astype(np.uint8)
        if self.unknown is not None:
            known[self.unknown] = 128
        return judge(
            Picture(np.rint(colours).astype(np.uint8), self.source_alpha),
            ProbabilityMap(probability.astype(np.float32), 1.0, self.segment_facts),
            Trimap(known, self.trimap_facts),
            Matte(matte.astype(np.float32), self.facts),
        )

    def reasons(self) -> dict[str, float]:
        """The numbers of the reasons given, by code."""
        return {reason.code: reason.value for reason in self.judged().reasons}
