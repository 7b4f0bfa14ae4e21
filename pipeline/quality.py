"""How far a cutout may be trusted, and what makes us doubt it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.overlap import expected_iou
from pipeline.stages import Matte, Picture, ProbabilityMap, Trimap, check_same_size

VERSION = 1
REVIEW_BELOW = 0.8
"""The confidence from which on nobody need look."""
LARGE_UNKNOWN = 0.35
"""Share of the picture; beyond it the matte rests on little that is known."""
TINY = 0.005
"""Share of the picture that the subject covers."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One doubt: its word, the number behind it, and what the user can do."""

    code: str
    value: float
    advice: str


@dataclass(frozen=True, slots=True)
class Quality:
    """confidence: 0..1, the intersection over union that we expect. reasons: most serious first, often none."""

    confidence: float
    needs_review: bool
    reasons: tuple[Reason, ...]

    def described(self) -> dict[str, Any]:
        """As JSON values, with the version of this judgement."""
        reasons = [{"code": r.code, "value": r.value, "advice": r.advice} for r in self.reasons]
        return {
            "version": VERSION,
            "confidence": self.confidence,
            "needs_review": self.needs_review,
            "reasons": reasons,
        }


def judge(picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte) -> Quality:
    """Judge a finished matte by what each stage left behind."""
    check_same_size(picture.rgb, probability.values, trimap.values, matte.alpha)
    confidence = round(expected_iou(probability.values), 3)
    border = np.concatenate([matte.alpha[0], matte.alpha[-1], matte.alpha[:, 0], matte.alpha[:, -1]])
    numbers = {
        "uncertain_subject": (confidence, confidence < REVIEW_BELOW),
        "large_unknown_area": (unknown := float(trimap.facts["unknown_share"]), unknown > LARGE_UNKNOWN),
        "tiny_subject": (area := float(matte.alpha.mean()), area < TINY),
        "touches_border": (touching := float((border > 0.5).mean()), touching > 0),
    }
    reasons = tuple(Reason(c, round(v, 4), _ADVICE[c]) for c, (v, applies) in numbers.items() if applies)
    return Quality(confidence, confidence < REVIEW_BELOW, reasons)


_ADVICE = {
    "uncertain_subject": "The network could not tell well what belongs to the subject. Look at the outline.",
    "large_unknown_area": "Much of the picture was left to matting. Send a trimap if the result is uneven.",
    "tiny_subject": "The subject fills little of the frame. Crop the picture closer around it.",
    "touches_border": "The subject is cut off by the picture's edge. Check that this is meant.",
}
