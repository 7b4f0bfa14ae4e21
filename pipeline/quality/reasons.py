"""The table of reasons to doubt a cutout, and the numbers behind those that do not depend on colours."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pipeline.quality import openings, signals
from pipeline.quality.coefficients import REVIEW_BELOW
from pipeline.quality.reduced import Reduced
from pipeline.types import Float32, Matte, Trimap

_PIECE = 0.05
"""A separate piece counts as another subject if it has at least this share of the largest piece's area."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a reason is given, and its advice.

    A reason is given when its number is above `limit`, or below it if `below`. review: whether the cutout then needs a
    review; other reasons only inform.
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
    # The share of the image whose alpha is over one half.
    Rule(
        "no_subject",
        1e-6,
        "No subject was found. Use a photo with one clear subject, or set roi.",
        below=True,
        review=True,
    ),
    # The confidence, 0 to 1.
    Rule(
        "uncertain_subject",
        REVIEW_BELOW,
        "The model is not sure what the subject is. Check the outline; if it is wrong, set roi or try a larger model.",
        below=True,
        review=True,
    ),
    # Of everything that stands out from a plain backdrop, the share that is not in the subject.
    Rule(
        "part_left_out",
        0.15,
        "Something stands out from the plain background and is not in the cutout. If it belongs to the subject, mark "
        "it with scribbles.",
        review=True,
    ),
    # The number of pockets that look like a plain backdrop, where the model had to decide whether they are holes.
    Rule(
        "hole_in_doubt",
        0.0,
        "A spot inside the subject looks like the background. Check whether it is a hole; set holes to keep or cut to "
        "decide for all.",
        review=True,
    ),
    # The share of the subject that a possible opening takes up.
    Rule(
        "opening_in_doubt",
        openings.LEAST,
        "A part inside the subject looks like the background. If it is an opening, mark it as background with "
        "scribbles.",
        review=True,
    ),
    # The share of the subject, by the model's probability, that the source's own transparency hides.
    Rule(
        "existing_alpha_conflict",
        0.1,
        "The file's own transparency hides part of the subject. If that is wrong, send the file without transparency.",
        review=True,
    ),
    # The share of the unknown pixels for which alpha was solved, rather than carried up from a smaller image.
    Rule(
        "solver_limited",
        0.2,
        "Fine detail was computed at reduced size. For sharper edges send a smaller image.",
        below=True,
        review=True,
    ),
    # The share of the image that the trimap leaves unknown.
    Rule(
        "large_unknown_area",
        0.25,
        "A large part of the image was uncertain. Check it for patchy transparency.",
    ),
    # The share of the outline along which subject and background have similar colours.
    Rule(
        "low_contrast_edge",
        0.2,
        "Subject and background have similar colours along the edge. Check the edge, or photograph on another "
        "background.",
    ),
    # The mean colour difference (CIE76) along the outline that a remainder of the background makes.
    Rule(
        "halo_risk",
        6.0,
        "A rim of the old background may be visible. Check the cutout on the background you will use.",
    ),
    # The outline's length, relative to that of a circle of the same area.
    Rule(
        "busy_matte",
        4.0,
        "The edge is very fine or ragged. Check that strands and holes are real.",
    ),
    # The number of separate subjects.
    Rule(
        "several_subjects",
        1.0,
        "There is more than one subject. Crop the image if you want only one.",
    ),
    # The share of the image that the subject covers.
    Rule(
        "tiny_subject",
        0.01,
        "The subject is small in the frame. Crop closer.",
        below=True,
    ),
    # The share of the image's border pixels that the subject covers.
    Rule(
        "touches_border",
        0.02,
        "The subject is cut off at the image's edge. Check that this is intended.",
    ),
)
"""The most serious first. The limit of the confidence is calibrated, and those of part_left_out and opening_in_doubt
are measured (bench/RESULTS.md). The others are set by eye, where nine in ten photographs do not reach them.
"""


def measure(small: Reduced, trimap: Trimap, matte: Matte) -> dict[str, float]:
    """The number behind each reason, by code; a reason that cannot apply is left out."""
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
    numbers |= _background(small, trimap)
    if small.source_alpha is not None:
        numbers["existing_alpha_conflict"] = _hidden(small.probability, small.source_alpha)
    if (share := _solved(trimap, matte)) is not None:
        numbers["solver_limited"] = share
    return numbers


def _background(small: Reduced, trimap: Trimap) -> dict[str, float]:
    """The numbers that the background gives; none if the user has marked the subject or brought a trimap."""
    if signals.marked(trimap) or trimap.facts.get("origin") == "user":
        return {}
    numbers = {"opening_in_doubt": float(openings.largest(small).sum() / (small.alpha > 0.5).sum())}
    if (shown := trimap.facts.get("backdrop")) is not None:
        numbers |= {"part_left_out": shown["left_out"], "hole_in_doubt": float(shown["pockets_judged"])}
    return numbers


def _subjects(solid: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    areas = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return int((areas >= _PIECE * areas.max()).sum()) if len(areas) else 0


def _hidden(probability: Float32, source: Float32) -> float:
    whole = float(probability.sum(dtype=np.float64))
    return float((probability * (1 - source)).sum(dtype=np.float64)) / whole if whole else 0.0


def _solved(trimap: Trimap, matte: Matte) -> float | None:
    """The share of the unknown pixels that were solved for at the largest size, 0 to 1; None if not known."""
    solved = matte.facts.get("solved")
    unknown = matte.facts.get("unknown_share", 0) * trimap.values.size
    if not solved or unknown < 1:
        return None
    return min(1.0, solved[-1]["unknown"] / unknown)
