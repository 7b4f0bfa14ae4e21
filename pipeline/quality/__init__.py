"""How far a cutout can be trusted, and the reasons to doubt it.

The confidence is the chance that the right subject was cut out, with the right outline; the module `confidence`
calibrates it. The reasons come from the table in `reasons`. Some of them make the cutout need a review.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.box import Box
from pipeline.quality import confidence, edges, places, reasons, signals
from pipeline.quality.reduced import reduce
from pipeline.report import QualityFacts
from pipeline.types import Matte, Picture, ProbabilityMap, Trimap, check_same_size

VERSION = 6
"""The version of the judgement. It grows when a reason, the meaning of a number or the calibration changes."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to doubt the cutout: its code, the number behind it, what to do, and its place in the picture."""

    code: str
    value: float
    advice: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Quality:
    """confidence: 0..1, the chance of an intersection over union with the truth of at least 0.8.

    reasons: the most serious first; often empty. signals: the numbers behind the confidence, by name, each 0..1.
    """

    confidence: float
    needs_review: bool
    reasons: tuple[Reason, ...]
    signals: Mapping[str, float]

    def described(self, scale: float = 1.0) -> QualityFacts:
        """As JSON values, with the version of the judgement. scale: source pixels for each pixel of the picture."""
        return {
            "version": VERSION,
            "confidence": self.confidence,
            "needs_review": self.needs_review,
            "reasons": [
                {
                    "code": reason.code,
                    "value": reason.value,
                    "advice": reason.advice,
                    "box": None if reason.box is None else reason.box.scaled(scale).described(),
                }
                for reason in self.reasons
            ],
            "signals": dict(self.signals),
        }


def judge(picture: Picture, probability: ProbabilityMap, trimap: Trimap, matte: Matte) -> Quality:
    """Judge a finished matte by the results of each stage, on reduced copies. All have the same size."""
    check_same_size(picture.rgb, probability.values, trimap.values, matte.alpha)
    small = reduce(picture, probability, trimap, matte)
    numbers = signals.measure(small, probability, trimap)
    sure = confidence.of(numbers)
    found = {**reasons.measure(small, trimap, matte), **edges.measure(small)}
    size = matte.alpha.shape[1], matte.alpha.shape[0]
    return _judged(sure, found, numbers, lambda code: places.place(code, small, trimap.facts, size))


def nothing() -> Quality:
    """The judgement of a picture without a subject, of which there is no cutout."""
    return _judged(0.0, {"no_subject": 0.0}, {}, lambda _: None)


def _judged(
    sure: float, found: Mapping[str, float], numbers: Mapping[str, float], place: Callable[[str], Box | None]
) -> Quality:
    found = {**found, "uncertain_subject": sure}
    given = [rule for rule in reasons.RULES if rule.code in found and rule.applies(found[rule.code])]
    return Quality(
        round(sure, 3),
        any(rule.review for rule in given),
        tuple(Reason(rule.code, round(found[rule.code], 4), rule.advice, place(rule.code)) for rule in given),
        {name: round(value, 4) for name, value in numbers.items()},
    )
