"""The fixed list of what may be wrong with a cutout, as data, and the numbers behind it that need no colours."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.quality.coefficients import REVIEW_BELOW
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32, Matte, Trimap

_PIECE = 0.05
"""A separate piece of at least this share of the largest one's area is a subject, anything smaller a crumb."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a reason is given, and what is told then.

    It is given where its number is beyond `limit`: above it, or below where `below` holds. review: whether somebody
    has to look, or is only told.
    """

    code: str
    limit: float
    advice: str
    below: bool = False
    review: bool = False

    def applies(self, value: float) -> bool:
        """Whether a number is beyond the limit."""
        return value < self.limit if self.below else value > self.limit


RULES = (
    # The share of the picture that is more subject than not.
    Rule(
        "no_subject",
        1e-6,
        "Nothing stands out as the subject. Take a picture with one clear subject, or send a trimap.",
        below=True,
        review=True,
    ),
    # The confidence.
    Rule(
        "uncertain_subject",
        REVIEW_BELOW,
        "It is unsure what belongs to the subject. Look at the outline, try a larger model, or send a trimap.",
        below=True,
        review=True,
    ),
    # Of what the network takes for the subject, the share that the source's own transparency hides.
    Rule(
        "existing_alpha_conflict",
        0.1,
        "The file's own transparency hides a part of the subject. Send it without transparency if that is wrong.",
        review=True,
    ),
    # The share of the unknown pixels for which alpha was solved, and not carried up from a smaller picture.
    Rule(
        "solver_limited",
        0.2,
        "Fine detail was not solved at full size. Send the picture smaller, or a trimap with less or surer unknown.",
        below=True,
        review=True,
    ),
    # The share of the picture that the trimap leaves unknown.
    Rule(
        "large_unknown_area",
        0.25,
        "Much of the picture was left to matting. Send a trimap if the result is uneven.",
    ),
    # The share of the outline along which the subject's colour is nearly that of what is behind it.
    Rule(
        "low_contrast_edge",
        0.2,
        "Subject and background have nearly the same colour along the outline. Look at it, or use another background.",
    ),
    # The colour difference (CIE76) that a remainder of the background makes along the outline.
    Rule(
        "halo_risk",
        6.0,
        "The old background may show as a rim. Look at the cutout on the background that you will use.",
    ),
    # The outline's length, in those of a circle of the same area.
    Rule(
        "busy_matte",
        4.0,
        "The outline is torn or very fine. Look whether strands and holes are real.",
    ),
    # How many.
    Rule(
        "several_subjects",
        1.0,
        "There are several separate subjects. Crop the picture to one if you want only that.",
    ),
    # The share of the picture that the subject covers.
    Rule(
        "tiny_subject",
        0.01,
        "The subject fills little of the frame. Crop the picture closer around it.",
        below=True,
    ),
    # The share of the picture's rim that the subject covers.
    Rule(
        "touches_border",
        0.02,
        "The subject is cut off by the picture's edge. Check that this is meant.",
    ),
)
"""Most serious first. But for the confidence's, limits are set by eye, beyond what nine in ten photographs reach."""


def measure(small: Reduced, trimap: Trimap, matte: Matte) -> dict[str, float]:
    """By reason, the number behind it; a reason that cannot apply has none."""
    solid = small.alpha > 0.5
    rim = np.concatenate([solid[0], solid[-1], solid[:, 0], solid[:, -1]])
    numbers = {
        "no_subject": float(solid.mean()),
        "large_unknown_area": float(small.unknown.mean()),
        "several_subjects": float(_subjects(solid)),
        "tiny_subject": float(small.alpha.mean()),
        "touches_border": float(rim.mean()),
    }
    if not solid.any():
        return {name: numbers[name] for name in ("no_subject", "large_unknown_area")}
    if small.source_alpha is not None:
        numbers["existing_alpha_conflict"] = _hidden(small.probability, small.source_alpha)
    if (share := _solved(trimap, matte)) is not None:
        numbers["solver_limited"] = share
    return numbers


def _subjects(solid: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    areas = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return int((areas >= _PIECE * areas.max()).sum()) if len(areas) else 0


def _hidden(probability: Float32, source: Float32) -> float:
    whole = float(probability.sum(dtype=np.float64))
    return float((probability * (1 - source)).sum(dtype=np.float64)) / whole if whole else 0.0


def _solved(trimap: Trimap, matte: Matte) -> float | None:
    """None where nothing had to be solved, or was not to be."""
    solved = matte.facts.get("solved")
    unknown = matte.facts.get("unknown_share", 0) * trimap.values.size
    if solved is None or unknown < 1:
        return None
    return min(1.0, solved[0]["unknown"] / unknown) if solved else 0.0
